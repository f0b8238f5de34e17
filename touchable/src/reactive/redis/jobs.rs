//! The jobs of one name, in scripts.

use std::{
    sync::{Arc, Mutex, PoisonError, atomic::AtomicUsize},
    time::Duration,
};

use ::redis::{RedisError, Value, cmd};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::try_join_all;
use tokio::time::Instant;

use super::{
    RedisSchedule,
    answers::{Fields, claim, found},
    claiming::Trouble,
    keys::{Keys, MOST_SHARDS, Shard, registry},
    news::Channel,
    scripts,
    time::{ServerClock, time_between},
};
use crate::{
    error::{Error, Result, reactive::Failure},
    reactive::{
        jobs::{
            Claim, Claims, Content, Follow, Found, HeldKey, Inspected, Jobs, Outcome, Settled, Terms, Want,
        },
        observe::UNKNOWN,
    },
    redis::{Connection, millis},
    schedule::Wake,
};

/// How often a name is said to be in use, and for how many times that it counts as such.
const REGISTER: Duration = Duration::from_mins(1);
const REGISTERED_FOR: u32 = 10;

pub(super) struct RedisJobs {
    schedule: RedisSchedule,
    pub(super) terms: Terms,
    pub(super) keys: Keys,
    wake: Wake,
    clock: ServerClock,
    /// Where the next look begins, so that no shard is always the last.
    pub(super) next_shard: AtomicUsize,
    registered: Mutex<Option<Instant>>,
    pub(super) troubles: [Mutex<Trouble>; MOST_SHARDS],
}

impl RedisJobs {
    pub(super) fn new(schedule: RedisSchedule, terms: Terms) -> Self {
        Self {
            keys: Keys::new(&schedule.namespace, terms.name, schedule.connection.is_cluster()),
            schedule,
            terms,
            wake: Wake::default(),
            clock: ServerClock::new(),
            next_shard: AtomicUsize::new(0),
            troubles: std::array::from_fn(|_| Mutex::default()),
            registered: Mutex::new(None),
        }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.schedule.connection
    }

    pub(super) fn failed(&self, operation: &'static str, key: &str, error: RedisError) -> Error {
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
    pub(super) fn all(&self) -> [&str; 3] {
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

    async fn read(&self, key: &str) -> Result<Option<Found>> {
        let failed = |error| self.failed("read", key, error);
        let now = match self.clock.now() {
            Some(now) => now,
            None => {
                let (seconds, micros): (i64, i64) =
                    self.connection().query(&cmd("TIME")).await.map_err(failed)?;
                self.clock.note(seconds * 1_000 + micros / 1_000)
            }
        };
        let mut read = cmd("HMGET");
        read.arg(self.keys.shard(key).of(key)).arg(&scripts::FIELDS);
        let fields: Fields = self.connection().query(&read).await.map_err(failed)?;
        // One that nobody wants any more is there until a worker looks at it.
        let wanted = fields.4.is_some_and(|wanted| wanted > now);
        Ok(wanted.then(|| found(fields, now)))
    }

    async fn want(&self, want: Want<'_>) -> Result<Option<Found>> {
        let key = &**want.key;
        let (now, fields): (i64, Option<Fields>) = scripts::WANT
            .run(
                self.connection(),
                &self.keys.shard(key).with(key).each(),
                |command| {
                    command.arg(key).arg(want.encoded_key);
                    command.arg(millis(self.terms.wanted_for()));
                    command
                        .arg(want.version.unwrap_or_default())
                        .arg(&self.keys.channel);
                },
            )
            .await
            .map_err(|error| self.failed("read", key, error))?;
        self.clock.note(now);
        // Readers too: a name that nobody computes is one to be seen.
        self.register().await;
        Ok(fields.map(|fields| found(fields, now)))
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
        self.claim_due(most).await
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

    async fn take(&self, want: Want<'_>) -> Result<Option<Claim>> {
        let key = &**want.key;
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
        if taken == Value::Int(0) {
            return Err(Failure::alike(self.terms.name, key).into());
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
                    command.arg(claim.version.as_deref().map_or("", String::as_str));
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
                            let cause = error.cause.name();
                            command.arg(format!("{} {cause} {}", error.failures, error.message));
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
