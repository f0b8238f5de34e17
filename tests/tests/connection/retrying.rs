//! Behaviour 45: transactions that are repeated when the database asks for it.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
};

use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, Set, TransactionError};
use tokio::sync::Barrier;
use touchable::{Error, TransactionRetrying, after_commit};
use touchable_tests::{Backend, World, entities::board, on_every_backend, on_every_server};

use crate::{named_event, rename_event, touching};

/// Lets two transactions meet head on in their first try, and only there.
#[derive(Clone)]
struct Meeting {
    barrier: Arc<Barrier>,
    tries: Arc<AtomicU32>,
    /// Each side's own.
    first: Arc<AtomicU32>,
}

impl Meeting {
    fn of_two() -> (Self, Self) {
        let one = Self {
            barrier: Arc::new(Barrier::new(2)),
            tries: Arc::default(),
            first: Arc::default(),
        };
        let another = Self {
            first: Arc::default(),
            ..one.clone()
        };
        (one, another)
    }

    /// Renames two events, the first before the other side has its second.
    async fn rename(&self, db: &impl ConnectionTrait, first: i32, second: i32) -> Result<(), DbErr> {
        self.tries.fetch_add(1, SeqCst);
        rename_event(db, first, &format!("{first} before {second}")).await?;
        if self.first.fetch_add(1, SeqCst) == 0 {
            self.barrier.wait().await;
        }
        rename_event(db, second, &format!("{first} before {second}")).await
    }
}

/// The victim is repeated, and both are stored.
async fn b45_a_victim_is_repeated(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    let (one, another) = Meeting::of_two();
    let tries = one.tries.clone();
    let (left, right) = tokio::join!(
        db.transaction_retrying(|tx| {
            let meeting = one.clone();
            Box::pin(async move { meeting.rename(tx, 1, 2).await })
        }),
        db.transaction_retrying(|tx| {
            let meeting = another.clone();
            Box::pin(async move { meeting.rename(tx, 2, 1).await })
        }),
    );
    left.unwrap();
    right.unwrap();
    assert_eq!(tries.load(SeqCst), 3, "two tries and one repetition");
}

/// An application's own error, which has the database's as its cause.
#[derive(Debug)]
struct Wrapped(DbErr);

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the rename failed")
    }
}

impl std::error::Error for Wrapped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

async fn b45_a_victim_is_repeated_on_a_plain_connection(world: &World) {
    board::populate(world).await;
    let db = world.db.clone();
    let (one, another) = Meeting::of_two();
    let tries = one.tries.clone();
    let (left, right) = tokio::join!(
        db.transaction_retrying(|tx| {
            let meeting = one.clone();
            Box::pin(async move { meeting.rename(tx, 1, 2).await.map_err(Wrapped) })
        }),
        db.transaction_retrying(|tx| {
            let meeting = another.clone();
            Box::pin(async move { meeting.rename(tx, 2, 1).await.map_err(Wrapped) })
        }),
    );
    left.unwrap();
    right.unwrap();
    assert_eq!(tries.load(SeqCst), 3, "two tries and one repetition");
}

on_every_server!(board, 2:
    b45_a_victim_is_repeated,
    b45_a_victim_is_repeated_on_a_plain_connection,
);

/// Says so to every UPDATE of a task.
async fn deadlocks(world: &World) {
    let sql = if world.backend == Backend::Postgres {
        "CREATE FUNCTION deadlock() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         RAISE EXCEPTION 'Verklemmung entdeckt' USING ERRCODE = '40P01'; END $$; \
         CREATE TRIGGER deadlock BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION deadlock()"
    } else {
        "CREATE TRIGGER deadlock BEFORE UPDATE ON tasks FOR EACH ROW \
         SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'Verklemmung entdeckt'"
    };
    world.db.execute_unprepared(sql).await.unwrap();
}

