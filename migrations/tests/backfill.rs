//! Backfill: in batches, interrupted, resumed, over keys of every shape.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::{future::poll_fn, pin::pin, task::Poll};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use sea_orm_migration::SchemaManager;
use touchable_migrations::TouchSchema;

on_every_backend!(
    goes_on_where_it_stopped,
    a_failing_batch_takes_back_itself_only,
    may_be_dropped_at_any_point,
    stamped_rows_keep_their_stamp,
    nulls_count_as_missing,
    keys_are_composite_or_text,
    nothing_to_do_is_done,
    a_table_without_a_key_is_refused,
);

const ROWS: u64 = 25_000;

async fn run(db: &DatabaseConnection, sql: &str) -> u64 {
    db.execute_unprepared(sql).await.expect(sql).rows_affected()
}

async fn count(db: &DatabaseConnection, condition: &str) -> u64 {
    let sql = format!("SELECT count(*) AS n FROM notes WHERE {condition}");
    let row = db
        .query_one_raw(Statement::from_string(db.get_database_backend(), sql))
        .await
        .unwrap()
        .unwrap();
    u64::try_from(row.try_get::<i64>("", "n").unwrap()).unwrap()
}

async fn pending(db: &DatabaseConnection) -> u64 {
    count(db, "updated_at IS NULL OR updated_at < '1971-01-01'").await
}

async fn notes(db: &DatabaseConnection, key: &str, rows: u64) {
    run(
        db,
        &format!(
            "CREATE TABLE notes (a integer NOT NULL, b integer NOT NULL, c char(12), text char(9), {key})"
        ),
    )
    .await;
    let numbers =
        format!("WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {rows} - 1)");
    let select = "SELECT i % 100, i, 'key-' || i, 'x' FROM n";
    let insert = "INSERT INTO notes (a, b, c, text)";
    if db.get_database_backend() == DbBackend::MySql {
        let select = select.replace("'key-' || i", "concat('key-', i)");
        // For MariaDB, and for MySQL.
        let insert = insert.replace(
            "INSERT ",
            "/*M!100000 SET STATEMENT max_recursive_iterations = 1000000 FOR */ \
             INSERT /*+ SET_VAR(cte_max_recursion_depth = 1000000) */ ",
        );
        run(db, &format!("{insert} {numbers} {select}")).await;
    } else {
        run(db, &format!("{insert} {numbers} {select}")).await;
    }
    SchemaManager::new(db)
        .touch_columns("notes")
        .deferred()
        .up()
        .await
        .unwrap();
}

async fn goes_on_where_it_stopped(db: DatabaseConnection) {
    notes(&db, "PRIMARY KEY (b)", ROWS).await;
    assert_eq!(pending(&db).await, ROWS);
    let manager = SchemaManager::new(&db);
    let backfill = manager.backfill("notes", "updated_at").batch_size(2_000);

    let first = backfill.clone().at_most(3).run().await.unwrap();
    assert_eq!((first.rows, first.batches, first.finished), (6_000, 3, false));
    assert_eq!(pending(&db).await, ROWS - 6_000);
    assert_eq!(
        count(&db, "b < 6000 AND updated_at < '1971-01-01'").await,
        0,
        "in the order of the key"
    );

    let rest = backfill.clone().run().await.unwrap();
    assert_eq!((rest.rows, rest.batches, rest.finished), (ROWS - 6_000, 10, true));
    assert_eq!(pending(&db).await, 0);
}

async fn a_failing_batch_takes_back_itself_only(db: DatabaseConnection) {
    notes(&db, "PRIMARY KEY (b)", 1_000).await;
    let (fail, mend) = match db.get_database_backend() {
        DbBackend::Postgres => (
            "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN IF new.b = 650 THEN RAISE EXCEPTION ''broken''; END IF; RETURN new; END'; \
             CREATE TRIGGER broken BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION broken()",
            "DROP TRIGGER broken ON notes",
        ),
        DbBackend::MySql => (
            "CREATE TRIGGER broken BEFORE UPDATE ON notes FOR EACH ROW \
             IF new.b = 650 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'broken'; END IF",
            "DROP TRIGGER broken",
        ),
        _ => (
            "CREATE TRIGGER broken BEFORE UPDATE ON notes WHEN new.b = 650 \
             BEGIN SELECT raise(ABORT, 'broken'); END",
            "DROP TRIGGER broken",
        ),
    };
    run(&db, fail).await;
    let manager = SchemaManager::new(&db);
    let backfill = manager.backfill("notes", "updated_at").batch_size(100);
    let error = backfill.clone().run().await.unwrap_err().to_string();
    assert!(error.contains("broken"), "{error}");
    assert_eq!(
        pending(&db).await,
        400,
        "six batches stay, the seventh is taken back"
    );

    run(&db, mend).await;
    assert_eq!(backfill.run().await.unwrap().rows, 400);
}

