//! Refresh 13: rows that are read again, because their time is over, or because the feed says so.

use std::{fmt, hash::Hash, time::Duration};

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, ModelTrait, PrimaryKeyTrait, Set,
    TryIntoModel,
    sea_query::{FromValueTuple, IntoValueTuple},
};
use touchable::{
    Touchable,
    feed::{Change, Id, Stream},
    refresh::{AutoRefreshBuilder, AutoRefreshCache, EntitySync, ItemState, RateLimit},
};
use touchable_tests::{
    World as Database, cluster_url,
    entities::{board, names, tags},
    on_every_backend, redis_url,
};

use crate::world::{World, until};

/// A cache that polls nothing by itself while a test runs, but new items.
fn still<E>(rows: EntitySync<E>) -> AutoRefreshBuilder<EntitySync<E>>
where
    E: Touchable<Model: Send + Sync>,
    KeyOf<E>: Clone + fmt::Debug + Eq + Hash + Send + Sync + IntoValueTuple + FromValueTuple + 'static,
{
    AutoRefreshCache::builder("rows", rows)
        .resync_period(Duration::from_hours(1))
        .rate_limit(RateLimit::per_second(1_000.0).burst(1_000))
        .batch(500)
}

type KeyOf<E> = <<E as EntityTrait>::PrimaryKey as PrimaryKeyTrait>::ValueType;

fn old(id: i32) -> board::task::Model {
    board::task::Model {
        title: "as it was".to_owned(),
        ..board::task(id, None, None).try_into_model().unwrap()
    }
}

async fn b13_rows_are_read_by_key(database: &Database) {
    database.seed((1..=3).map(|id| board::task(id, None, None))).await;
    let rows = EntitySync::<board::task::Entity>::of(&database.db).terminal(|task| task.title == "done");
    let tasks = still(rows).start().unwrap();
    for id in 1..=4 {
        tasks.get_or_create(&id, || old(id)).unwrap();
    }
    let waits = Duration::from_secs(20);
    for id in 1..=3 {
        let stored = database.model::<board::task::Entity>(id).await;
        let row = tasks.wait_until(&id, |row| *row == stored, waits).await.unwrap();
        assert_eq!(*row, stored);
    }
    until("a row that is not there stays", async || tasks.get(&4).is_none()).await;
    // What has changed is there once somebody says so.
    let mut task = board::task::ActiveModel {
        id: sea_orm::Unchanged(2),
        title: Set("done".to_owned()),
        ..Default::default()
    };
    task = task.update(&database.db).await.unwrap().into_active_model();
    assert!(tasks.sync_soon(&2));
    tasks
        .wait_until(&2, |row| row.title == "done", waits)
        .await
        .unwrap();
    assert_eq!(tasks.entry(&2).unwrap().state, ItemState::Terminal);
    task.title = Set("again".to_owned());
    task.update(&database.db).await.unwrap();
    assert!(!tasks.sync_soon(&2), "what is finished is not read");
    database
        .model::<board::task::Entity>(3)
        .await
        .delete(&database.db)
        .await
        .unwrap();
    assert!(tasks.sync_soon(&3));
    until("a row that is gone stays", async || tasks.get(&3).is_none()).await;
    assert_eq!(tasks.len(), 2);
}

/// More rows in one batch than a statement binds values.
async fn b13_a_batch_of_very_many_rows(database: &Database) {
    database.seed((1..=3).map(|id| board::task(id, None, None))).await;
    let rows = EntitySync::<board::task::Entity>::of(&database.db);
    let tasks = still(rows).batch(100_000).start().unwrap();
    for id in 1..=70_000 {
        tasks.get_or_create(&id, || old(id)).unwrap();
    }
    until("rows that are not there stay", async || tasks.len() == 3).await;
    let stats = tasks.stats();
    assert_eq!((stats.failures, stats.items), (0, 3), "{stats:?}");
}

/// A table that is gone for a while costs nothing but time.
async fn b13_a_table_that_cannot_be_read(database: &Database) {
    database.seed([board::task(1, None, None)]).await;
    let rows = EntitySync::<board::task::Entity>::of(&database.db);
    let tasks = still(rows).start().unwrap();
    let rename = |from: &str, to: &str| format!("ALTER TABLE {from} RENAME TO {to}");
    database
        .db
        .execute_unprepared(&rename("tasks", "away"))
        .await
        .unwrap();
    tasks.get_or_create(&1, || old(1)).unwrap();
    until("it has not failed", async || {
        tasks.entry(&1).unwrap().failures > 0
    })
    .await;
    let item = tasks.entry(&1).unwrap();
    assert_eq!(
        (item.value.title.as_str(), item.state),
        ("as it was", ItemState::Live)
    );
    let error = item.last_error.unwrap();
    assert!(error.contains("tasks"), "{error}");
    database
        .db
        .execute_unprepared(&rename("away", "tasks"))
        .await
        .unwrap();
    assert!(tasks.sync_soon(&1));
    let is_read = |row: &board::task::Model| row.title != "as it was";
    tasks
        .wait_until(&1, is_read, Duration::from_secs(20))
        .await
        .unwrap();
    assert_eq!(tasks.entry(&1).unwrap().failures, 0);
}

