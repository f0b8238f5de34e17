//! Values and due times in Redis or Redis Cluster, with workers on any node.

mod keys;
mod news;
mod scripts;

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use ::redis::{RedisError, Value, cmd};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::try_join_all;
use tokio::time::Instant;

use self::{
    keys::{Keys, MOST_SHARDS, Shard, registry},
    news::Channel,
};
use super::{
    jobs::{
        Claim, Claims, Content, Follow, Found, HeldKey, Inspected, Jobs, Outcome, Schedule, Settled, Stored,
        Terms, Want, sealed,
    },
    observe::UNKNOWN,
    reading::{Cause, ComputeError},
};
use crate::{
    error::{Error, Result, reactive::Failure},
    redis::{Connection, Server, millis},
    schedule::{Backoff, Wake},
};

/// Values and due times in Redis 6.2 or newer, on one server or on a cluster: every node reads, and every node that has a
/// worker computes.
///
/// What one [`Compute::NAME`](super::Compute::NAME) needs lies under `touchable:{reactive/NAME/…}`, and everything has an end
/// after which it expires by itself. Times are those of the Redis server. A server that loses what it has acknowledged (a
/// failover to a replica that lags) can have a key computed twice at once, and show an older value until the next computation.
/// A clone is the same schedule.
#[derive(Clone)]
pub struct RedisSchedule {
    server: Server,
    connection: Connection,
    namespace: Arc<str>,
    /// The names that this process computes.
    names: Arc<Mutex<Vec<&'static str>>>,
}

impl RedisSchedule {
    /// Connects to the server of a URL, `redis://user:password@host:port/database`, or to the cluster of one or several
    /// nodes, with commas between their URLs.
    ///
    /// # Errors
    /// When the URL is invalid, nobody answers there in time, or it refuses the password.
    pub async fn connect(url: &str) -> Result<Self> {
        let failed = |source| {
            Error::from(Failure::Schedule {
                operation: "connect to",
                what: "*".to_owned(),
                source,
            })
        };
        let server = Server::parse(url).map_err(|problem| failed(problem.into()))?;
        let connection = server
            .open()
            .await
            .map_err(|error| failed(server.explain(error)))?;
        Ok(Self {
            server,
            connection,
            namespace: "touchable".into(),
            names: Arc::default(),
        })
    }

    /// The same with other keys; `touchable` by default. Schedules of different namespaces share nothing.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = namespace.into();
        self.names = Arc::default();
        self
    }
}

impl fmt::Debug for RedisSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSchedule")
            .field("server", &self.server)
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

impl Schedule for RedisSchedule {}

impl sealed::Open for RedisSchedule {
    fn open(&self, terms: Terms) -> Result<Arc<dyn Jobs>> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if terms.works && !names.contains(&terms.name) {
            names.push(terms.name);
        }
        drop(names);
        Ok(Arc::new(RedisJobs {
            schedule: self.clone(),
            terms,
            keys: Keys::new(&self.namespace, terms.name, self.connection.is_cluster()),
            wake: Wake::default(),
            clock: ServerClock::new(),
            next_shard: AtomicUsize::new(0),
            troubles: std::array::from_fn(|_| Mutex::default()),
            registered: Mutex::new(None),
        }))
    }
}

/// How often a name is said to be in use, and for how many times that it counts as such.
const REGISTER: Duration = Duration::from_mins(1);
const REGISTERED_FOR: u32 = 10;

struct RedisJobs {
    schedule: RedisSchedule,
    terms: Terms,
    keys: Keys,
    wake: Wake,
    clock: ServerClock,
    /// Where the next look begins, so that no shard is always the last.
    next_shard: AtomicUsize,
    registered: Mutex<Option<Instant>>,
    troubles: [Mutex<Trouble>; MOST_SHARDS],
}

/// What is wrong with one shard.
#[derive(Debug, Default)]
struct Trouble {
    /// Of looks whose answer was lost.
    lost_tokens: Vec<u64>,
    failures: u32,
    /// Not asked before this.
    until: Option<Instant>,
}

/// For how long a shard is left alone that does not answer, so that the others are not held up.
const SHARD_PAUSES: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(15));

