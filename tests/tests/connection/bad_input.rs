//! What can go wrong at a save or a commit: a clear error, no half, and nothing left to wait.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use sea_orm::{
    ActiveModelTrait, ConnectOptions, ConnectionTrait, Database, DbErr, RuntimeErr, Set, Statement,
    TransactionTrait,
};
use touchable::connect;
use touchable_tests::{
    Backend, Gate, World,
    entities::{board, outer},
    on_every_backend, on_every_server,
};

use crate::{atomic::refuse_updates_of_task_2, named_event, rename_event, touching};

/// The flush before the commit is refused: everything is rolled back, and the connection is as good as before.
async fn b27_a_flush_that_fails_rolls_back(world: &World) {
    board::populate(world).await;
    refuse_updates_of_task_2(world).await;
    let db = touching(world);
    for _ in 0..2 {
        let action = async {
            let tx = db.begin().await.unwrap();
            rename_event(&tx, 1, "renamed").await.unwrap();
            rename_event(&tx, 2, "renamed").await.unwrap();
            tx.commit().await.unwrap_err()
        };
        let error = world.expect_moved(&[], action).await.to_string();
        assert!(error.contains("tasks") && error.contains("refused"), "{error}");
    }
    let action = async {
        let tx = db.begin().await.unwrap();
        rename_event(&tx, 2, "renamed").await.unwrap();
        tx.commit().await.unwrap();
    };
    world.expect_moved(&["events 2", "tasks 4"], action).await;
    assert_eq!(db.registered(), 0);
}

/// In a closure the error of the commit comes out as the connection's.
async fn b27_a_flush_that_fails_in_a_closure(world: &World) {
    board::populate(world).await;
    refuse_updates_of_task_2(world).await;
    let db = touching(world);
    let action =
        db.transaction::<_, (), DbErr>(|tx| Box::pin(async move { rename_event(tx, 1, "renamed").await }));
    let error = world.expect_moved(&[], action).await.unwrap_err();
    assert!(error.to_string().contains("refused"), "{error}");
}

async fn b27_a_closure_that_panics_rolls_back(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    let action = async {
        let outcome = AssertUnwindSafe(db.transaction::<_, (), DbErr>(|tx| {
            Box::pin(async move {
                rename_event(tx, 1, "renamed").await?;
                let savepoint = tx.begin().await?;
                rename_event(&savepoint, 2, "renamed").await?;
                panic!("in the middle");
            })
        }))
        .catch_unwind()
        .await;
        assert!(outcome.is_err());
    };
    world.expect_moved(&[], action).await;
    world
        .expect_moved(&["events 2", "tasks 4"], rename_event(&db, 2, "renamed"))
        .await
        .unwrap();
    assert_eq!(db.registered(), 0);
}

/// A save that is dropped between announcing and sending leaves its announcement, which no other save takes.
async fn b26_a_dropped_save_is_nobody_elses(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    for let_through in 0..2 {
        let dropped = Gate::cancelling(&db, let_through, async |gate| {
            named_event(1, "never").update(gate).await
        })
        .await;
        if let Some(saved) = dropped {
            saved.unwrap();
            continue;
        }
        let elsewhere = board::event::ActiveModel {
            id: sea_orm::Unchanged(1),
            location: Set(format!("there {let_through}")),
            ..Default::default()
        };
        world
            .expect_moved(&["events 1"], elsewhere.update(&db))
            .await
            .unwrap();
        assert!(db.registered() <= 1, "one was dropped");
    }
}

/// A failed commit of a savepoint, and a savepoint of a failed transaction: no panic, no touch.
async fn b27_a_transaction_that_failed_cannot_commit_by_halves(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    let action = async {
        let tx = db.begin().await.unwrap();
        rename_event(&tx, 1, "renamed").await.unwrap();
        board::event(2).insert(&tx).await.unwrap_err();
        // PostgreSQL has aborted the transaction; the others let it go on.
        let went_on = rename_event(&tx, 2, "renamed").await.is_ok();
        (went_on, tx.commit().await)
    };
    let before = world.moments().await;
    let (went_on, committed) = action.await;
    let moved: Vec<String> = before.moved(&world.moments().await).into_iter().collect();
    assert_eq!(went_on, world.backend != Backend::Postgres);
    if went_on {
        committed.unwrap();
        assert_eq!(
            moved,
            ["events 1", "events 2", "tasks 1", "tasks 2", "tasks 3", "tasks 4"]
        );
    } else {
        committed.unwrap_err();
        assert_eq!(moved, [""; 0]);
    }
}

on_every_backend!(board:
    b27_a_flush_that_fails_rolls_back,
    b27_a_flush_that_fails_in_a_closure,
    b27_a_closure_that_panics_rolls_back,
    b26_a_dropped_save_is_nobody_elses,
    b27_a_transaction_that_failed_cannot_commit_by_halves,
);