/// Not for ever; and the error is the database's, with the touch in it, also at the commit.
async fn b45_a_transaction_is_repeated_a_bounded_number_of_times(world: &World) {
    board::populate(world).await;
    deadlocks(world).await;
    let tries = AtomicU32::new(0);
    let db = touching(world);
    let done = db.transaction_retrying(|tx| {
        tries.fetch_add(1, SeqCst);
        Box::pin(async move { rename_event(tx, 1, "renamed").await })
    });
    let Err(TransactionError::Connection(error)) = done.await else {
        panic!("the touches wait for the commit");
    };
    let error = Error::from(error);
    assert!(error.is_deadlock() && error.is_retryable(), "{error}");
    assert_eq!(error.table(), Some("tasks"), "{error}");
    assert_eq!(error.rules(), Some("events -> tasks"), "{error}");
    assert!(tries.load(SeqCst) >= 12);
}

/// What a callback makes of an error does not hide it: the transaction has heard it.
async fn b45_an_error_in_other_words_is_repeated(world: &World) {
    board::populate(world).await;
    deadlocks(world).await;
    let tries = AtomicU32::new(0);
    let db = touching(world);
    let done = db.transaction_retrying(|tx| {
        let nth = tries.fetch_add(1, SeqCst);
        Box::pin(async move {
            if nth == 2 {
                return Ok(());
            }
            let update = tx.execute_unprepared("UPDATE tasks SET title = 'x'").await;
            update.map(drop).map_err(|_| "something went wrong")
        })
    });
    done.await.unwrap();
    assert_eq!(tries.load(SeqCst), 3);
}

on_every_server!(board, 1:
    b45_a_transaction_is_repeated_a_bounded_number_of_times,
    b45_an_error_in_other_words_is_repeated,
);

/// Any other error is final, and so is a commit.
async fn b45_other_errors_are_final(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    let tries = AtomicU32::new(0);
    let done = db.transaction_retrying(|tx| {
        tries.fetch_add(1, SeqCst);
        Box::pin(async move { board::event(1).insert(tx).await.map(drop) })
    });
    let Err(TransactionError::Transaction(error)) = done.await else {
        panic!("the key is taken");
    };
    assert!(error.sql_err().is_some(), "{error}");
    assert_eq!(tries.load(SeqCst), 1);

    let done = db.transaction_retrying(|tx| {
        tries.fetch_add(1, SeqCst);
        Box::pin(async move {
            named_event(2, "renamed").update(tx).await?;
            after_commit(tx, || async { Err::<(), _>("too late") }).await?;
            Ok::<_, DbErr>(())
        })
    });
    let Err(TransactionError::Connection(error)) = done.await else {
        panic!("the work fails");
    };
    assert!(Error::from(error).is_after_commit());
    assert_eq!(tries.load(SeqCst), 2);
    assert_eq!(world.model::<board::event::Entity>(2).await.name, "renamed");
}

/// A value comes back, and nothing is repeated that went well.
async fn b45_a_transaction_that_succeeds_runs_once(world: &World) {
    board::populate(world).await;
    let tries = AtomicU32::new(0);
    let moved = ["events 1", "tasks 1", "tasks 2", "tasks 3"];
    let db = touching(world);
    let done = db.transaction_retrying(|tx| {
        tries.fetch_add(1, SeqCst);
        Box::pin(async move {
            let event = board::event::ActiveModel {
                name: Set("renamed".to_owned()),
                ..named_event(1, "")
            };
            event.update(tx).await
        })
    });
    let event = world.expect_moved(&moved, done).await.unwrap();
    assert_eq!((event.name.as_str(), tries.load(SeqCst)), ("renamed", 1));
    let found = world.db.transaction_retrying(|tx| {
        Box::pin(async move { board::event::Entity::find_by_id(1).one(tx).await })
    });
    assert_eq!(found.await.unwrap().unwrap().name, "renamed");
}

on_every_backend!(board: b45_other_errors_are_final, b45_a_transaction_that_succeeds_runs_once);