/// The server's time between two answers that tell it.
struct ServerClock {
    start: Instant,
    /// The server's time at the start, in milliseconds since the Unix epoch; zero until it is known.
    at_start: AtomicI64,
}

impl ServerClock {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            at_start: AtomicI64::new(0),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a process does not run that long")]
    fn since_start(&self) -> i64 {
        self.start.elapsed().as_millis() as i64
    }

    /// An answer says that it is now this time there.
    fn note(&self, now: i64) {
        self.at_start.store(now - self.since_start(), Relaxed);
    }

    fn now(&self) -> Option<i64> {
        let at_start = self.at_start.load(Relaxed);
        (at_start != 0).then(|| at_start + self.since_start())
    }
}

/// `v`, `a`, `i`, `x`, `f`, `e`, `o`, `d`, `w`, `t` of an entry.
type Fields = (
    Option<Bytes>,
    Option<i64>,
    Option<u64>,
    Option<u8>,
    Option<u32>,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<String>,
);

/// Key, encoded key, generation, version, failures, and for how many milliseconds it was due.
type Claimed = (String, Bytes, u64, Option<String>, u32, u64);

fn time_between(from: i64, to: i64) -> Duration {
    Duration::from_millis(u64::try_from(to - from).unwrap_or_default())
}

fn found(fields: Fields, now: i64) -> Found {
    let (value, computed, interval, expired, failures, error, version, due, _, _) = fields;
    Found {
        stored: value.map(|bytes| Stored {
            content: Content::Encoded(bytes),
            age: time_between(computed.unwrap_or(now), now),
            interval: Duration::from_millis(interval.unwrap_or_default()),
            version: version.map(Into::into),
        }),
        is_expired: expired.is_some(),
        error: error.map(|error| {
            let (cause, message) = error.split_once(' ').unwrap_or(("error", &error));
            Arc::new(ComputeError {
                cause: Cause::of(cause),
                message: message.to_owned(),
                failures: failures.unwrap_or(1),
            })
        }),
        due_in: time_between(now, due.unwrap_or(now)),
    }
}

fn claim(claimed: Claimed, token: u64) -> Claim {
    let (key, encoded_key, generation, version, failures, late) = claimed;
    Claim {
        key: key.into(),
        token,
        encoded_key,
        generation,
        version: version.map(Into::into),
        failures,
        late: Duration::from_millis(late),
    }
}

impl RedisJobs {
    fn connection(&self) -> &Connection {
        &self.schedule.connection
    }

    fn failed(&self, operation: &'static str, key: &str, error: RedisError) -> Error {
        let name = self.terms.name;
        Failure::Schedule {
            operation,
            what: if key.is_empty() {
                name.to_owned()
            } else {
                format!("{name}:{key}")
            },
            source: self.schedule.server.explain(error),
        }
        .into()
    }

    async fn outdate(&self, key: &str, is_cleared: bool) -> Result<bool> {
        let shard = self.keys.shard(key);
        let operation = if is_cleared { "clear" } else { "expire" };
        scripts::EXPIRE
            .run(self.connection(), &shard.with(key).each(), |command| {
                command.arg(key).arg(&self.keys.channel).arg(u8::from(is_cleared));
            })
            .await
            .map_err(|error| self.failed(operation, key, error))
    }

    /// Claims what was due so much earlier than now.
    async fn claim_in(&self, number: usize, most: usize, earlier: Duration) -> Result<Claims> {
        let shard = &self.keys.shards[number];
        let token = fastrand::u64(1..1 << 53);
        let answer: Result<(i64, u64, u64, Vec<Claimed>), RedisError> = async {
            self.abandon(number).await?;
            // Before it is sent: who asks may be dropped before the answer comes.
            self.trouble_of(number).lost_tokens.push(token);
            scripts::CLAIM
                .run(self.connection(), &shard.all(), |command| {
                    command.arg(most).arg(millis(self.terms.claim_time));
                    command.arg(token).arg(&shard.entry).arg(millis(earlier));
                })
                .await
        }
        .await;
        let trouble = &mut *self.trouble_of(number);
        let (next, wanted, overdue, claimed) = match answer {
            Ok(answer) => {
                *trouble = Trouble::default();
                answer
            }
            Err(error) => {
                // The script may have run all the same; its token stays noted.
                trouble.failures = trouble.failures.saturating_add(1);
                trouble.until = Some(Instant::now() + SHARD_PAUSES.pause(trouble.failures));
                return Err(self.failed("claim", "", error));
            }
        };
        Ok(Claims {
            taken: claimed.into_iter().map(|claimed| claim(claimed, token)).collect(),
            next: u64::try_from(next).ok().map(Duration::from_millis),
            wanted,
            overdue: Duration::from_millis(overdue),
        })
    }

