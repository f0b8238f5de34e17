//! Inside the processes.

use std::{borrow::Cow, io::Read, path::PathBuf, process, time::Duration};

use sea_orm::{ActiveModelTrait, Database, Set, Unchanged};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;
use touchable::{
    Error, Result,
    feed::{Batch, Feed, Record, Stream},
};

use super::Log;
use crate::entities::published::token;

/// A change of a record that can be told from its other changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Version {
    pub record: u64,
    pub version: u64,
}

impl Record for Version {
    fn key(&self) -> Cow<'_, str> {
        self.record.to_string().into()
    }
}

/// What a process does until it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Commits so many versions, announced and told, and ends; goes on where one before it was killed.
    Produce {
        /// Apart from those of other producers.
        first_record: u64,
        versions: u64,
    },
    /// Announces one version, commits it and stops before it is told.
    Announce,
    /// Saves a [token](mod@crate::entities::published::token), which publishes itself.
    Save,
    /// Handles messages.
    Consume { batch_size: usize, lease_millis: u64 },
    /// The same, but takes itself along when it sees this version.
    Abort { version: u64 },
    /// The same, but stops in the handler of this version for good.
    Stall { version: u64, lease_millis: u64 },
    /// Sends what is due.
    Deliver { delay_millis: u64 },
    /// Removes what the consumer has done.
    Trim,
}

impl Role {
    /// As arguments of the process.
    #[must_use]
    pub fn arguments(self) -> Vec<String> {
        let (name, numbers) = match self {
            Self::Produce {
                first_record,
                versions,
            } => ("produce", vec![first_record, versions]),
            Self::Announce => ("announce", vec![]),
            Self::Save => ("save", vec![]),
            Self::Consume {
                batch_size,
                lease_millis,
            } => ("consume", vec![batch_size as u64, lease_millis]),
            Self::Abort { version } => ("abort", vec![version]),
            Self::Stall {
                version,
                lease_millis,
            } => ("stall", vec![version, lease_millis]),
            Self::Deliver { delay_millis } => ("deliver", vec![delay_millis]),
            Self::Trim => ("trim", vec![]),
        };
        let numbers = numbers.iter().map(u64::to_string);
        [name.to_owned()].into_iter().chain(numbers).collect()
    }

    fn parse(name: &str, numbers: &[u64]) -> Self {
        match (name, numbers) {
            ("produce", &[first_record, versions]) => Self::Produce {
                first_record,
                versions,
            },
            ("announce", []) => Self::Announce,
            ("save", []) => Self::Save,
            ("consume", &[batch_size, lease_millis]) => Self::Consume {
                batch_size: usize::try_from(batch_size).expect("a size"),
                lease_millis,
            },
            ("abort", &[version]) => Self::Abort { version },
            ("stall", &[version, lease_millis]) => Self::Stall {
                version,
                lease_millis,
            },
            ("deliver", &[delay_millis]) => Self::Deliver { delay_millis },
            ("trim", []) => Self::Trim,
            other => panic!("no role: {other:?}"),
        }
    }
}

/// Records of one producer.
pub const RECORDS: u64 = 50;

/// Versions of one commit.
const COMMIT: u64 = 250;

/// Does what the arguments say until it is killed: the server's URL, the namespace, the number of shards, the directory
/// of the logs, and a [`Role`].
///
/// # Panics
///
/// Panics when the arguments are not a [`Process`](super::Process)'s.
pub fn work(mut arguments: impl Iterator<Item = String>) {
    let mut next = || arguments.next().expect("five arguments");
    let (url, namespace, shards, dir, role) = (next(), next(), next(), next(), next());
    let numbers: Vec<u64> = arguments
        .map(|number| number.parse().expect("a number"))
        .collect();
    let role = Role::parse(&role, &numbers);
    end_with_parent();
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(async {
            let stream = if role == Role::Save { "tokens" } else { "users" };
            let users = open(&url, &namespace, stream, shards.parse().expect("a number")).await;
            let worker = Worker {
                users,
                dir: PathBuf::from(dir),
            };
            println!("ready");
            worker.run(role).await;
            println!("done");
        });
}

