//! A node that computes until it is killed, and notes what it does in a directory:
//! `reactive-worker URL NAMESPACE DIRECTORY NUMBER COMPUTE_MS`.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering::SeqCst},
    time::Duration,
};

use touchable::reactive::{BoxError, Compute, Computed, Reactive, RedisSchedule};

struct Processes {
    dir: PathBuf,
    number: String,
    time: Duration,
    runs: AtomicU32,
}

fn append(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

impl Compute for Processes {
    const NAME: &'static str = "processes";
    type Key = u32;
    type Value = String;

    async fn compute(&self, key: &u32, _: Option<&String>) -> Result<Computed<String>, BoxError> {
        let run = self.runs.fetch_add(1, SeqCst) + 1;
        // The system unlocks it when this process dies.
        let lock = append(&self.dir.join(format!("{key}.lock")))?;
        if lock.try_lock().is_err() {
            append(&self.dir.join("overlaps"))?.write_all(b"!")?;
        }
        append(&self.dir.join(format!("{key}.runs")))?.write_all(b".")?;
        // Not to be ended from outside: what it has begun it also brings to its end.
        tokio::task::block_in_place(|| std::thread::sleep(self.time));
        drop(lock);
        let value = format!("worker {}, run {run}", self.number);
        File::create(self.dir.join(&value))?;
        Ok(Computed::Value(value))
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, namespace, dir, number, time] = arguments.as_slice() else {
        return Err("reactive-worker URL NAMESPACE DIRECTORY NUMBER COMPUTE_MS".into());
    };
    let compute = Processes {
        dir: dir.into(),
        number: number.clone(),
        time: Duration::from_millis(time.parse()?),
        runs: AtomicU32::new(0),
    };
    let schedule = RedisSchedule::connect(url).await?.namespace(namespace);
    let _working = Reactive::builder(compute)
        .refresh_interval(Duration::from_millis(200))
        .claim_time(Duration::from_secs(1))
        .compute_timeout(Duration::from_mins(1))
        .lifetime(Duration::from_secs(30))
        .schedule(schedule)
        .start()?;
    std::future::pending().await
}
