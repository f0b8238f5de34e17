//! K13: a commit that the database made a rollback of is an error, and nothing that waited for it runs.

use std::{
    convert::Infallible,
    future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, Set, TransactionTrait, Unchanged};
use touchable::{TouchTransaction, after_commit};
use touchable_tests::{World, cases, entities::outer};

/// Registers work, and tells whether it has run.
async fn registered(transaction: &TouchTransaction) -> Arc<AtomicBool> {
    let ran = Arc::new(AtomicBool::new(false));
    let run = Arc::clone(&ran);
    let work = move || {
        run.store(true, SeqCst);
        future::ready(Ok::<_, Infallible>(()))
    };
    after_commit(transaction, work).await.unwrap();
    ran
}

/// A failed statement ends a transaction of PostgreSQL, which answers its COMMIT with a rollback.
async fn k13_a_failed_statement_that_is_ignored(world: &World) {
    outer::populate(world).await;
    let db = touchable::connect(world.db.clone());
    let transaction = db.begin().await.unwrap();
    let ran = registered(&transaction).await;
    transaction
        .execute_unprepared("SELECT * FROM nothing")
        .await
        .unwrap_err();
    let committed = transaction.commit().await.is_ok();
    let ran = ran.load(SeqCst);
    assert!(!committed && !ran, "committed: {committed}, work ran: {ran}");
}

/// The same with a row that was written before.
async fn k13_a_failed_statement_after_a_save(world: &World) {
    outer::populate(world).await;
    let db = touchable::connect(world.db.clone());
    let action = async {
        let transaction = db.begin().await.unwrap();
        outer::calendar(3).insert(&transaction).await.unwrap();
        let ran = registered(&transaction).await;
        transaction
            .execute_unprepared("SELECT * FROM nothing")
            .await
            .unwrap_err();
        (transaction.commit().await.is_ok(), ran.load(SeqCst))
    };
    let (committed, ran) = world.expect_moved(&[], action).await;
    assert!(!committed && !ran, "committed: {committed}, work ran: {ran}");
}

/// A save of task 1 and then one of task 4, which ends in a deadlock that the application ignores. Returns whether the
/// commit succeeded and the work that waited for it ran.
///
/// `InnoDB` rolls a deadlock's victim back whole; what comes after it on the same connection is committed statement by
/// statement.
async fn ignoring_a_deadlock(world: &World) -> (bool, bool) {
    let db = touchable::connect(world.db.clone());
    let rival = world.db.begin().await.unwrap();
    // Of two that wait for each other `InnoDB` chooses the one that has written less.
    for sql in [
        "UPDATE users SET time_zone = 'rival'",
        "UPDATE tasks SET title = 'rival' WHERE id IN (3, 4, 5)",
    ] {
        rival.execute_unprepared(sql).await.unwrap();
    }
    let transaction = db.begin().await.unwrap();
    let ran = registered(&transaction).await;
    rename_task(1, &transaction).await.unwrap();
    let victim = async {
        world.somebody_waits().await;
        let error = rename_task(4, &transaction).await.unwrap_err();
        assert!(error.to_string().contains("1213"), "{error}");
    };
    let blocked = async {
        rival
            .execute_unprepared("UPDATE tasks SET title = 'rival' WHERE id = 1")
            .await
            .unwrap();
        rival.rollback().await.unwrap();
    };
    tokio::join!(victim, blocked);
    let committed = transaction.commit().await.is_ok();
    (committed, ran.load(SeqCst))
}

/// The future of an insert goes away while the row of another with its key is not committed yet. Then it is, the insert fails,
/// and its transaction with it: nobody has seen the answer.
async fn k13_a_dropped_statement_that_fails(world: &World) {
    outer::populate(world).await;
    let rival = world.db.begin().await.unwrap();
    outer::calendar(3).insert(&rival).await.unwrap();
    let db = touchable::connect(world.db.clone());
    let transaction = db.begin().await.unwrap();
    rename_task(1, &transaction).await.unwrap();
    let ran = registered(&transaction).await;
    tokio::select! {
        inserted = outer::calendar(3).insert(&transaction) => panic!("it does not wait: {inserted:?}"),
        () = world.somebody_waits() => {}
    }
    rival.commit().await.unwrap();
    let committed = transaction.commit().await.is_ok();
    let ran = ran.load(SeqCst);
    assert!(!committed && !ran, "committed: {committed}, work ran: {ran}");
    assert_eq!(world.model::<outer::task::Entity>(1).await.title, "task 1");
}

/// The future of a save goes away while it waits, and the save becomes a deadlock's victim.
async fn k13_a_dropped_statement_that_is_a_victim(world: &World) {
    outer::populate(world).await;
    let db = touchable::connect(world.db.clone());
    let rival = world.db.begin().await.unwrap();
    // Of two that wait for each other `InnoDB` chooses the one that has written less.
    for sql in [
        "UPDATE users SET time_zone = 'rival'",
        "UPDATE tasks SET title = 'rival' WHERE id IN (3, 4, 5)",
    ] {
        rival.execute_unprepared(sql).await.unwrap();
    }
    let transaction = db.begin().await.unwrap();
    let ran = registered(&transaction).await;
    rename_task(1, &transaction).await.unwrap();
    tokio::select! {
        saved = rename_task(4, &transaction) => panic!("it does not wait: {saved:?}"),
        () = world.somebody_waits() => {}
    }
    rival
        .execute_unprepared("UPDATE tasks SET title = 'rival' WHERE id = 1")
        .await
        .unwrap();
    rival.rollback().await.unwrap();
    let committed = transaction.commit().await.is_ok();
    let ran = ran.load(SeqCst);
    assert!(!committed && !ran, "committed: {committed}, work ran: {ran}");
    assert_eq!(world.model::<outer::task::Entity>(1).await.title, "task 1");
}

async fn rename_task(id: i32, db: &impl ConnectionTrait) -> Result<(), DbErr> {
    let task = outer::task::ActiveModel {
        id: Unchanged(id),
        title: Set("renamed".to_owned()),
        ..Default::default()
    };
    task.update(db).await.map(drop)
}

async fn k13_a_deadlock_that_is_ignored_fails_the_commit(world: &World) {
    outer::populate(world).await;
    let (committed, ran) = ignoring_a_deadlock(world).await;
    assert!(!committed && !ran, "committed: {committed}, work ran: {ran}");
}

async fn k13_a_deadlock_that_is_ignored_touches_nobody(world: &World) {
    outer::populate(world).await;
    world.expect_moved(&[], ignoring_a_deadlock(world)).await;
}

cases!(outer::tables(), 4:
    k13_a_failed_statement_that_is_ignored on postgres,
    k13_a_failed_statement_after_a_save on postgres,
    k13_a_dropped_statement_that_fails on postgres,
    k13_a_dropped_statement_that_is_a_victim on mariadb,
    k13_a_deadlock_that_is_ignored_fails_the_commit on mariadb,
    k13_a_deadlock_that_is_ignored_touches_nobody on mariadb,
);