/// The server may be down at the moment.
async fn open(url: &str, namespace: &str, stream: &str, shards: usize) -> Stream {
    loop {
        let opened = async {
            let feed = Feed::builder(url).namespace(namespace).connect().await?;
            feed.stream(stream).shards(shards).open().await
        };
        match opened.await {
            Ok(stream) => return stream,
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    }
}

struct Worker {
    users: Stream,
    dir: PathBuf,
}

impl Worker {
    async fn run(&self, role: Role) {
        let forever = std::future::pending::<()>;
        match role {
            Role::Produce {
                first_record,
                versions,
            } => self.produce(first_record, versions).await,
            Role::Announce => self.announce().await,
            Role::Save => self.save().await,
            Role::Consume {
                batch_size,
                lease_millis,
            } => self.consume(batch_size, lease_millis, |_| {}).await,
            Role::Abort { version } => {
                let abort = move |bad| {
                    if bad == version {
                        process::abort()
                    }
                };
                self.consume(10, 200, abort).await;
            }
            Role::Stall {
                version,
                lease_millis,
            } => {
                let stop = move |bad| {
                    if bad == version {
                        println!("stalled");
                    }
                };
                self.consume(1, lease_millis, stop).await;
            }
            Role::Deliver { delay_millis } => {
                let _task = self
                    .users
                    .delayer(Duration::from_millis(delay_millis))
                    .run()
                    .expect("a delay");
                forever().await;
            }
            Role::Trim => {
                let trimmer = self.users.trimmer(["search"]).interval(Duration::from_millis(50));
                let _task = trimmer.run().expect("a consumer");
                forever().await;
            }
        }
    }

    /// The commit is a line in a file of one's own.
    async fn produce(&self, first_record: u64, versions: u64) {
        let committed = Log::new(&self.dir, &format!("committed-{first_record}"));
        let producer = self.users.producer();
        loop {
            // What one that was killed before has committed.
            let from = committed
                .lines()
                .last()
                .map_or(0, |line| line[0].parse().expect("a number"));
            if from >= versions {
                return;
            }
            let to = versions.min(from + COMMIT);
            let records: Vec<Version> = (from..to)
                .map(|version| Version {
                    record: first_record + version % RECORDS,
                    version,
                })
                .collect();
            let done: Result<()> = producer
                .bulk(&records, async || {
                    committed.append([to]);
                    Ok::<_, Error>(())
                })
                .await;
            if done.is_err() {
                // The server is down: nothing was committed.
                sleep(Duration::from_millis(20)).await;
            }
        }
    }

    async fn announce(&self) {
        let version = Version {
            record: 1,
            version: 1,
        };
        self.users.producer().delay(&version).await.expect("a server");
        Log::new(&self.dir, "committed-1").append([1]);
        println!("committed");
        std::future::pending::<()>().await;
    }

    async fn save(&self) {
        let file = self.dir.join("tokens.db");
        let db = Database::connect(format!("sqlite://{}", file.display())).await;
        let db = touchable::connect(db.expect("a database")).publish(&self.users.producer());
        let token = token::ActiveModel {
            id: Unchanged(1),
            label: Set("b".to_owned()),
            ..Default::default()
        };
        token.update(&db).await.expect("a save");
    }

    /// Notes what it has handled in the log of the shard.
    async fn consume(
        &self,
        batch_size: usize,
        lease_millis: u64,
        before: impl Fn(u64) + Send + Sync + 'static,
    ) {
        let dir = self.dir.clone();
        let consumer = self
            .users
            .consumer("search")
            .batch_size(batch_size)
            .lease_time(Duration::from_millis(lease_millis))
            .max_attempts(2)
            .pauses(Duration::from_millis(1), Duration::from_millis(10));
        let stalls = batch_size == 1;
        let _task = consumer
            .run(move |batch: Batch<Version>| {
                let log = Log::new(&dir, &format!("handled-{}", batch.shard()));
                for message in batch.iter() {
                    before(message.record.version);
                }
                let lines: Vec<String> = batch
                    .iter()
                    .map(|message| {
                        let Version { record, version } = message.record;
                        format!(
                            "{} {} {} {record} {version}",
                            process::id(),
                            batch.token(),
                            message.id
                        )
                    })
                    .collect();
                async move {
                    if stalls {
                        // Into this the parent stops the process.
                        sleep(Duration::from_millis(20)).await;
                    }
                    log.append(lines);
                    Ok::<_, Error>(())
                }
            })
            .expect("settings that work");
        std::future::pending::<()>().await;
    }
}

/// Nobody is left to kill this process once the parent is gone.
fn end_with_parent() {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        process::exit(0);
    });
}