/// Polls a future so many times at most, then drops it.
async fn polled<F: Future>(future: F, mut times: u32) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| match times.checked_sub(1) {
        None => Poll::Ready(None),
        Some(left) => {
            times = left;
            future.as_mut().poll(context).map(Some)
        }
    })
    .await
}

async fn may_be_dropped_at_any_point(db: DatabaseConnection) {
    notes(&db, "PRIMARY KEY (b)", 2_000).await;
    let manager = SchemaManager::new(&db);
    let backfill = manager.backfill("notes", "updated_at").batch_size(100);
    let mut left = Vec::new();
    for polls in 1.. {
        let outcome = polled(backfill.clone().run(), polls).await;
        left.push(pending(&db).await);
        if let Some(filled) = outcome {
            assert!(filled.unwrap().finished);
            break;
        }
    }
    assert!(left.is_sorted_by(|before, after| before >= after), "{left:?}");
    assert!(
        left.iter().all(|rows| rows % 100 == 0),
        "whole batches only: {left:?}"
    );
    assert_eq!(left.last(), Some(&0));
    assert!(left.len() > 3, "it was interrupted: {left:?}");
}

async fn stamped_rows_keep_their_stamp(db: DatabaseConnection) {
    notes(&db, "PRIMARY KEY (b)", 10).await;
    let stamp = match db.get_database_backend() {
        DbBackend::Sqlite => "'2020-01-01T00:00:00.000007+00:00'",
        DbBackend::Postgres => "'2020-01-01 00:00:00.000007+00'",
        _ => "'2020-01-01 00:00:00.000007'",
    };
    run(&db, &format!("UPDATE notes SET updated_at = {stamp} WHERE b = 4")).await;
    let manager = SchemaManager::new(&db);
    let filled = manager.backfill("notes", "updated_at").run().await.unwrap();
    assert_eq!((filled.rows, filled.batches, filled.finished), (9, 1, true));
    assert_eq!(count(&db, &format!("updated_at = {stamp}")).await, 1);
}

async fn nulls_count_as_missing(db: DatabaseConnection) {
    notes(&db, "PRIMARY KEY (b)", 10).await;
    let column_type = match db.get_database_backend() {
        DbBackend::Sqlite => "text",
        DbBackend::Postgres => "timestamptz",
        _ => "datetime(6)",
    };
    run(
        &db,
        &format!("ALTER TABLE notes ADD COLUMN seen_at {column_type}"),
    )
    .await;
    let manager = SchemaManager::new(&db);
    let filled = manager
        .backfill("notes", "seen_at")
        .batch_size(4)
        .run()
        .await
        .unwrap();
    assert_eq!((filled.rows, filled.batches), (10, 3));
    assert_eq!(count(&db, "seen_at IS NULL").await, 0);
}

async fn keys_are_composite_or_text(db: DatabaseConnection) {
    let manager = SchemaManager::new(&db);
    for key in ["PRIMARY KEY (a, b)", "PRIMARY KEY (c)", "PRIMARY KEY (c, a)"] {
        notes(&db, key, 1_000).await;
        let backfill = manager.backfill("notes", "updated_at").batch_size(70);
        assert_eq!(
            backfill.clone().at_most(4).run().await.unwrap().rows,
            280,
            "{key}"
        );
        let rest = backfill.run().await.unwrap();
        assert_eq!((rest.rows, rest.batches, rest.finished), (720, 11, true), "{key}");
        assert_eq!(pending(&db).await, 0);
        run(&db, "DROP TABLE notes").await;
    }
}

async fn nothing_to_do_is_done(db: DatabaseConnection) {
    notes(&db, "PRIMARY KEY (b)", 10).await;
    let manager = SchemaManager::new(&db);
    let backfill = manager.backfill("notes", "updated_at").batch_size(5);
    backfill.clone().run().await.unwrap();
    let again = backfill.run().await.unwrap();
    assert_eq!((again.rows, again.batches, again.finished), (0, 0, true));
}

async fn a_table_without_a_key_is_refused(db: DatabaseConnection) {
    notes(&db, "UNIQUE (b)", 10).await;
    let manager = SchemaManager::new(&db);
    let error = manager
        .backfill("notes", "updated_at")
        .run()
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("primary key"), "{error}");
}
