//! Behaviour 29: work that waits for the outermost commit.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use sea_orm::{ActiveModelTrait, DbErr, EntityTrait, Set, TransactionError, TransactionTrait};
use touchable::{Error, after_commit};
use touchable_tests::{World, entities::board, on_every_backend};

use crate::{rename_event, touching};

/// What has been done, in its order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    /// Work that writes a word.
    fn says(
        &self,
        word: &'static str,
    ) -> impl FnOnce() -> std::future::Ready<Result<(), io::Error>> + Send + 'static {
        let log = self.clone();
        move || {
            log.0.lock().unwrap().push(word);
            std::future::ready(Ok(()))
        }
    }

    /// Work that writes a word and fails.
    fn fails(
        &self,
        word: &'static str,
    ) -> impl FnOnce() -> std::future::Ready<Result<(), io::Error>> + Send + 'static {
        let log = self.clone();
        move || {
            log.0.lock().unwrap().push(word);
            std::future::ready(Err(io::Error::other(format!("{word} failed"))))
        }
    }

    fn words(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().clone()
    }
}

async fn b29_work_runs_once_in_order_after_the_outermost_commit(world: &World) {
    board::populate(world).await;
    let (db, log) = (touching(world), Log::default());
    let tx = db.begin().await.unwrap();
    after_commit(&tx, log.says("first")).await.unwrap();
    let savepoint = tx.begin().await.unwrap();
    after_commit(&savepoint, log.says("second")).await.unwrap();
    let deeper = savepoint.begin().await.unwrap();
    after_commit(&deeper, log.says("third")).await.unwrap();
    deeper.commit().await.unwrap();
    savepoint.commit().await.unwrap();
    after_commit(&tx, log.says("fourth")).await.unwrap();
    assert!(!tx.is_settled());
    assert_eq!(log.words(), [""; 0], "before the outermost commit");
    tx.commit().await.unwrap();
    assert_eq!(log.words(), ["first", "second", "third", "fourth"]);
    db.begin().await.unwrap().commit().await.unwrap();
    assert_eq!(log.words().len(), 4, "once");
}

async fn b29_work_is_dropped_with_what_it_waited_for(world: &World) {
    board::populate(world).await;
    let (db, log) = (touching(world), Log::default());
    let tx = db.begin().await.unwrap();
    after_commit(&tx, log.says("rolled back")).await.unwrap();
    tx.rollback().await.unwrap();
    let tx = db.begin().await.unwrap();
    after_commit(&tx, log.says("dropped")).await.unwrap();
    drop(tx);
    let tx = db.begin().await.unwrap();
    after_commit(&tx, log.says("kept")).await.unwrap();
    let savepoint = tx.begin().await.unwrap();
    after_commit(&savepoint, log.says("rolled back inside"))
        .await
        .unwrap();
    let deeper = savepoint.begin().await.unwrap();
    after_commit(&deeper, log.says("released and rolled back"))
        .await
        .unwrap();
    deeper.commit().await.unwrap();
    savepoint.rollback().await.unwrap();
    let savepoint = tx.begin().await.unwrap();
    after_commit(&savepoint, log.says("dropped inside"))
        .await
        .unwrap();
    drop(savepoint);
    tx.commit().await.unwrap();
    let outcome = db
        .transaction::<_, (), DbErr>(|tx| {
            let work = log.says("refused");
            Box::pin(async move {
                after_commit(tx, work).await?;
                Err(DbErr::Custom("refused".to_owned()))
            })
        })
        .await;
    assert!(matches!(outcome, Err(TransactionError::Transaction(_))));
    assert_eq!(log.words(), ["kept"]);
}

