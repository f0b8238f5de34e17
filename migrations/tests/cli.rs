//! The command line: what an operator types, what comes back, and the exit code.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::process::{Command, Output};

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use sea_orm_migration::MigratorTrait;
use touchable_migrations::example::Migrator;

on_every_backend!(
    touch_touches_what_shows_the_rows,
    touch_says_what_it_would_do,
    touch_goes_on_in_batches,
    touch_refuses_what_it_does_not_know,
    check_finds_missed_touches,
    check_finds_what_the_schema_lacks,
    the_commands_of_seaorm_are_there,
);

/// Runs the migrator of the example schema; returns its exit code, what it says and what it complains of.
fn migrate(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_touchable-migrate"))
        .env("DATABASE_URL", common::url())
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

fn done(arguments: &[&str]) -> String {
    let (code, said, complained) = migrate(arguments);
    assert_eq!(code, Some(0), "{said}{complained}");
    said
}

async fn run(db: &DatabaseConnection, sql: &str) {
    db.execute_unprepared(sql).await.expect(sql);
}

/// Two events with two tasks and one participant each; every stamp is old.
async fn fair(db: &DatabaseConnection) {
    Migrator::up(db, None).await.unwrap();
    run(
        db,
        "INSERT INTO users (id, first_name, last_name, time_zone) VALUES (1, 'Ada', 'Byron', 'UTC')",
    )
    .await;
    run(db, "INSERT INTO events (id, name, location, goal) VALUES (1, 'Fair', 'Hall', 'Fun'), (2, 'Gala', 'Hall', 'Fun')").await;
    run(db, "INSERT INTO tasks (id, event_id, owner_id, title) VALUES (1, 1, 1, 'a'), (2, 1, 1, 'b'), (3, 2, 1, 'c'), (4, 2, NULL, 'd')").await;
    run(
        db,
        "INSERT INTO participants (id, user_id, event_id) VALUES (1, 1, 1), (2, 1, 2)",
    )
    .await;
    for table in ["users", "events", "tasks", "participants"] {
        stamp(db, table, "1 = 1", "2020-01-01 00:00:00.000007").await;
    }
}

async fn stamp(db: &DatabaseConnection, table: &str, condition: &str, time: &str) {
    let time = match db.get_database_backend() {
        sea_orm::DbBackend::Sqlite => format!("{}+00:00", time.replace(' ', "T")),
        sea_orm::DbBackend::Postgres => format!("{time}+00"),
        _ => time.to_owned(),
    };
    run(
        db,
        &format!("UPDATE {table} SET updated_at = '{time}' WHERE {condition}"),
    )
    .await;
}

async fn moved(db: &DatabaseConnection, table: &str) -> Vec<i32> {
    let sql = format!("SELECT id FROM {table} WHERE updated_at > '2021-01-01' ORDER BY id");
    let rows = db
        .query_all_raw(Statement::from_string(db.get_database_backend(), sql))
        .await;
    rows.unwrap()
        .iter()
        .map(|row| row.try_get("", "id").unwrap())
        .collect()
}

async fn touch_touches_what_shows_the_rows(db: DatabaseConnection) {
    fair(&db).await;
    run(&db, "UPDATE events SET name = 'Bazaar' WHERE id = 1").await;
    assert_eq!(
        done(&["touch", "events", "--where", "name = 'Bazaar'"]),
        "1 row of `events` touched in 1 batch; rules: events -> tasks\n"
    );
    assert_eq!(moved(&db, "events").await, [1]);
    assert_eq!(moved(&db, "tasks").await, [1, 2]);
}

async fn touch_says_what_it_would_do(db: DatabaseConnection) {
    fair(&db).await;
    let dry = [
        "touch",
        "users",
        "--all",
        "--dry-run",
        "--columns",
        "time_zone,first_name",
    ];
    assert_eq!(
        done(&dry),
        "1 row of `users` would be touched in 1 batch; rules: users -> tasks, users -> participants\n"
    );
    assert_eq!(
        done(&["touch", "users", "--all", "--dry-run", "--columns", "time_zone"]),
        "1 row of `users` would be touched in 1 batch; no rule fires\n"
    );
    assert_eq!(
        done(&[
            "touch",
            "participants",
            "--all",
            "--dry-run",
            "--cascading-only",
            "--batch-size",
            "1"
        ]),
        "2 rows of `participants` would be touched in 2 batches; rules: participants -> event\n"
    );
    for table in ["users", "tasks", "participants", "events"] {
        assert!(moved(&db, table).await.is_empty(), "{table}");
    }
}

async fn touch_goes_on_in_batches(db: DatabaseConnection) {
    fair(&db).await;
    let some = [
        "touch",
        "tasks",
        "--all",
        "--batch-size",
        "2",
        "--at-most",
        "1",
        "--rest",
        "0",
    ];
    assert_eq!(
        done(&some),
        "2 rows of `tasks` touched in 1 batch, more are left after the key 2; no rule fires\n"
    );
    assert_eq!(moved(&db, "tasks").await, [1, 2]);
    let rest = [
        "touch",
        "tasks",
        "--where",
        "id > 2",
        "--batch-size",
        "2",
        "--rest",
        "0.1",
    ];
    assert_eq!(
        done(&rest),
        "2 rows of `tasks` touched in 1 batch; no rule fires\n"
    );
    assert_eq!(moved(&db, "tasks").await, [1, 2, 3, 4]);
}

async fn touch_refuses_what_it_does_not_know(db: DatabaseConnection) {
    fair(&db).await;
    for (arguments, code, complaint) in [
        (
            &["touch", "evnets", "--all"][..],
            1,
            "unknown table `evnets`: did you mean `events`?",
        ),
        (
            &["touch", "events", "--all", "--columns", "nmae"],
            1,
            "did you mean `name`?",
        ),
        (
            &["touch", "events", "--where", "nmae = 'x'"],
            1,
            "could not touch `events`",
        ),
        (
            &["touch", "events", "--where", ""],
            1,
            "the condition on the rows of `events` is blank",
        ),
        (&["touch", "events"], 2, "--where"),
        (
            &["touch", "events", "--all", "--where", "id = 1"],
            2,
            "cannot be used with",
        ),
        (
            &["touch", "events", "--all", "--batch-size", "0"],
            2,
            "--batch-size",
        ),
        (&["touch", "events", "--all", "--rest=-1"], 2, "rest"),
        (
            &["touch", "events", "--all", "--rest", "nan"],
            2,
            "a number from 0 to 1000",
        ),
        (&["check", "--keys", "3"], 2, "--stale"),
    ] {
        let (exit, said, complained) = migrate(arguments);
        assert_eq!(exit, Some(code), "{arguments:?}: {said}{complained}");
        assert!(complained.contains(complaint), "{arguments:?}: {complained}");
    }
    for table in ["users", "tasks", "participants", "events"] {
        assert!(moved(&db, table).await.is_empty(), "{table}");
    }
}

async fn check_finds_missed_touches(db: DatabaseConnection) {
    fair(&db).await;
    assert_eq!(done(&["check"]), "the schema fits the touch rules\n");
    assert!(!done(&["check", "--stale"]).contains("missed:"));

    stamp(&db, "events", "id = 2", "2022-01-01 00:00:00.5").await;
    let hint = done(&["check", "--stale"]);
    assert!(hint.contains("possible"), "a hint is no failure: {hint}");

    stamp(&db, "participants", "id = 1", "2022-01-01 00:00:00.5").await;
    let (code, said, _) = migrate(&["check", "--stale"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("touches of `participants` were missed"), "{said}");
    assert_eq!(migrate(&["check"]).0, Some(0), "nobody has asked");
    let patient = ["check", "--stale", "--tolerance", "90000000"];
    assert_eq!(migrate(&patient).0, Some(0));

    done(&["touch", "participants", "--where", "id = 1"]);
    assert!(!done(&["check", "--stale"]).contains("were missed"));
}

async fn check_finds_what_the_schema_lacks(db: DatabaseConnection) {
    fair(&db).await;
    stamp(&db, "participants", "id = 1", "2022-01-01 00:00:00.5").await;
    run(&db, "ALTER TABLE tasks DROP COLUMN updated_at").await;
    let (code, said, complained) = migrate(&["check", "--stale"]);
    assert_eq!(code, Some(1), "{said}{complained}");
    assert!(
        said.contains("the table `tasks` has no column `updated_at`"),
        "{said}"
    );
}

async fn the_commands_of_seaorm_are_there(db: DatabaseConnection) {
    done(&["up"]);
    assert!(done(&["status"]).contains("m20260101_000004_participants"));
    run(&db, "DELETE FROM participants").await;
    done(&["down", "-n", "1"]);
    done(&[]);
    run(&db, "DELETE FROM participants").await;
}
