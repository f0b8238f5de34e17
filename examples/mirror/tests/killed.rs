//! The mirror equals the table, whoever is killed and however often.

#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use tempfile::TempDir;

/// A directory and a namespace of a test's own.
struct Scene {
    dir: TempDir,
    namespace: String,
}

impl Scene {
    fn set() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let name = dir.path().file_name().unwrap().to_string_lossy().replace('.', "");
        Self {
            namespace: format!("mirror-{name}"),
            dir,
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let redis = env::var("TOUCHABLE_REDIS_URL").expect("run scripts/test, it brings up the servers");
        let mut command = Command::new(env!("CARGO_BIN_EXE_mirror"));
        command
            .args(arguments)
            .args(["--redis", &redis, "--namespace", &self.namespace, "--dir"])
            .arg(self.dir.path());
        command
    }

    fn start(&self, arguments: &[&str]) -> Running {
        Running(self.command(arguments).stdin(Stdio::null()).spawn().unwrap())
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    async fn database(&self, file: &str) -> DatabaseConnection {
        let path = self.dir.path().join(file);
        Database::connect(format!("sqlite://{}", path.display()))
            .await
            .unwrap()
    }
}

/// Ends when it is dropped.
struct Running(Child);

impl Running {
    fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // SIGKILL.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn text(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("{out}{err}")
}

const CHANGES: i64 = 2_000;

#[tokio::test]
async fn an_index_that_is_killed_again_and_again_misses_nothing() {
    let scene = Scene::set();
    let mut random = fastrand::Rng::new();
    let mut writer = scene.start(&["write", "--changes", &CHANGES.to_string(), "--pause", "3"]);
    let begun = Instant::now();
    while !writer.has_ended() {
        assert!(
            begun.elapsed() < Duration::from_mins(3),
            "the writer does not come to an end"
        );
        let index = scene.start(&["index"]);
        // Not to wait for anything: so long may it work.
        thread::sleep(Duration::from_millis(random.u64(200..1_200)));
        drop(index);
    }
    // Each process at work has a token of its own.
    let index = scene.database("index.db").await;
    assert!(state(&index, "token").await > 2, "too few came to work");
    let more = scene.output(&["write", "--changes", "20", "--pause", "0"]);
    assert!(more.status.success(), "{}", text(&more));
    let behind = scene.output(&["check", "--within", "0"]);
    assert_eq!(behind.status.code(), Some(1), "{}", text(&behind));
    let _index = scene.start(&["index"]);
    let equal = scene.output(&["check", "--within", "60"]);
    assert!(equal.status.success(), "{}", text(&equal));
    assert!(text(&equal).starts_with("equal: "), "{}", text(&equal));

    assert!(state(&index, "messages").await >= CHANGES);
    finds_what_was_written(&scene).await;
    notices_what_is_missing(&scene).await;
}

async fn state(index: &DatabaseConnection, column: &str) -> i64 {
    let sql = format!("SELECT {column} FROM state");
    let row = index.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql));
    row.await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

async fn finds_what_was_written(scene: &Scene) {
    let table = scene.database("products.db").await;
    let sql = "SELECT id, name FROM products ORDER BY updated_at DESC LIMIT 1";
    let row = table.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql));
    let row = row.await.unwrap().unwrap();
    let (id, name): (i32, String) = (row.try_get("", "id").unwrap(), row.try_get("", "name").unwrap());
    let words: Vec<&str> = name.split(' ').rev().collect();
    let found = scene.output(&[&["search"], words.as_slice()].concat());
    let line = format!("{id:>6}  {name}: ");
    assert!(
        text(&found).lines().any(|found| found.starts_with(&line)),
        "{line}\n{}",
        text(&found)
    );
    assert_eq!(text(&scene.output(&["search", "unheard-of"])), "");
}

/// The comparison itself can fail.
async fn notices_what_is_missing(scene: &Scene) {
    let index = scene.database("index.db").await;
    let sql = "DELETE FROM products WHERE rowid = (SELECT max(rowid) FROM products)";
    index.execute_unprepared(sql).await.unwrap();
    let differs = scene.output(&["check"]);
    assert_eq!(differs.status.code(), Some(1), "{}", text(&differs));
    assert!(text(&differs).contains("\n1 of "), "{}", text(&differs));
}

/// Waits for a line that is as it should be.
fn until(lines: &Receiver<String>, why: &str, is_so: impl Fn(&str) -> bool) {
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let line = lines.recv_timeout(left).unwrap_or_else(|_| panic!("{why}"));
        if is_so(&line) {
            return;
        }
    }
}

#[test]
fn the_line_tells_of_deaths_and_of_catching_up() {
    let scene = Scene::set();
    let mut watch = scene
        .command(&[])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut keys, out) = (watch.stdin.take().unwrap(), watch.stdout.take().unwrap());
    let mut watch = Running(watch);
    let (send, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            let _ = send.send(line);
        }
    });
    let equal = |line: &str| line.ends_with("the mirror equals the table");
    until(&lines, "nothing is indexed", |line| {
        equal(line) && !line.contains("indexed 0")
    });
    writeln!(keys, "k").unwrap();
    until(&lines, "it does not fall behind", |line| {
        line.contains("killed 1") && line.ends_with("rows differ") && !line.contains("behind 0")
    });
    writeln!(keys, "s").unwrap();
    until(&lines, "it does not catch up", |line| {
        line.contains("killed 1") && equal(line)
    });
    writeln!(keys, "q").unwrap();
    let begun = Instant::now();
    while !watch.has_ended() {
        assert!(begun.elapsed() < Duration::from_secs(30), "it does not end");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn without_redis_it_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let output = refused(dir.path());
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("--redis URL"), "{}", text(&output));
}

/// Nobody listens there.
fn refused(dir: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mirror"))
        .args(["--redis", "redis://127.0.0.1:1", "--dir"])
        .arg(dir)
        .output()
        .unwrap()
}