on_every_backend!(board:
    b13_rows_are_read_by_key,
    b13_a_batch_of_very_many_rows,
    b13_a_table_that_cannot_be_read,
);

/// A row is read again when a message names it, on one server and on a cluster.
async fn b13_a_message_makes_its_row_due(database: &Database) {
    database
        .seed((1..=20).map(|id| board::task(id, None, None)))
        .await;
    for url in [redis_url(), cluster_url()] {
        let world = World::on(url.clone()).await;
        let stream = world.users().await;
        let rows = EntitySync::<board::task::Entity>::of(&database.db).follow(&stream);
        let tasks = still(rows).start().unwrap();
        for id in 1..=20 {
            tasks.get_or_create(&id, || old(id)).unwrap();
        }
        until("nothing is heard", async || {
            stream.producer().queue(&Change::of(1)).await.unwrap();
            tasks.stats().polled > 41
        })
        .await;
        for round in 0..5 {
            let title = format!("round {round} at {url}");
            let task = board::task::ActiveModel {
                id: sea_orm::Unchanged(5),
                title: Set(title.clone()),
                ..Default::default()
            };
            task.update(&database.db).await.unwrap();
            let polled = tasks.stats().polled;
            stream.producer().queue(&Change::of(5)).await.unwrap();
            stream.producer().queue(&Change::of(500)).await.unwrap();
            let is_new = |row: &board::task::Model| row.title == title;
            tasks
                .wait_until(&5, is_new, Duration::from_secs(20))
                .await
                .unwrap();
            let more = tasks.stats().polled - polled;
            assert!(more <= 4, "no row but these, and not {more}");
        }
        tasks.shutdown().await;
    }
}

/// What cannot be read as a change, or was lost, makes all rows due.
async fn b13_messages_that_are_lost(database: &Database) {
    database
        .seed((1..=20).map(|id| board::task(id, None, None)))
        .await;
    let world = World::on(redis_url()).await;
    let stream = world.users().await;
    let rows = EntitySync::<board::task::Entity>::of(&database.db).follow(&stream);
    let tasks = still(rows).start().unwrap();
    for id in 1..=20 {
        tasks.get_or_create(&id, || old(id)).unwrap();
    }
    // Once it hears of changes, and not before.
    until("nothing is heard", async || {
        stream.producer().queue(&Change::of(1)).await.unwrap();
        tasks.stats().polled > 41
    })
    .await;
    let sql = "UPDATE tasks SET title = 'by somebody else'";
    database.db.execute_unprepared(sql).await.unwrap();
    world.add("queue", "*", &[("payload", "nonsense")]).await;
    let all = async || (1..=20).all(|id| tasks.get(&id).unwrap().title == "by somebody else");
    until("rows are old", all).await;
}

on_every_backend!(board: b13_a_message_makes_its_row_due, b13_messages_that_are_lost);

/// Keys of every kind, and the ids by which messages name them.
async fn expect_read_again<E>(database: &Database, key: KeyOf<E>, id: Id, stream: &Stream)
where
    E: Touchable<Model: PartialEq + IntoActiveModel<E::ActiveModel> + Send + Sync, ActiveModel: Send>,
    KeyOf<E>: Clone + fmt::Debug + Eq + Hash + Send + Sync + IntoValueTuple + FromValueTuple + 'static,
{
    let rows = EntitySync::<E>::of(&database.db).follow(stream);
    let cache = still(rows).start().unwrap();
    let row = E::find_by_id(key.clone())
        .one(&database.db)
        .await
        .unwrap()
        .expect("a row");
    cache.get_or_create(&key, || row.clone()).unwrap();
    until("nothing is heard", async || {
        stream.producer().queue(&Change::of(id.clone())).await.unwrap();
        cache.stats().polled > 3
    })
    .await;
    assert!(
        cache.get(&key).is_some_and(|found| *found == row),
        "{key:?} is found by its key"
    );
    row.delete(&database.db).await.unwrap();
    stream.producer().queue(&Change::of(id)).await.unwrap();
    until("it stays", async || cache.get(&key).is_none()).await;
    cache.shutdown().await;
}

async fn b13_keys_of_every_kind(database: &Database) {
    names::populate(database).await;
    let world = World::on(redis_url()).await;
    let stream = world.users().await;
    let token = names::token::Entity::find()
        .one(&database.db)
        .await
        .unwrap()
        .unwrap();
    expect_read_again::<names::token::Entity>(database, token.id, token.id.to_string().into(), &stream).await;
}

on_every_backend!(names: b13_keys_of_every_kind);

async fn b13_keys_of_two_columns(database: &Database) {
    tags::populate(database).await;
    let world = World::on(redis_url()).await;
    let stream = world.users().await;
    expect_read_again::<tags::post_tag::Entity>(database, (2, 1), (2, 1).into(), &stream).await;
    expect_read_again::<tags::post::Entity>(database, 4, 4.into(), &stream).await;
}

on_every_backend!(tags: b13_keys_of_two_columns);
