//! Behaviours 14 and 45, all at once: rules in a circle, eighty writers, single saves, bulk writes, explicit touches and
//! transactions with locks of the application's own.
//!
//! What the library sends outside of transactions succeeds, and so do transactions that lock their records beforehand or
//! are repeated.

use std::time::Duration;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, Set, TransactionError, TransactionTrait, Unchanged, sea_query::Expr,
};
use tokio::task::JoinSet;
use touchable::{LockRecord, TouchAll, TouchConnection, TouchMany, TransactionRetrying};
use touchable_tests::{Backend, World, entities::cycle, on_every_server};

const RUNS: i32 = 5;
const WRITERS: i32 = 80;
const EVENTS: i32 = 4;
const TASKS: i32 = 16;
/// Longer than any run takes on a busy machine; who waits so long waits for ever.
const PATIENCE: Duration = Duration::from_mins(2);

async fn circle(world: &World) -> DatabaseConnection {
    world.seed((1..=EVENTS).map(cycle::event)).await;
    world
        .seed((1..=TASKS).map(|id| cycle::task(id, Some(1 + id % EVENTS))))
        .await;
    if world.backend == Backend::Postgres {
        let sql = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = ''20ms''', current_database()); END $$";
        world.db.execute_unprepared(sql).await.unwrap();
    }
    world.connect(20).await
}

fn event(id: i32, text: &str) -> cycle::event::ActiveModel {
    cycle::event::ActiveModel {
        id: Unchanged(id),
        name: Set(text.to_owned()),
        ..Default::default()
    }
}

fn task(id: i32, text: &str) -> cycle::task::ActiveModel {
    cycle::task::ActiveModel {
        id: Unchanged(id),
        title: Set(text.to_owned()),
        ..Default::default()
    }
}

/// A write of one statement, outside of transactions: which one is told by the writer's number.
async fn one_write<C>(db: &C, writer: i32, text: &str) -> Result<(), DbErr>
where
    C: ConnectionTrait + TransactionTrait,
{
    let (event_id, task_id) = (1 + writer % EVENTS, 1 + writer % TASKS);
    match writer / 4 % 5 {
        0 => event(event_id, text).update(db).await.map(drop),
        1 => task(task_id, text).update(db).await.map(drop),
        2 => {
            let update = cycle::task::Entity::update_many()
                .col_expr(cycle::task::Column::Title, Expr::value(text))
                .filter(cycle::task::Column::Id.gte(task_id));
            update.touching().exec(db).await?;
            Ok(())
        }
        3 => {
            let update = cycle::event::Entity::update_many()
                .col_expr(cycle::event::Column::Name, Expr::value(text))
                .filter(cycle::event::Column::Id.is_in([event_id, 1 + event_id % EVENTS]));
            update.touching().exec(db).await?;
            Ok(())
        }
        _ => {
            let backwards = cycle::task::Entity::find().order_by_desc(cycle::task::Column::Id);
            cycle::task::Entity::touch_all(backwards, db).await?;
            Ok(())
        }
    }
}

/// A transaction of the application's that locks its records beforehand, in the order of their keys, and saves them in
/// the order that it likes.
async fn locked(db: &TouchConnection, writer: i32, text: &str) -> Result<(), DbErr> {
    let transaction = db.begin().await?;
    let (one, another) = (1 + writer % EVENTS, 1 + (writer + 1) % EVENTS);
    for id in [one.min(another), one.max(another)] {
        let record = cycle::event::Entity::find_by_id(id).one(&transaction).await?;
        record.expect("an event").lock(&transaction).await?;
    }
    event(another, text).update(&transaction).await?;
    event(one, text).update(&transaction).await?;
    transaction.commit().await
}

/// A transaction of the application's with a lock of its own making, in no order.
async fn locked_by_hand(db: &impl ConnectionTrait, writer: i32, text: &str) -> Result<(), DbErr> {
    let (event_id, task_id) = (1 + writer % EVENTS, 1 + (7 * writer) % TASKS);
    let lock = cycle::task::Entity::find_by_id(task_id).lock_exclusive();
    lock.one(db).await?;
    event(event_id, text).update(db).await?;
    task(1 + (task_id + 4) % TASKS, text).update(db).await.map(drop)
}

async fn repeated(db: &TouchConnection, writer: i32, text: &str) -> Result<(), DbErr> {
    let text = text.to_owned();
    let done = db.transaction_retrying(|transaction| {
        let text = text.clone();
        Box::pin(async move { locked_by_hand(transaction, writer, &text).await })
    });
    done.await.map_err(own)
}

async fn repeated_plain(db: &DatabaseConnection, writer: i32, text: &str) -> Result<(), DbErr> {
    let text = text.to_owned();
    let done = db.transaction_retrying(|transaction| {
        let text = text.clone();
        Box::pin(async move { locked_by_hand(transaction, writer, &text).await })
    });
    done.await.map_err(own)
}

fn own(error: TransactionError<DbErr>) -> DbErr {
    match error {
        TransactionError::Connection(error) | TransactionError::Transaction(error) => error,
    }
}

/// Lets all writers write at once, so many times; nobody may fail.
async fn storm<F>(write: impl Fn(i32, String) -> F)
where
    F: Future<Output = Result<(), DbErr>> + Send + 'static,
{
    for run in 0..RUNS {
        let mut writers: JoinSet<_> = (0..WRITERS)
            .map(|writer| {
                let write = write(writer, format!("writer {writer}, run {run}"));
                async move { (writer, write.await) }
            })
            .collect();
        let mut failed = Vec::new();
        let all = async {
            while let Some(done) = writers.join_next().await {
                let (writer, done) = done.expect("no panic");
                failed.extend(done.err().map(|error| format!("writer {writer}: {error}")));
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, all).await;
        assert!(in_time.is_ok(), "run {run}: writers wait for each other for ever");
        assert!(failed.is_empty(), "run {run}: {failed:#?}");
    }
}

async fn b14_writes_of_one_statement_on_a_touch_connection(world: &World) {
    let db = touchable::connect(circle(world).await);
    storm(|writer, text| {
        let db = db.clone();
        async move { one_write(&db, writer, &text).await }
    })
    .await;
}

async fn b14_bulk_writes_on_a_plain_connection(world: &World) {
    let db = circle(world).await;
    let touching = touchable::connect(db.clone());
    storm(move |writer, text| {
        let (db, touching) = (db.clone(), touching.clone());
        async move {
            // Single saves on a plain connection are statements of their own, and not tried again.
            if writer / 4 % 5 < 2 {
                one_write(&touching, writer, &text).await
            } else {
                one_write(&db, writer, &text).await
            }
        }
    })
    .await;
}

async fn b45_transactions_that_lock_beforehand(world: &World) {
    let db = touchable::connect(circle(world).await);
    storm(|writer, text| {
        let db = db.clone();
        async move {
            if writer % 2 == 0 {
                locked(&db, writer, &text).await
            } else {
                one_write(&db, writer, &text).await
            }
        }
    })
    .await;
}

async fn b45_transactions_that_are_repeated(world: &World) {
    let plain = circle(world).await;
    let db = touchable::connect(plain.clone());
    storm(move |writer, text| {
        let (plain, db) = (plain.clone(), db.clone());
        async move {
            match writer % 4 {
                0 => repeated(&db, writer, &text).await,
                1 => repeated_plain(&plain, writer, &text).await,
                _ => one_write(&db, writer, &text).await,
            }
        }
    })
    .await;
}

on_every_server!(cycle, 2:
    b14_writes_of_one_statement_on_a_touch_connection,
    b14_bulk_writes_on_a_plain_connection,
    b45_transactions_that_lock_beforehand,
    b45_transactions_that_are_repeated,
);
