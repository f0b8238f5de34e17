//! Processes that are killed and stopped, and a server that is restarted.
//!
//! `TOUCHABLE_SEED=42` kills in the order of that seed, which every run prints.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use sea_orm::{ConnectionTrait, EntityTrait};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};
use touchable::feed::{Stream, StreamId};
use touchable_tests::{
    OwnRedis,
    entities::published::token,
    feed::{Handled, Log, Process, Role},
};

use crate::world::{World, until};

const WORKER: &str = env!("CARGO_BIN_EXE_feed-worker");

/// A server, a stream and a directory of a test's own, and the processes that use them.
struct Scene {
    server: OwnRedis,
    world: World,
    shards: usize,
    dir: PathBuf,
}

impl Scene {
    async fn set(shards: usize) -> Self {
        let server = OwnRedis::start(&[]);
        let world = World::on(server.url()).await;
        let dir = env::temp_dir().join(format!("touchable-feed-{}", world.namespace));
        std::fs::create_dir_all(&dir).unwrap();
        Self {
            server,
            world,
            shards,
            dir,
        }
    }

    fn start(&self, role: Role) -> Process {
        Process::start(
            WORKER,
            &self.server.url(),
            &self.world.namespace,
            self.shards,
            &self.dir,
            role,
        )
    }

    async fn users(&self) -> Stream {
        self.world
            .feed
            .stream("users")
            .shards(self.shards)
            .open()
            .await
            .unwrap()
    }

