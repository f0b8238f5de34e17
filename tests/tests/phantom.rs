//! A row that is inserted into an association while its parent is being saved: the save must see it, or it must see the
//! save.

#![allow(missing_docs, clippy::unwrap_used)]

use std::time::Duration;

use sea_orm::{ActiveModelTrait, ActiveValue::NotSet, ConnectionTrait, Set, Statement, TransactionTrait};
use touchable_tests::{
    Backend, World,
    entities::board::{self, event, task},
    on_every_server,
};

on_every_server!(board, 6: b26_a_row_inserted_meanwhile_is_touched, b26_a_row_inserted_later_shows_the_new_name);

/// How many sessions wait for a lock.
async fn waiting(world: &World) -> i64 {
    let sql = match world.backend {
        Backend::Postgres => {
            "SELECT count(*) AS n FROM pg_stat_activity \
             WHERE wait_event_type = 'Lock' AND datname = current_database()"
        }
        _ => {
            "SELECT count(*) AS n FROM information_schema.innodb_trx t \
             JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id \
             WHERE t.trx_state = 'LOCK WAIT' AND p.db = database()"
        }
    };
    let statement = Statement::from_string(world.db.get_database_backend(), sql);
    world
        .db
        .query_one_raw(statement)
        .await
        .unwrap()
        .unwrap()
        .try_get("", "n")
        .unwrap()
}

/// Comes back when a session waits for a lock.
async fn until_somebody_waits(world: &World) {
    while waiting(world).await == 0 {
        // InnoDB answers from a copy of its list that it renews only when nobody has asked for a tenth of a second.
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
}

/// A transaction inserts a task, so that its foreign key holds the event; the event's save waits for it. When the
/// transaction commits, its task has been shown with the old name, and only the save can touch it.
async fn b26_a_row_inserted_meanwhile_is_touched(world: &World) {
    board::populate(world).await;
    let db = touchable::connect(world.db.clone());
    let mut renamed = world.active::<event::Entity>(1).await;
    renamed.name = Set("renamed".to_owned());

    let inserting = world.db.begin().await.unwrap();
    let mut late = world.active::<task::Entity>(1).await;
    late.id = NotSet;
    late.title = Set("late".to_owned());
    let late = late.insert(&inserting).await.unwrap();
    let commit = async {
        until_somebody_waits(world).await;
        inserting.commit().await.unwrap();
    };
    let (saved, ()) = tokio::join!(renamed.update(&db), commit);
    saved.unwrap();

    let now = world.model::<task::Entity>(late.id).await;
    assert!(
        now.updated_at > late.updated_at,
        "the task that was inserted meanwhile has kept its key"
    );
}

/// The event's save comes first: the insert waits for it.
async fn b26_a_row_inserted_later_shows_the_new_name(world: &World) {
    board::populate(world).await;
    let db = touchable::connect(world.db.clone());
    let saving = db.begin().await.unwrap();
    let mut renamed = world.active::<event::Entity>(1).await;
    renamed.name = Set("renamed".to_owned());
    renamed.update(&saving).await.unwrap();

    let mut late = world.active::<task::Entity>(1).await;
    late.id = NotSet;
    late.title = Set("late".to_owned());
    let commit = async {
        until_somebody_waits(world).await;
        saving.commit().await.unwrap();
    };
    let (late, ()) = tokio::join!(late.insert(&world.db), commit);
    let event = world.model::<event::Entity>(1).await;
    let late = world.model::<task::Entity>(late.unwrap().id).await;
    assert_eq!(event.name, "renamed");
    assert_eq!(late.title, "late");
}