    /// Gives back what looks have claimed whose answers were lost.
    async fn abandon(&self, number: usize) -> Result<(), RedisError> {
        let shard = &self.keys.shards[number];
        loop {
            let Some(token) = self.trouble_of(number).lost_tokens.last().copied() else {
                return Ok(());
            };
            scripts::ABANDON
                .run::<Value>(self.connection(), &shard.all(), |command| {
                    command.arg(&shard.entry).arg(&self.keys.channel).arg(token);
                })
                .await?;
            self.trouble_of(number).lost_tokens.retain(|lost| *lost != token);
        }
    }

    fn trouble_of(&self, number: usize) -> MutexGuard<'_, Trouble> {
        self.troubles[number]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn is_in_trouble(&self, number: usize) -> bool {
        self.trouble_of(number)
            .until
            .is_some_and(|until| until > Instant::now())
    }

    /// Says now and then that this name is in use, and counts those that nobody here computes.
    async fn register(&self) {
        {
            let mut registered = self.registered.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            if registered.is_some_and(|at| now.saturating_duration_since(at) < REGISTER) {
                return;
            }
            *registered = Some(now);
        }
        let registry = registry(&self.schedule.namespace);
        let keep = REGISTER.as_secs() * u64::from(REGISTERED_FOR);
        // It is only to be seen.
        let told: Result<Vec<String>, RedisError> = scripts::REGISTER
            .run(self.connection(), &[&registry], |command| {
                command.arg(self.terms.name).arg(keep);
            })
            .await;
        let Ok(names) = told else { return };
        let ours = self.schedule.names.lock().unwrap_or_else(PoisonError::into_inner);
        let unknown = names.iter().filter(|name| !ours.contains(&name.as_str())).count();
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        metrics::gauge!(UNKNOWN).set(unknown as f64);
    }

    /// Claims by the shard they lie in.
    fn by_shard<'a>(&self, held: &'a [HeldKey]) -> Vec<(&Shard, Vec<&'a HeldKey>)> {
        let of = |shard: &Shard| {
            let in_it = held
                .iter()
                .filter(|(key, _)| self.keys.shard(key).entry == shard.entry);
            in_it.collect::<Vec<_>>()
        };
        let all = self.keys.shards.iter().map(|shard| (shard, of(shard)));
        all.filter(|(_, held)| !held.is_empty()).collect()
    }
}

impl Shard {
    fn all(&self) -> [&str; 3] {
        [&self.due, &self.claims, &self.names]
    }
}

#[async_trait]
impl Jobs for RedisJobs {
    fn is_shared(&self) -> bool {
        true
    }

    fn wake(&self) -> &Wake {
        &self.wake
    }

    async fn read(&self, key: &str, want: Option<Want<'_>>) -> Result<Option<Found>> {
        let shard = self.keys.shard(key);
        let failed = |error| self.failed("read", key, error);
        let (Some(now), None) = (self.clock.now(), want) else {
            let Some(want) = want else {
                let (seconds, micros): (i64, i64) =
                    self.connection().query(&cmd("TIME")).await.map_err(failed)?;
                self.clock.note(seconds * 1_000 + micros / 1_000);
                return self.read(key, None).await;
            };
            let (now, fields): (i64, Fields) = scripts::WANT
                .run(self.connection(), &shard.with(key).each(), |command| {
                    command.arg(key).arg(want.encoded_key);
                    command.arg(millis(self.terms.wanted_for()));
                    command
                        .arg(want.version.unwrap_or_default())
                        .arg(&self.keys.channel);
                })
                .await
                .map_err(failed)?;
            self.clock.note(now);
            // Readers too: a name that nobody computes is one to be seen.
            self.register().await;
            return Ok(Some(found(fields, now)));
        };
        let mut read = cmd("HMGET");
        read.arg(shard.of(key))
            .arg(&["v", "a", "i", "x", "f", "e", "o", "d", "w", "t"]);
        let fields: Fields = self.connection().query(&read).await.map_err(failed)?;
        // One that nobody wants any more is there until a worker looks at it.
        let is_wanted = fields.8.is_some_and(|wanted| wanted > now) || fields.9.is_some();
        Ok(is_wanted.then(|| found(fields, now)))
    }