    fn handled(&self, shard: usize) -> Vec<Handled> {
        Log::new(&self.dir, &format!("handled-{shard}")).handled()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn seed() -> u64 {
    let seed = env::var("TOUCHABLE_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    eprintln!("seed {seed}");
    seed
}

const CHANGES: u64 = 100_000;
const PRODUCERS: u64 = 2;
const BATCH: usize = 500;

/// A hundred thousand changes by producers that are killed, handled by consumers that are killed, over a server that is
/// killed: each is seen, those of a record in their order, and how often one is seen twice is bounded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_seen_in_order_whoever_is_killed() {
    let mut scene = Scene::set(2).await;
    let users = scene.users().await;
    let mut rng = fastrand::Rng::with_seed(seed());
    let produce = |producer| Role::Produce {
        first_record: producer * 1_000,
        versions: CHANGES / PRODUCERS,
    };
    let consume = Role::Consume {
        batch_size: BATCH,
        lease_millis: 400,
    };
    let deliver = Role::Deliver { delay_millis: 1_500 };
    let mut producers: Vec<(Role, Process)> = (0..PRODUCERS)
        .map(|producer| (produce(producer), scene.start(produce(producer))))
        .collect();
    let mut others: Vec<(Role, Process)> = [consume, consume, consume, deliver, deliver, Role::Trim]
        .map(|role| (role, scene.start(role)))
        .into();
    let (mut producers_killed, mut others_killed, mut restarts) = (0, 0, 0);
    let begun = Instant::now();
    while !producers.iter_mut().all(|(_, process)| process.has_ended()) {
        // Not to wait for anything: so long may they work.
        tokio::time::sleep(Duration::from_millis(rng.u64(50..350))).await;
        let victim = rng.usize(..12);
        if victim < 8 {
            let (role, process) = &mut others[victim % 6];
            process.kill();
            *process = scene.start(*role);
            others_killed += 1;
        } else if victim < 11 {
            let (role, process) = &mut producers[victim % 2];
            if !process.has_ended() {
                process.kill();
                *process = scene.start(*role);
                producers_killed += 1;
            }
        } else if restarts < 3 {
            scene.server.kill();
            tokio::time::sleep(Duration::from_millis(rng.u64(..200))).await;
            scene.server.restart();
            restarts += 1;
        }
    }
    let produced = begun.elapsed();
    let consumer = users.consumer("search");
    let feed = &scene.world;
    until("everything is told and handled", async || {
        for shard in 0..2 {
            let delayed: u64 = feed
                .ask(redis::cmd("XLEN").arg(format!("{}:{{users/{shard}}}:delay", feed.namespace)))
                .await;
            if delayed > 0 {
                return false;
            }
        }
        consumer.lag().await.is_ok_and(|lag| lag.messages == 0)
    })
    .await;
    drop(others);
    let handled: Vec<Vec<Handled>> = (0..2).map(|shard| scene.handled(shard)).collect();
    assert_each_is_seen(&handled);
    let again: usize = handled.iter().map(|shard| assert_order(shard)).sum();
    let total: usize = handled.iter().map(Vec::len).sum();
    eprintln!(
        "{CHANGES} changes in {produced:?}, all handled after {:?}; killed: {producers_killed} producers, {others_killed} \
         others, the server {restarts} times; {total} handled, {again} of them again",
        begun.elapsed()
    );
    // Each death, and each lost lease, of whoever was at work in a shard has a batch handled again at most.
    let takeovers: usize = handled.iter().map(|shard| tokens(shard)).sum();
    assert!(
        again <= takeovers * BATCH,
        "{again} again in {takeovers} takeovers"
    );
}

fn assert_each_is_seen(handled: &[Vec<Handled>]) {
    let seen: BTreeSet<(u64, u64)> = handled
        .iter()
        .flatten()
        .map(|message| (message.record / 1_000, message.version))
        .collect();
    for producer in 0..PRODUCERS {
        for version in 0..CHANGES / PRODUCERS {
            assert!(
                seen.contains(&(producer, version)),
                "version {version} of {producer} is lost"
            );
        }
    }
}

/// Whatever is handled for the first time comes after everything handled before, so that what concerns a record is in the
/// stream's order. Returns how many were handled again.
fn assert_order(handled: &[Handled]) -> usize {
    let (mut last, mut first_times) = (StreamId::START, 0);
    let mut seen = BTreeSet::new();
    for message in handled {
        if seen.insert(message.id) {
            assert!(message.id > last, "{message:?} after {last}");
            last = message.id;
            first_times += 1;
        }
    }
    handled.len() - first_times
}

/// How many holders there were.
fn tokens(handled: &[Handled]) -> usize {
    handled
        .iter()
        .map(|message| message.token)
        .collect::<BTreeSet<_>>()
        .len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b01_a_producer_killed_between_commit_and_message() {
    let scene = Scene::set(1).await;
    let mut producer = scene.start(Role::Announce);
    producer.says("committed");
    producer.kill();
    assert!(scene.world.entries("queue").await.is_empty());
    let _consumer = scene.start(Role::Consume {
        batch_size: 10,
        lease_millis: 1_000,
    });
    let _delayer = scene.start(Role::Deliver { delay_millis: 200 });
    until("the change is told", async || scene.handled(0).len() == 1).await;
}

/// The saver is killed when its commit is done, and its queue message on the way to the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b01_a_saver_killed_between_commit_and_message() {
    let scene = Scene::set(1).await;
    let file = scene.dir.join("tokens.db");
    let db = sea_orm::Database::connect(format!("sqlite://{}?mode=rwc", file.display()))
        .await
        .unwrap();
    for sql in [
        "CREATE TABLE tokens (id INTEGER PRIMARY KEY, label TEXT, lock_no INTEGER, updated_at TEXT)",
        "INSERT INTO tokens VALUES (1, 'a', 1, '2023-11-14T22:13:20.000001+00:00')",
    ] {
        db.execute_unprepared(sql).await.unwrap();
    }
    let (way, withheld) = withhold_queue_messages(scene.server.url()).await;
    let mut saver = Process::start(WORKER, &way, &scene.world.namespace, 1, &scene.dir, Role::Save);
    withheld.await.unwrap();
    let stored = token::Entity::find_by_id(1).one(&db).await.unwrap().unwrap();
    assert_eq!(stored.label, "b", "it is committed");
    saver.kill();
    let stream = scene.world.feed.stream("tokens").open().await.unwrap();
    let queued = async || {
        let queue = format!("{}:{{tokens}}:queue", scene.world.namespace);
        let length: u64 = scene.world.ask(redis::cmd("XLEN").arg(queue)).await;
        length
    };
    assert_eq!(queued().await, 0);
    let delayer = stream.delayer(Duration::from_millis(100)).run().unwrap();
    until("the change is told", async || queued().await == 1).await;
    delayer.shutdown().await;
}

/// A way to a server on which no queue message arrives; it says when the first is on it.
async fn withhold_queue_messages(server: String) -> (String, oneshot::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let (first, withheld) = oneshot::channel();
    let first = Arc::new(Mutex::new(Some(first)));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let address = server
                .trim_start_matches("redis://")
                .trim_end_matches('/')
                .to_owned();
            let (mut answers, mut requests) = TcpStream::connect(address).await.unwrap().into_split();
            let (mut asking, mut answered) = client.into_split();
            tokio::spawn(async move { tokio::io::copy(&mut answers, &mut answered).await });
            let first = Arc::clone(&first);
            tokio::spawn(async move {
                let mut bytes = vec![0; 65_536];
                while let Ok(read) = asking.read(&mut bytes).await {
                    let text = String::from_utf8_lossy(&bytes[..read]);
                    if text.contains("XADD") && text.contains(":queue") {
                        if let Some(first) = first.lock().unwrap().take() {
                            first.send(()).unwrap();
                        }
                        continue;
                    }
                    if read == 0 || requests.write_all(&bytes[..read]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (url, withheld)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b08_a_dead_holder_is_replaced_within_the_lease_time() {
    let scene = Scene::set(1).await;
    let users = scene.users().await;
    let (lease, slack) = (Duration::from_secs(1), Duration::from_millis(500));
    let consume = Role::Consume {
        batch_size: 10,
        lease_millis: 1_000,
    };
    let mut all = Vec::new();
    for round in 0..5 {
        let mut times = Vec::new();
        for turn in 0..3 {
            let version = (round * 3 + turn) * 2;
            let before = scene.handled(0).len();
            let mut holder = scene.start(consume);
            holder.says("ready");
            queue(&users, version).await;
            until("the first works", async || scene.handled(0).len() > before).await;
            let mut standby = scene.start(consume);
            standby.says("ready");
            holder.kill();
            let killed = Instant::now();
            queue(&users, version + 1).await;
            until("the other works", async || {
                scene
                    .handled(0)
                    .last()
                    .is_some_and(|message| message.process == standby.id())
            })
            .await;
            times.push(killed.elapsed());
            standby.kill();
            // The next turn begins with a lease that a dead process still holds.
        }
        eprintln!("handled by the other after {times:?}");
        times.sort();
        // Once more on a machine that did other things meanwhile.
        if times[1] <= lease + slack {
            return;
        }
        all.push(times);
    }
    panic!("{all:?}");
}

async fn queue(users: &Stream, version: u64) {
    let version = touchable_tests::feed::Version { record: 1, version };
    users.producer().queue(&version).await.unwrap();
}

/// Stopped in its handler and woken when another has done its work: it moves nothing, and goes on with nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b09_a_stalled_holder_neither_moves_the_offset_back_nor_goes_on() {
    let scene = Scene::set(1).await;
    let users = scene.users().await;
    for version in 0..20 {
        queue(&users, version).await;
    }
    let mut stalled = scene.start(Role::Stall {
        version: 5,
        lease_millis: 500,
    });
    stalled.says("stalled");
    stalled.signal("STOP");
    let other = scene.start(Role::Consume {
        batch_size: 100,
        lease_millis: 60_000,
    });
    let consumer = users.consumer("search");
    until("the other has done everything", async || {
        consumer.lag().await.unwrap().messages == 0
    })
    .await;
    let offset = consumer.max_committed_id(0).await.unwrap();
    stalled.signal("CONT");
    // Until it has found out: it asks for the lease again, as the stand-by that it is now. A stand-by leaves no trace
    // but its silence, so this waits for longer than any of its timers.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(consumer.max_committed_id(0).await.unwrap(), offset);
    queue(&users, 20).await;
    until("the other goes on", async || {
        consumer.lag().await.unwrap().messages == 0
    })
    .await;
    let handled = scene.handled(0);
    let by = |process: u32| -> Vec<u64> {
        handled
            .iter()
            .filter(|message| message.process == process)
            .map(|message| message.version)
            .collect()
    };
    assert_eq!(by(other.id()), (5..=20).collect::<Vec<_>>());
    let by_stalled = by(stalled.id());
    assert!(
        by_stalled == (0..5).collect::<Vec<_>>() || by_stalled == (0..6).collect::<Vec<_>>(),
        "beyond the message in hand: {by_stalled:?}"
    );
    let tokens: BTreeMap<u32, BTreeSet<u64>> = handled.iter().fold(BTreeMap::new(), |mut tokens, message| {
        tokens
            .entry(message.process)
            .or_insert_with(BTreeSet::new)
            .insert(message.token);
        tokens
    });
    assert!(
        tokens[&stalled.id()].last() < tokens[&other.id()].first(),
        "a write of the stalled one can be told by its token: {tokens:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b07_a_message_that_kills_its_process_is_put_aside() {
    let scene = Scene::set(1).await;
    let users = scene.users().await;
    for version in 0..30 {
        queue(&users, version).await;
    }
    let consumer = users.consumer("search");
    let mut deaths = 0;
    let mut process = scene.start(Role::Abort { version: 13 });
    until("the others are handled", async || {
        if process.has_ended() {
            deaths += 1;
            process = scene.start(Role::Abort { version: 13 });
        }
        consumer.lag().await.unwrap().messages == 0
    })
    .await;
    // Twice in the batch, twice alone.
    assert_eq!(deaths, 4);
    let versions: Vec<u64> = scene.handled(0).iter().map(|message| message.version).collect();
    assert_eq!(
        versions,
        (0..30).filter(|version| *version != 13).collect::<Vec<_>>()
    );
    let dead = scene.world.entries("dead").await;
    assert_eq!(dead.len(), 1);
    assert!(dead[0].1["payload"].contains("13"), "{dead:?}");
    assert!(dead[0].1["reason"].contains("died"), "{dead:?}");
}
