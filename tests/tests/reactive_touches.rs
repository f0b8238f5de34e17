//! 10: a value that is computed from a record follows its touches: by the reader, by the writer, by the feed.

use std::time::Duration;

use sea_orm::{ActiveModelTrait, ConnectionTrait, DatabaseConnection, EntityTrait, Set, TransactionTrait};
use touchable::{
    TouchConnection, after_commit,
    feed::{Batch, Change, Feed, Id},
    reactive::{BoxError, Compute, Computed, Reactive},
};
use touchable_tests::{World, entities::board, namespace, on_every_backend, redis_url};

/// The name of an event, as a service would know it that reads our database.
struct Name(DatabaseConnection);

impl Compute for Name {
    const NAME: &'static str = "name";
    type Key = i32;
    type Value = String;

    async fn compute(&self, event: &i32, _: Option<&String>) -> Result<Computed<String>, BoxError> {
        let event = board::event::Entity::find_by_id(*event).one(&self.0).await?;
        Ok(event.map_or(Computed::Gone, |event| Computed::Value(event.name)))
    }
}

/// Nothing but a touch makes these values old.
fn names(world: &World) -> Reactive<Name> {
    Reactive::builder(Name(world.db.clone()))
        .refresh_interval(Duration::from_hours(1))
        .start()
        .unwrap()
}

const PATIENCE: Duration = Duration::from_secs(20);

async fn rename<C: ConnectionTrait>(world: &World, db: &C, name: &str) -> board::event::Model {
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set(name.to_owned());
    event.update(db).await.unwrap()
}

/// Waits for a value that is fresh by the record, or at all.
async fn until(names: &Reactive<Name>, record: Option<&board::event::Model>, name: &str) {
    let reads = async {
        loop {
            let reading = match record {
                Some(record) => names.read_at(&1, record).await.unwrap(),
                None => names.read(&1).await.unwrap(),
            };
            if reading.is_fresh() && reading.value().is_some_and(|value| **value == *name) {
                return;
            }
            // A reading tells nobody that it has changed.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, reads).await.expect("the new name");
}

async fn b10_the_reader_knows(world: &World) {
    board::populate(world).await;
    let names = names(world);
    let event = world.model::<board::event::Entity>(1).await;
    until(&names, Some(&event), &event.name).await;
    let renamed = rename(world, &touchable::connect(world.db.clone()), "renamed").await;
    let reading = names.read_at(&1, &renamed).await.unwrap();
    assert!(reading.is_stale() && *reading.into_value().unwrap() == event.name);
    until(&names, Some(&renamed), "renamed").await;
    names.shutdown().await;
}

async fn b10_the_writer_tells(world: &World) {
    board::populate(world).await;
    let names = names(world);
    let event = world.model::<board::event::Entity>(1).await;
    until(&names, None, &event.name).await;
    let db: TouchConnection = touchable::connect(world.db.clone());
    let tx = db.begin().await.unwrap();
    rename(world, &tx, "renamed").await;
    let expired = names.clone();
    let work = move || async move { expired.expire(&1).await.map(drop) };
    after_commit(&tx, work).await.unwrap();
    tx.commit().await.unwrap();
    until(&names, None, "renamed").await;
    names.shutdown().await;
}

async fn b10_the_feed_tells(world: &World) {
    board::populate(world).await;
    let names = names(world);
    let event = world.model::<board::event::Entity>(1).await;
    until(&names, None, &event.name).await;
    let feed = Feed::builder(&redis_url())
        .namespace(&namespace())
        .connect()
        .await
        .unwrap();
    let events = feed.stream("events").open().await.unwrap();
    let told = names.clone();
    let consumer = events
        .consumer("names")
        .run(move |batch: Batch<Change>| {
            let told = told.clone();
            async move {
                for message in batch.iter() {
                    if let Id::Int(id) = message.record.id {
                        told.expire(&i32::try_from(id)?).await?;
                    }
                }
                Ok::<_, BoxError>(())
            }
        })
        .unwrap();
    let db = touchable::connect(world.db.clone());
    let tx = db.begin().await.unwrap();
    rename(world, &tx, "renamed").await;
    events.producer().announce(&tx, &Change::of(1)).unwrap();
    tx.commit().await.unwrap();
    until(&names, None, "renamed").await;
    consumer.shutdown().await;
    names.shutdown().await;
}

on_every_backend!(board, 3:
    b10_the_reader_knows,
    b10_the_writer_tells,
    b10_the_feed_tells,
);
