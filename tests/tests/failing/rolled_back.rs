//! 18: what is rolled back has moved nothing.

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, EntityTrait, Set, TransactionSession, TransactionTrait, Unchanged,
    prelude::DateTimeUtc,
};
use touchable_tests::{Connection, Stage, entities::board, on_every_level};

const SHOWN: [&str; 4] = ["events 1", "tasks 1", "tasks 2", "tasks 3"];

async fn rename_event(db: &impl ConnectionTrait, id: i32, name: &str) {
    let event = board::event::ActiveModel {
        id: Unchanged(id),
        name: Set(name.to_owned()),
        ..Default::default()
    };
    event.update(db).await.unwrap();
}

/// The stamps of event 1 and its first task.
async fn stamps(db: &impl ConnectionTrait) -> (DateTimeUtc, DateTimeUtc) {
    let event = board::event::Entity::find_by_id(1).one(db).await.unwrap();
    let task = board::task::Entity::find_by_id(1).one(db).await.unwrap();
    (event.unwrap().updated_at, task.unwrap().updated_at)
}

/// Inside a plain transaction the touch is there at once, inside one of ours it waits for the commit.
async fn b18_a_rolled_back_transaction_leaves_everything(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let (event, task) = stamps(&world.db).await;
    let action = async {
        let transaction = world.db.begin().await.unwrap();
        rename_event(&transaction, 1, "renamed").await;
        let inside = stamps(&transaction).await;
        assert!(inside.0 > event);
        assert_eq!(inside.1 > task, !world.level().is_touch());
        transaction.rollback().await.unwrap();
    };
    world.expect_moved(&[], action).await;
    assert_eq!(stamps(&world.db).await, (event, task));
}

async fn b18_a_rolled_back_savepoint_takes_back_its_own(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let action = async {
        let transaction = world.db.begin().await.unwrap();
        rename_event(&transaction, 1, "renamed").await;
        let savepoint = transaction.begin().await.unwrap();
        rename_event(&savepoint, 2, "never").await;
        savepoint.rollback().await.unwrap();
        let savepoint = transaction.begin().await.unwrap();
        rename_event(&savepoint, 3, "renamed").await;
        savepoint.commit().await.unwrap();
        transaction.commit().await.unwrap();
    };
    world
        .expect_moved(
            &["events 1", "tasks 1", "tasks 2", "tasks 3", "events 3", "tasks 6"],
            action,
        )
        .await;
}

/// A transaction that is dropped is rolled back.
async fn b18_a_dropped_transaction_leaves_everything(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let action = async {
        let transaction = world.db.begin().await.unwrap();
        rename_event(&transaction, 1, "renamed").await;
    };
    world.expect_moved(&[], action).await;
    // What was set is not stored either: the same name again is a change.
    world
        .expect_moved(&SHOWN, rename_event(&world.db, 1, "renamed"))
        .await;
}

/// A stamp that was rolled back does not come again for something else.
async fn b18_stamps_after_a_rollback_are_new(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let rolled_back = world.act(async {
        let transaction = world.db.begin().await.unwrap();
        rename_event(&transaction, 1, "renamed").await;
        let inside = stamps(&transaction).await;
        transaction.rollback().await.unwrap();
        inside
    });
    let (event, task) = rolled_back.await;
    world
        .expect_moved(&SHOWN, rename_event(&world.db, 1, "renamed otherwise"))
        .await;
    let after = stamps(&world.db).await;
    assert!(after.0 > event && after.1 > task, "{after:?}");
}

on_every_level!(board:
    b18_a_rolled_back_transaction_leaves_everything,
    b18_a_rolled_back_savepoint_takes_back_its_own,
    b18_a_dropped_transaction_leaves_everything,
    b18_stamps_after_a_rollback_are_new,
);
