//! 5: nodes that are processes, killed and stopped.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::Duration,
};

use tokio::time::{Instant, sleep};
use touchable::reactive::{BoxError, Compute, Computed, Reactive};

use crate::{
    on_every_shared_schedule,
    places::{Place, UNIT, eventually},
};

/// What the workers compute; this process reads only.
struct Processes;

impl Compute for Processes {
    const NAME: &'static str = "processes";
    type Key = u32;
    type Value = String;

    async fn compute(&self, _: &u32, _: Option<&String>) -> Result<Computed<String>, BoxError> {
        unreachable!("it has no worker")
    }
}

/// Workers that share a directory, in which they note what they do.
struct Workers {
    dir: PathBuf,
    url: String,
    namespace: String,
    compute_ms: u128,
    started: u32,
}

impl Workers {
    fn new(place: &Place, compute: Duration) -> Self {
        let dir = std::env::temp_dir().join(format!("touchable-reactive-{}", place.namespace));
        fs::create_dir_all(&dir).unwrap();
        Self {
            dir,
            url: place.url(),
            namespace: place.namespace.clone(),
            compute_ms: compute.as_millis(),
            started: 0,
        }
    }

    fn start(&mut self) -> Worker {
        self.started += 1;
        let process = Command::new(env!("CARGO_BIN_EXE_reactive-worker"))
            .args([&self.url, &self.namespace])
            .arg(&self.dir)
            .args([self.started.to_string(), self.compute_ms.to_string()])
            .spawn()
            .unwrap();
        Worker(process)
    }

    /// How often a key was computed.
    fn computed(&self, key: u32) -> u64 {
        fs::metadata(self.dir.join(format!("{key}.runs"))).map_or(0, |file| file.len())
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

struct Worker(Child);

impl Worker {
    fn signal(&self, signal: &str) {
        let status = Command::new("kill")
            .args([signal, &self.0.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }
}

/// Killed, with SIGKILL.
impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn reader(place: &Place) -> Reactive<Processes> {
    place
        .start(settings(place.builder(Processes)).without_worker())
        .await
        .unwrap()
}

/// Those of the workers too, see `src/bin/reactive-worker.rs`.
fn settings<C: Compute>(
    builder: touchable::reactive::ReactiveBuilder<C>,
) -> touchable::reactive::ReactiveBuilder<C> {
    builder
        .refresh_interval(Duration::from_millis(200))
        .claim_time(Duration::from_secs(1))
        .compute_timeout(Duration::from_mins(1))
        .lifetime(Duration::from_secs(30))
}

fn has_overlaps(dir: &Path) -> bool {
    dir.join("overlaps").exists()
}

async fn b05_killed_workers_leave_their_keys_to_others(place: &Place) {
    const KEYS: u32 = 8;
    let mut workers = Workers::new(place, Duration::from_millis(30));
    let mut running: Vec<Worker> = (0..3).map(|_| workers.start()).collect();
    let reader = reader(place).await;
    let begun = Instant::now();
    let mut killed = 0_u32;
    while killed < 8 {
        for key in 0..KEYS {
            let _ = reader.read(&key).await.unwrap();
        }
        sleep(Duration::from_millis(50)).await;
        // So many computations later, at a moment that is any.
        let all: u64 = (0..KEYS).map(|key| workers.computed(key)).sum();
        if all > u64::from(killed + 1) * 40 {
            let which = fastrand::usize(..running.len());
            running[which] = workers.start();
            killed += 1;
        }
        assert!(
            begun.elapsed() < Duration::from_mins(3),
            "{all} computations, {killed} killed"
        );
    }
    // Every key goes on, and at the pace of one chain.
    let before: Vec<u64> = (0..KEYS).map(|key| workers.computed(key)).collect();
    let since = Instant::now();
    for key in 0..KEYS {
        eventually("its next computations", async || {
            let _ = reader.read(&key).await.unwrap();
            (workers.computed(key) >= before[key as usize] + 5).then_some(())
        })
        .await;
    }
    // From the end of one to the start of the next: 180 ms at least.
    let most = since.elapsed().as_millis() / 180 + 3;
    for key in 0..KEYS {
        let more = workers.computed(key) - before[key as usize];
        assert!(
            u128::from(more) <= most,
            "{key}: {more} computations, {most} of one chain"
        );
    }
    assert!(!has_overlaps(&workers.dir), "two computed one key at once");
}

/// Stopped beyond the end of its claim, it goes on as if nothing were, and cannot write.
async fn b05_a_stopped_worker_cannot_write(place: &Place) {
    let mut workers = Workers::new(place, UNIT * 8);
    let reader = reader(place).await;
    let stopped = workers.start();
    eventually("its first value", async || {
        let reading = reader.read(&1).await.unwrap();
        reading
            .into_value()
            .filter(|value| *value.as_str() == *"worker 1, run 1")
    })
    .await;
    eventually("its second run", async || {
        let _ = reader.read(&1).await.unwrap();
        (workers.computed(1) == 2).then_some(())
    })
    .await;
    stopped.signal("-STOP");
    let _other = workers.start();
    eventually("another's value", async || {
        let reading = reader.read(&1).await.unwrap();
        reading
            .into_value()
            .filter(|value| value.starts_with("worker 2, "))
    })
    .await;
    stopped.signal("-CONT");
    // It is done by now with what it had begun, and tells so before it stores it.
    eventually("its end", async || {
        workers.dir.join("worker 1, run 2").exists().then_some(())
    })
    .await;
    let until = Instant::now() + UNIT * 10;
    while Instant::now() < until {
        let value = reader.read(&1).await.unwrap().into_value().unwrap();
        assert!(
            *value != "worker 1, run 2",
            "it has written after its claim had ended"
        );
        sleep(UNIT / 20).await;
    }
}

on_every_shared_schedule!(
    b05_killed_workers_leave_their_keys_to_others,
    b05_a_stopped_worker_cannot_write,
);