    async fn expire(&self, key: &str) -> Result<bool> {
        self.outdate(key, false).await
    }

    async fn clear(&self, key: &str) -> Result<bool> {
        self.outdate(key, true).await
    }

    async fn clear_under(&self, prefix: &str) -> Result<u64> {
        let mut cleared = 0;
        for shard in &*self.keys.shards {
            let mut last = String::new();
            loop {
                let (to, count): (String, u64) = scripts::CLEAR_UNDER
                    .run(self.connection(), &shard.all(), |command| {
                        command.arg(prefix).arg(&shard.entry);
                        command.arg(&self.keys.channel).arg(&last);
                    })
                    .await
                    .map_err(|error| self.failed("clear", prefix, error))?;
                if count == 0 {
                    break;
                }
                cleared += count;
                last = to;
            }
        }
        Ok(cleared)
    }

    async fn claim(&self, most: usize) -> Result<Claims> {
        self.register().await;
        let count = self.keys.shards.len();
        if count == 1 {
            return self.claim_in(0, most, Duration::ZERO).await;
        }
        let begin = self.next_shard.fetch_add(1, Relaxed);
        let order = (0..count).map(|number| (begin + number) % count);
        // First fills of all shards go before the refreshes of any. A node that cannot be reached holds up nothing on others.
        let mut all = Claims::default();
        let (mut others, mut failed) = (Vec::new(), None);
        for number in order.filter(|number| !self.is_in_trouble(*number)) {
            match self
                .claim_in(number, most - all.taken.len(), self.terms.lead)
                .await
            {
                Ok(found) => {
                    if found.next.is_some_and(|next| next.is_zero()) {
                        others.push(number);
                    } else {
                        all.next = all.next.into_iter().chain(found.next).min();
                    }
                    all.taken.extend(found.taken);
                    all.wanted += found.wanted;
                    all.overdue = all.overdue.max(found.overdue);
                }
                Err(error) => failed = Some(error),
            }
        }
        for number in others {
            match self
                .claim_in(number, most - all.taken.len(), Duration::ZERO)
                .await
            {
                Ok(found) => {
                    all.taken.extend(found.taken);
                    all.next = all.next.into_iter().chain(found.next).min();
                }
                Err(error) => failed = Some(error),
            }
        }
        if let Some(error) = failed {
            tracing::warn!(name = self.terms.name, %error, "a part of the cluster cannot be asked what is due");
        }
        Ok(all)
    }

    async fn before(&self, claim: &Claim) -> Result<Option<Content>> {
        let read = cmd("HGET")
            .arg(self.keys.shard(&claim.key).of(&claim.key))
            .arg("v")
            .clone();
        let value: Option<Bytes> = self
            .connection()
            .query(&read)
            .await
            .map_err(|error| self.failed("read", &claim.key, error))?;
        Ok(value.map(Content::Encoded))
    }

    async fn take(&self, key: &str, want: Want<'_>) -> Result<Option<Claim>> {
        let token = fastrand::u64(1..1 << 53);
        let taken: Value = scripts::TAKE
            .run(
                self.connection(),
                &self.keys.shard(key).with(key).each(),
                |command| {
                    command.arg(key).arg(millis(self.terms.claim_time)).arg(token);
                    command.arg(want.encoded_key).arg(millis(self.terms.wanted_for()));
                },
            )
            .await
            .map_err(|error| self.failed("claim", key, error))?;
        if matches!(&taken, Value::Array(fields) if fields.is_empty()) {
            return Ok(None);
        }
        let claimed = ::redis::from_redis_value(taken);
        let claimed =
            claimed.map_err(|error: ::redis::ParsingError| self.failed("claim", key, error.into()))?;
        Ok(Some(claim(claimed, token)))
    }

