//! F: a message that was told takes along the delay message that announced it, so that it is told once.

use sea_orm::{ActiveModelTrait, Set, TransactionTrait};
use touchable::feed::Change;
use touchable_tests::{
    World as Database, cases,
    entities::published::{self, token as tokens},
};

use crate::world::{World, changes, here, queued};

/// The delay messages of all shards.
async fn announced(world: &World, shards: usize) -> usize {
    if shards == 1 {
        return world.length(&[":delay"]).await;
    }
    let mut announced = 0;
    for shard in 0..shards {
        announced += world.length(&[&format!("/{shard}"), ":delay"]).await;
    }
    announced
}

async fn bulk(shards: usize) {
    let world = World::shared().await;
    let users = world.feed.stream("users").shards(shards).open().await.unwrap();
    let records = changes(0..20);
    let work = async || Err::<(), _>(touchable::Error::from(sea_orm::DbErr::Custom("no".to_owned())));
    users.producer().bulk(&records, work).await.unwrap_err();
    assert_eq!(
        announced(&world, shards).await,
        20,
        "work that failed leaves its delay messages"
    );
    let work = async || Ok::<_, touchable::Error>(());
    users.producer().bulk(&records, work).await.unwrap();
    let left = announced(&world, shards).await;
    assert!(
        left == 20,
        "told, and to be told again: {} delay messages",
        left - 20
    );
}

async fn f_bulk_takes_its_delay_messages_along() {
    bulk(1).await;
}

async fn f_bulk_takes_its_delay_messages_along_shard_by_shard() {
    bulk(3).await;
}

here!(
    f_bulk_takes_its_delay_messages_along,
    f_bulk_takes_its_delay_messages_along_shard_by_shard,
);

async fn f_a_commit_takes_its_delay_messages_along_at_level_4(database: &Database) {
    let world = World::shared().await;
    let users = world.users().await;
    let db = touchable::connect(database.db.clone());
    let tx = db.begin().await.unwrap();
    for id in 1..4 {
        users.producer().announce(&tx, &Change::of(id)).unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(queued(&users).await, [1, 2, 3]);
    let left = announced(&world, 1).await;
    assert!(left == 0, "told, and to be told again: {left} delay messages");
}

async fn f_a_save_takes_its_delay_message_along_at_level_3(database: &Database) {
    database.seed([published::token(1)]).await;
    let world = World::shared().await;
    let stream = world.feed.stream("tokens").open().await.unwrap();
    let db = touchable::connect(database.db.clone()).publish(&stream.producer());
    let mut token = database.active::<tokens::Entity>(1_i64).await;
    token.label = Set("b".to_owned());
    token.update(&db).await.unwrap();
    assert_eq!(queued(&stream).await, [1]);
    let left = announced(&world, 1).await;
    assert!(left == 0, "told, and to be told again: {left} delay messages");
}

cases!(published::tables(), 2:
    f_a_commit_takes_its_delay_messages_along_at_level_4 on sqlite postgres mariadb,
    f_a_save_takes_its_delay_message_along_at_level_3 on sqlite postgres mariadb,
);
