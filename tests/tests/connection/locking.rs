//! Behaviour 45: the application's own lock, in the library's order; and 14 on SQLite, where a transaction writes first.

use futures_util::future::join_all;
use sea_orm::{
    AccessMode, ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, ModelTrait, Set, TransactionSession,
    TransactionTrait, Unchanged,
};
use touchable::{Error, LockRecord};
use touchable_tests::{
    Backend, World,
    entities::{board, cycle},
    on_every_backend, on_every_server,
};

use crate::{named_event, touching};

/// Whether another session can have the rows of a query at once.
async fn is_free(world: &World, sql: &str) -> bool {
    let other = world.connect(1).await;
    let transaction = other.begin().await.unwrap();
    let free = transaction
        .execute_unprepared(&format!("{sql} FOR UPDATE NOWAIT"))
        .await;
    transaction.rollback().await.unwrap();
    free.is_ok()
}

const EVENT: &str = "SELECT 1 FROM events WHERE id = 1";
const OTHER_EVENT: &str = "SELECT 1 FROM events WHERE id = 2";
const TASKS: &str = "SELECT 1 FROM tasks WHERE id IN (1, 2, 3)";

/// All rules: the tasks of the event, which its name concerns. Of the columns that are named: those they concern.
async fn b45_a_lock_holds_what_a_save_may_touch(world: &World) {
    board::populate(world).await;
    let event = world.model::<board::event::Entity>(1).await;
    let transaction = world.db.begin().await.unwrap();
    event.lock(&transaction).await.unwrap();
    assert!(!is_free(world, EVENT).await && !is_free(world, TASKS).await);
    assert!(is_free(world, OTHER_EVENT).await);
    transaction.rollback().await.unwrap();

    let db = touching(world);
    let transaction = db.begin().await.unwrap();
    event
        .lock_for(&transaction, &[board::event::Column::Location])
        .await
        .unwrap();
    assert!(!is_free(world, EVENT).await && is_free(world, TASKS).await);
    event
        .lock_for(&transaction, &[board::event::Column::Name])
        .await
        .unwrap();
    assert!(!is_free(world, TASKS).await);
    transaction.rollback().await.unwrap();
    assert!(is_free(world, EVENT).await && is_free(world, TASKS).await);
}

on_every_server!(board, 2: b45_a_lock_holds_what_a_save_may_touch);

/// Rules in a circle: the task is moved to event 2 while its lock waits for it. That event is locked too; on PostgreSQL, where the
/// second look is younger than the lock, its tasks are as well.
async fn b45_a_lock_in_a_circle_looks_again(world: &World) {
    cycle::populate(world).await;
    let task = world.model::<cycle::task::Entity>(1).await;
    let moving = world.db.begin().await.unwrap();
    moving
        .execute_unprepared("UPDATE tasks SET event_id = 2 WHERE id = 1")
        .await
        .unwrap();
    let transaction = world.db.begin().await.unwrap();
    let commit = async {
        world.somebody_waits().await;
        moving.commit().await.unwrap();
    };
    let (locked, ()) = tokio::join!(task.lock(&transaction), commit);
    locked.unwrap();
    assert!(!is_free(world, OTHER_EVENT).await);
    if world.backend == Backend::Postgres {
        assert!(!is_free(world, "SELECT 1 FROM tasks WHERE id = 3").await);
    }
    transaction.rollback().await.unwrap();
}

on_every_server!(cycle, 4: b45_a_lock_in_a_circle_looks_again);

async fn b45_a_row_that_is_not_there(world: &World) {
    board::populate(world).await;
    let event = world.model::<board::event::Entity>(1).await;
    let transaction = world.db.begin().await.unwrap();
    event.lock(&transaction).await.unwrap();
    event.clone().delete(&transaction).await.unwrap();
    let error = event.lock(&transaction).await.unwrap_err();
    assert!(error.is_record_not_found(), "{error}");
    transaction.rollback().await.unwrap();
}

on_every_backend!(board: b45_a_row_that_is_not_there);

const WRITERS: i32 = 8;
const ROUNDS: i32 = 15;