    async fn renew(&self, held: &[HeldKey]) -> Result<Vec<Arc<str>>> {
        let by_shard = self.by_shard(held);
        let renewals = by_shard.iter().map(async |(shard, held)| {
            scripts::RENEW
                .run(self.connection(), &shard.all(), |command| {
                    command.arg(millis(self.terms.claim_time)).arg(&shard.entry);
                    for (key, token) in held {
                        command.arg(&**key).arg(token);
                    }
                })
                .await
                .map_err(|error| self.failed("hold", "", error))
        });
        let lost: Vec<Vec<String>> = try_join_all(renewals).await?;
        Ok(lost.into_iter().flatten().map(Into::into).collect())
    }

    async fn settle(&self, claim: &Claim, outcome: Outcome) -> Result<Settled> {
        let key = &*claim.key;
        let settled: String = scripts::SETTLE
            .run(
                self.connection(),
                &self.keys.shard(key).with(key).each(),
                |command| {
                    command.arg(key).arg(claim.token).arg(claim.generation);
                    command.arg(claim.version.as_deref().unwrap_or_default());
                    match &outcome {
                        Outcome::Value {
                            content,
                            interval,
                            next,
                        } => {
                            command.arg("value").arg(millis(*next)).arg(&self.keys.channel);
                            command.arg(millis(*interval));
                            match content {
                                Content::Encoded(bytes) => command.arg(&**bytes),
                                // Only what stays in a process is not encoded.
                                Content::Typed(..) => command.arg(""),
                            };
                        }
                        Outcome::Unchanged { interval, next } => {
                            command
                                .arg("unchanged")
                                .arg(millis(*next))
                                .arg(&self.keys.channel);
                            command.arg(millis(*interval));
                        }
                        Outcome::Gone => {
                            command.arg("gone").arg(0).arg(&self.keys.channel);
                        }
                        Outcome::Failed { error, next } => {
                            command.arg("failed").arg(millis(*next)).arg(&self.keys.channel);
                            command.arg(error.failures);
                            command.arg(format!("{} {}", error.cause.name(), error.message));
                        }
                    }
                },
            )
            .await
            .map_err(|error| self.failed("store", key, error))?;
        Ok(match &*settled {
            "stored" => Settled::Stored,
            "discarded" => Settled::Discarded,
            _ => Settled::Lost,
        })
    }

    async fn release(&self, held: &[HeldKey]) -> Result<()> {
        for number in 0..self.keys.shards.len() {
            let abandoned = self.abandon(number).await;
            abandoned.map_err(|error| self.failed("release", "", error))?;
        }
        let by_shard = self.by_shard(held);
        let releases = by_shard.iter().map(async |(shard, held)| {
            scripts::RELEASE
                .run::<Value>(self.connection(), &shard.all(), |command| {
                    command.arg(&shard.entry).arg(&self.keys.channel);
                    for (key, token) in held {
                        command.arg(&**key).arg(token);
                    }
                })
                .await
                .map_err(|error| self.failed("release", "", error))
        });
        try_join_all(releases).await.map(drop)
    }

    async fn inspect(&self, key: &str) -> Result<Option<Inspected>> {
        let fields: Vec<i64> = scripts::INSPECT
            .run(
                self.connection(),
                &self.keys.shard(key).with(key).each(),
                |command| {
                    command.arg(key);
                },
            )
            .await
            .map_err(|error| self.failed("inspect", key, error))?;
        let [wanted, due, ends, failures, now] = *fields.as_slice() else {
            return Ok(None);
        };
        let place = |at: i64| (at >= 0).then(|| time_between(now, at));
        Ok(Some(Inspected {
            wanted_for: time_between(now, wanted),
            due_in: place(due),
            claimed_for: place(ends),
            failures: u32::try_from(failures).unwrap_or(u32::MAX),
        }))
    }

    fn follow(&self) -> Option<Box<dyn Follow>> {
        let channel = Channel::new(self.schedule.server.clone(), self.keys.channel.clone());
        Some(Box::new(channel))
    }
}
