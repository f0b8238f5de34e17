//! What becomes of the text of a statement that somebody wrote by hand.

use std::{
    env,
    fmt::Write as _,
    fs,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
};

use sea_orm::{ConnectionTrait, Database};
use touchable::{TouchConnection, TouchGraph, connect};
use touchable_tests::{World, cases, entities::board, judge, listen};
use tracing::field::{Field, Visit};
use tracing_subscriber::{Layer, layer::Context};

use crate::{known::FAILING, strict::watching};

const PERSONAL: &str = "anna@example.org";

fn personal_update() -> String {
    format!("UPDATE events SET name = '{PERSONAL}' WHERE location = '{PERSONAL}'")
}

/// Errors end up in logs, and logs are read by many.
async fn s_an_error_keeps_literals_to_itself(world: &World) {
    let db = watching(world).strict();
    let error = db.execute_unprepared(&personal_update()).await.unwrap_err();
    let said = format!("{error} {error:?}");
    assert!(said.contains("events"), "the table is named: {said}");
    assert!(
        !said.contains(PERSONAL),
        "a literal of the statement is told: {said}"
    );
}

/// All events of a scope as one text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl<S: tracing::Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        struct Text<'a>(&'a mut String);
        impl Visit for Text<'_> {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                write!(self.0, "{field}={value:?} ").unwrap();
            }
        }
        if event.metadata().target().starts_with("touchable") {
            event.record(&mut Text(&mut self.0.lock().unwrap()));
        }
    }
}

async fn s_a_warning_keeps_literals_to_itself(world: &World) {
    let db = watching(world);
    let log = Log::default();
    let _here = listen(log.clone());
    db.execute_unprepared(&personal_update()).await.unwrap();
    let said = log.0.lock().unwrap().clone();
    assert!(said.contains("events"), "the table is named: {said}");
    assert!(
        !said.contains(PERSONAL),
        "a literal of the statement is told: {said}"
    );
}

cases!(board::tables(), 1:
    s_an_error_keeps_literals_to_itself on sqlite postgres mariadb,
    s_a_warning_keeps_literals_to_itself on sqlite postgres mariadb,
);

/// A connection that watches a table that is not there: the statements are looked at and then refused by SQLite.
async fn looking() -> TouchConnection {
    let db = Database::connect("sqlite::memory:").await.unwrap();
    connect(db).watch(&TouchGraph::of::<(board::event::Entity,)>())
}

fn on_a_runtime(action: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(action);
}

/// What the process holds in memory, in MiB.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    let kibibytes: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kibibytes / 1024
}

/// A program that makes up its SQL has any number of statements, each as long as its values.
#[test]
fn s_warned_statements_take_little_memory() {
    judge(FAILING, "s_warned_statements_take_little_memory", "here", || {
        on_a_runtime(async {
            let db = looking().await;
            let mut held = None;
            for n in 0..1_000 {
                let sql = format!("UPDATE events SET name = '{n} {}'", "x".repeat(120_000));
                assert!(db.execute_unprepared(&sql).await.is_err(), "no such table");
                // The first ones warm up the allocator and the driver.
                if n == 20 {
                    held = Some(resident());
                }
            }
            let grown = resident() - held.unwrap();
            assert!(
                grown < 32,
                "1,000 statements that were warned of still take memory: {grown} MiB"
            );
        });
    });
}

const CHILD: &str = "TOUCHABLE_READS_A_LONG_COMMENT";

/// A stack that overflows ends the process: another one reads the statement.
#[test]
fn s_a_long_comment_is_read() {
    if env::var_os(CHILD).is_some() {
        on_a_runtime(async {
            let sql = format!("{}UPDATE events SET name = 'x'", "--\n".repeat(100_000));
            let error = looking().await.strict().execute_unprepared(&sql).await;
            assert!(error.is_err());
        });
        return;
    }
    judge(FAILING, "s_a_long_comment_is_read", "here", || {
        let child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "raw_sql::s_a_long_comment_is_read"])
            .env(CHILD, "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(
            child.success(),
            "the process that read 100,000 lines of comment ended with {child}"
        );
    });
}