async fn circle(world: &World) {
    world.seed((1..=4).map(cycle::event)).await;
    world
        .seed((1..=16).map(|id| cycle::task(id, Some(1 + id % 4))))
        .await;
    if world.backend == Backend::Postgres {
        let sql = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = ''20ms''', current_database()); END $$";
        world.db.execute_unprepared(sql).await.unwrap();
    }
}

/// Two saves: of a task of one event, and of another event. Each touches its whole event.
async fn save_two(db: &impl ConnectionTrait, first: i32, second: i32, text: &str) -> Result<(), DbErr> {
    let task = cycle::task::ActiveModel {
        // Its event is 1 + id % 4.
        id: Unchanged(first + 3),
        title: Set(text.to_owned()),
        ..Default::default()
    };
    task.update(db).await?;
    let event = cycle::event::ActiveModel {
        id: Unchanged(second),
        name: Set(text.to_owned()),
        ..Default::default()
    };
    event.update(db).await.map(drop)
}

async fn lock_two<C>(db: &C, one: i32, another: i32) -> Result<(), DbErr>
where
    C: ConnectionTrait + TransactionSession,
{
    for id in [one.min(another), one.max(another)] {
        let event = cycle::event::Entity::find_by_id(id)
            .one(db)
            .await?
            .expect("an event");
        event.lock(db).await?;
    }
    Ok(())
}

/// Each writer's transactions, in which two events are saved in one order or the other; returns those that were victims.
async fn victims<D>(db: &D, locks: impl AsyncFn(&D::Transaction, i32, i32) -> Result<(), DbErr>) -> usize
where
    D: TransactionTrait,
{
    let locks = &locks;
    let victims = join_all((0..WRITERS).map(|writer| async move {
        let mut victims = 0;
        for round in 0..ROUNDS {
            let (one, another) = (1 + (writer + round) % 4, 1 + (writer + 2 * round + 1) % 4);
            let transaction = db.begin().await.unwrap();
            let done = async {
                locks(&transaction, one, another).await?;
                save_two(&transaction, one, another, &format!("{writer}, {round}")).await
            };
            let done = match done.await {
                Ok(()) => transaction.commit().await,
                Err(error) => {
                    let _ = transaction.rollback().await;
                    Err(error)
                }
            };
            if let Err(error) = done {
                let error = Error::from(error);
                assert!(error.is_deadlock(), "{error}");
                victims += 1;
            }
        }
        victims
    }));
    victims.await.into_iter().sum()
}

/// Rules in a circle, two saves a transaction: with the lock no one is a deadlock's victim.
async fn b45_locked_beforehand_nobody_is_a_victim(world: &World) {
    circle(world).await;
    let pool = world.connect(WRITERS.unsigned_abs()).await;
    let count = victims(&pool, async |db, one, another| lock_two(db, one, another).await).await;
    assert_eq!(count, 0, "level 2");
    let db = touchable::connect(pool.clone());
    let count = victims(&db, async |db, one, another| lock_two(db, one, another).await).await;
    assert_eq!(count, 0, "level 4");
}

/// The storm is strong enough to show deadlocks.
async fn b45_control_without_a_lock(world: &World) {
    circle(world).await;
    let pool = world.connect(WRITERS.unsigned_abs()).await;
    assert!(victims(&pool, async |_, _, _| Ok(())).await > 0);
}

on_every_server!(cycle, 2: b45_locked_beforehand_nobody_is_a_victim, b45_control_without_a_lock);

/// A deferred transaction that has locked writes, whoever wants to write before it does.
async fn b45_a_locked_transaction_of_sqlite_writes(world: &World) {
    board::populate(world).await;
    let event = world.model::<board::event::Entity>(1).await;
    let other = world.connect(2).await;
    let transaction = world.db.begin().await.unwrap();
    event.lock(&transaction).await.unwrap();
    let mine = async {
        board::task::Entity::find().all(&transaction).await.unwrap();
        named_event(1, "mine").update(&transaction).await.unwrap();
        transaction.commit().await.unwrap();
    };
    let (theirs, ()) = tokio::join!(other.execute_unprepared("UPDATE users SET time_zone = 'x'"), mine);
    theirs.unwrap();
}

/// The write of no rows is sent once a transaction, and never where it was begun to read.
async fn b14_a_transaction_becomes_a_writer_once(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    let nothing = |sent: &[String]| sent.iter().filter(|sql| sql.contains("1 = 0")).count();
    let sent = world.sent(async {
        let transaction = db.begin().await.unwrap();
        for name in ["one", "two"] {
            named_event(1, name).update(&transaction).await.unwrap();
            let savepoint = transaction.begin().await.unwrap();
            named_event(2, name).update(&savepoint).await.unwrap();
            savepoint.commit().await.unwrap();
        }
        transaction.commit().await.unwrap();
    });
    let sent = sent.await;
    assert_eq!(nothing(&sent), 1, "{sent:#?}");
    let sent = world.sent(async {
        let transaction = db
            .begin_with_config(None, Some(AccessMode::ReadOnly))
            .await
            .unwrap();
        named_event(1, "two").update(&transaction).await.unwrap();
        transaction.commit().await.unwrap();
    });
    let sent = sent.await;
    assert_eq!(nothing(&sent), 0, "{sent:#?}");
    // Where nobody may write, a save that changes nothing goes well as it did.
    world
        .db
        .execute_unprepared("PRAGMA query_only = 1")
        .await
        .unwrap();
    let transaction = world.db.begin().await.unwrap();
    named_event(1, "two").update(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    world
        .db
        .execute_unprepared("PRAGMA query_only = 0")
        .await
        .unwrap();
}

mod on_sqlite {
    use touchable_tests::{Backend, entities::board, run};

    #[test]
    fn b45_a_locked_transaction_of_sqlite_writes() {
        run(
            Backend::Sqlite,
            board::tables(),
            2,
            &super::b45_a_locked_transaction_of_sqlite_writes,
        );
    }

    #[test]
    fn b14_a_transaction_becomes_a_writer_once() {
        run(
            Backend::Sqlite,
            board::tables(),
            1,
            &super::b14_a_transaction_becomes_a_writer_once,
        );
    }
}