/// A save that the database has refused is forgotten: the next save of the row, which changes nothing, touches nobody.
async fn b27_a_refused_save_is_forgotten(world: &World) {
    outer::populate(world).await;
    let db = touching(world);
    // A row of its own: what is remembered of a row is remembered by its table and key.
    let task = |event| outer::task::ActiveModel {
        id: sea_orm::Unchanged(3),
        event_id: Set(event),
        ..Default::default()
    };
    let tx = db.begin().await.unwrap();
    task(Some(999)).update(&tx).await.unwrap_err();
    tx.rollback().await.unwrap();
    let action = async {
        let tx = db.begin().await.unwrap();
        task(Some(3)).update(&tx).await.unwrap();
        tx.commit().await.unwrap();
    };
    world.expect_moved(&[], action).await;
    task(Some(999)).update(&db).await.unwrap_err();
    world.expect_moved(&[], task(Some(3)).update(&db)).await.unwrap();
    assert_eq!(db.registered(), 0);
}

on_every_backend!(outer: b27_a_refused_save_is_forgotten);

async fn session_of(db: &impl ConnectionTrait, backend: Backend) -> i64 {
    let sql = match backend {
        Backend::MariaDb => "SELECT CAST(CONNECTION_ID() AS SIGNED) AS id",
        _ => "SELECT CAST(pg_backend_pid() AS bigint) AS id",
    };
    let row = db
        .query_one_raw(Statement::from_string(db.get_database_backend(), sql))
        .await
        .unwrap()
        .unwrap();
    row.try_get("", "id").unwrap()
}

fn kill(backend: Backend, session: i64) -> String {
    match backend {
        Backend::MariaDb => format!("KILL {session}"),
        _ => format!("SELECT pg_terminate_backend({session}, 10000)"),
    }
}

/// The connection is lost before the commit: an error, no row moved, and the pool recovers.
async fn b27_a_connection_lost_at_the_commit(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    let observer = world.connect(1).await;
    for with_touches in [true, false] {
        let before = world.moments().await;
        let tx = db.begin().await.unwrap();
        if with_touches {
            rename_event(&tx, 1, "never").await.unwrap();
        }
        let session = session_of(&tx, world.backend).await;
        observer
            .execute_unprepared(&kill(world.backend, session))
            .await
            .unwrap();
        let error = tx.commit().await.unwrap_err();
        assert!(!touchable::Error::from(error).is_after_commit());
        assert_eq!(world.moments().await, before);
    }
    observer.close().await.unwrap();
    world
        .expect_moved(
            &["events 1", "tasks 1", "tasks 2", "tasks 3"],
            rename_event(&db, 1, "renamed"),
        )
        .await
        .unwrap();
    assert_eq!(db.registered(), 0);
}

on_every_server!(board, 4: b27_a_connection_lost_at_the_commit);

/// A pool of one connection, which is busy: the save waits for it, says so after its time, and has done nothing.
async fn b26_an_exhausted_pool_is_an_error(world: &World) {
    board::populate(world).await;
    let mut options = ConnectOptions::new(world.url());
    options
        .max_connections(1)
        .acquire_timeout(Duration::from_millis(200))
        .sqlx_logging(false);
    let pool = Database::connect(options).await.unwrap();
    let db = connect(pool.clone());
    let busy = pool.begin().await.unwrap();
    let start = Instant::now();
    let error = world
        .expect_moved(&[], rename_event(&db, 1, "renamed"))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            DbErr::ConnectionAcquire(_) | DbErr::Conn(RuntimeErr::SqlxError(_))
        ),
        "{error:?}"
    );
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!(db.registered(), 0);
    let error = db.begin().await.unwrap_err();
    assert!(matches!(error, DbErr::ConnectionAcquire(_)), "{error:?}");
    busy.rollback().await.unwrap();
    world
        .expect_moved(
            &["events 1", "tasks 1", "tasks 2", "tasks 3"],
            rename_event(&db, 1, "renamed"),
        )
        .await
        .unwrap();
    pool.close().await.unwrap();
}

/// One connection is enough for saves one after the other and all at once: no save needs two.
async fn b26_a_pool_of_one_is_enough(world: &World) {
    board::populate(world).await;
    let mut options = ConnectOptions::new(world.url());
    options
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(20))
        .sqlx_logging(false);
    let pool = Database::connect(options).await.unwrap();
    let db = connect(pool.clone());
    let (one, two, three) = tokio::join!(rename_event(&db, 1, "one"), rename_event(&db, 2, "two"), async {
        let tx = db.begin().await?;
        rename_event(&tx, 3, "three").await?;
        tx.commit().await
    });
    one.unwrap();
    two.unwrap();
    three.unwrap();
    pool.close().await.unwrap();
}

on_every_backend!(board, 2: b26_an_exhausted_pool_is_an_error, b26_a_pool_of_one_is_enough);