/// The transaction is committed, the rest of the work is done, and the failure is told.
async fn b29_a_failure_is_reported_and_the_rest_runs(world: &World) {
    board::populate(world).await;
    let (db, log) = (touching(world), Log::default());
    let action = async {
        let tx = db.begin().await.unwrap();
        rename_event(&tx, 1, "renamed").await.unwrap();
        after_commit(&tx, log.says("first")).await.unwrap();
        after_commit(&tx, log.fails("second")).await.unwrap();
        after_commit(&tx, log.fails("third")).await.unwrap();
        after_commit(&tx, log.says("fourth")).await.unwrap();
        tx.commit().await.unwrap_err()
    };
    let error = world
        .expect_moved(&["events 1", "tasks 1", "tasks 2", "tasks 3"], action)
        .await;
    let text = error.to_string();
    assert!(
        text.contains("second failed") && text.contains("third failed"),
        "{text}"
    );
    assert!(Error::from(error).is_after_commit());
    assert_eq!(log.words(), ["first", "second", "third", "fourth"]);

    let work = log.fails("in a closure");
    let error = db
        .transaction::<_, (), DbErr>(|tx| Box::pin(async move { Ok(after_commit(tx, work).await?) }))
        .await
        .unwrap_err();
    let TransactionError::Connection(error) = error else {
        panic!("{error:?}");
    };
    assert!(Error::from(error).is_after_commit());
}

async fn b29_work_does_not_run_when_the_commit_fails(world: &World) {
    board::populate(world).await;
    crate::atomic::refuse_updates_of_task_2(world).await;
    let (db, log) = (touching(world), Log::default());
    let action = async {
        let tx = db.begin().await.unwrap();
        rename_event(&tx, 1, "renamed").await.unwrap();
        after_commit(&tx, log.says("never")).await.unwrap();
        tx.commit().await.unwrap_err()
    };
    let error = world.expect_moved(&[], action).await;
    assert!(!Error::from(error).is_after_commit());
    assert_eq!(log.words(), [""; 0]);
}

/// Nothing could be waited for: work runs at once.
async fn b29_outside_a_transaction_work_runs_at_once(world: &World) {
    let (db, log) = (touching(world), Log::default());
    after_commit(&db, log.says("at once")).await.unwrap();
    assert_eq!(log.words(), ["at once"]);
    let error = after_commit(&db, log.fails("failing")).await.unwrap_err();
    assert!(error.to_string().contains("failing failed"), "{error}");
}

async fn b29_a_plain_connection_is_an_error(world: &World) {
    let log = Log::default();
    let error = after_commit(&world.db, log.says("never")).await.unwrap_err();
    assert!(error.to_string().contains("touchable::connect"), "{error}");
    let tx = world.db.begin().await.unwrap();
    after_commit(&tx, log.says("never")).await.unwrap_err();
    tx.commit().await.unwrap();
    assert_eq!(log.words(), [""; 0]);
}

on_every_backend!(board:
    b29_work_runs_once_in_order_after_the_outermost_commit,
    b29_work_is_dropped_with_what_it_waited_for,
    b29_a_failure_is_reported_and_the_rest_runs,
    b29_work_does_not_run_when_the_commit_fails,
    b29_outside_a_transaction_work_runs_at_once,
    b29_a_plain_connection_is_an_error,
);

/// Another connection sees the data while the work runs, and the work may save on the same pool.
async fn b29_the_data_is_visible_inside_the_work(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    let other = world.connect(2).await;
    let seen = Arc::new(AtomicUsize::new(0));
    let tx = db.begin().await.unwrap();
    rename_event(&tx, 1, "renamed").await.unwrap();
    let (again, reader, counter) = (db.clone(), other.clone(), seen.clone());
    after_commit(&tx, move || async move {
        let event = board::event::Entity::find_by_id(1).one(&reader).await?;
        assert_eq!(event.expect("an event").name, "renamed");
        let task = board::task::Entity::find_by_id(1).one(&reader).await?;
        assert!(task.expect("a task").updated_at > touchable_tests::at(1_000));
        counter.fetch_add(1, SeqCst);
        let task = board::task::ActiveModel {
            id: sea_orm::Unchanged(1),
            title: Set("by the work".to_owned()),
            ..Default::default()
        };
        task.update(&again).await?;
        Ok::<(), DbErr>(())
    })
    .await
    .unwrap();
    tx.commit().await.unwrap();
    other.close().await.unwrap();
    assert_eq!(seen.load(SeqCst), 1);
    assert_eq!(world.model::<board::task::Entity>(1).await.title, "by the work");
}

on_every_backend!(board, 2: b29_the_data_is_visible_inside_the_work);
