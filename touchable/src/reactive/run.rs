//! One computation: from its claim to what is stored.

use std::{any::Any, pin::pin, sync::Arc, time::Duration};

use tokio::{
    runtime::Handle,
    select,
    time::{Instant, interval, sleep, timeout},
};
use tracing::Instrument;
use twox_hash::XxHash3_64;

use super::{
    ask::Inner,
    builder::LONGEST,
    compute::{Compute, Computed},
    jobs::{Claim, Content, HeldKey, Jobs, Outcome, Settled},
    reading::{Cause, ComputeError},
    worker::LOOK,
};
use crate::{
    cache::entry::{Codec, Kind, Payload, Times, Typed, encode},
    schedule::{Backoff, around, caught},
};

/// How far an interval goes to either side, as a part of itself.
pub(super) const JITTER: f64 = 0.1;

/// No computation asks for another one sooner: zero is no pause at all.
const SOONEST: Duration = Duration::from_millis(10);

/// Between two tries to store what was computed.
const AGAIN: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));

/// A value that was computed, with what tells it from another one.
struct New<V> {
    value: Arc<V>,
    digest: u64,
}

/// What a computation has come to, and what is known of it besides.
struct Done<V> {
    outcome: Outcome,
    name: &'static str,
    new: Option<New<V>>,
}

/// A value that was stored, of which the hook is to be told.
pub(super) struct Told<C: Compute> {
    key: C::Key,
    old: Option<Arc<C::Value>>,
    new: Arc<C::Value>,
}

/// The longest text that is kept of an error: it is stored, and read with the value.
const MOST_TEXT: usize = 1_000;

impl<C: Compute> Inner<C> {
    /// Computes the value of a claim and stores it. `computed` is called in between: from then on nobody else need hold the
    /// claim, or end this.
    pub(super) async fn run(&self, claim: &Claim, computed: impl FnOnce()) -> (Settled, Option<Told<C>>) {
        let span = self.meters.span(&claim.key);
        self.compute_and_settle(claim, computed).instrument(span).await
    }

    async fn compute_and_settle(&self, claim: &Claim, computed: impl FnOnce()) -> (Settled, Option<Told<C>>) {
        let began = Instant::now();
        let key: Result<C::Key, _> = postcard::from_bytes(&claim.encoded_key);
        let before = self.jobs.before(claim).await;
        let before = before.map(|content| content.and_then(|content| self.open(&claim.key, content)));
        let done = match (&key, &before) {
            (Ok(key), Ok(before)) => {
                // What panics outside of the computation itself, such as the encoding of its value, is the application's too.
                match caught(self.compute_once(claim, key, before.as_ref())).await {
                    Ok(done) => done,
                    Err(message) => self.failure(claim, Cause::Panic, format!("it panicked: {message}")),
                }
            }
            (Err(error), _) => self.failure(
                claim,
                Cause::Error,
                format!("the key cannot be decoded, other nodes may have another type for it: {error}"),
            ),
            (_, Err(error)) => self.failure(claim, Cause::Unreachable, error.to_string()),
        };
        self.meters.seconds.record(began.elapsed().as_secs_f64());
        let is_gone = matches!(done.outcome, Outcome::Gone);
        // What is due again before the next look has to be told.
        let is_soon = done.outcome.next().is_none_or(|next| next < LOOK);
        computed();
        let settled = self.settle(claim, done.outcome).await;
        if is_soon || settled != Settled::Stored {
            self.jobs.wake().wake();
        }
        if is_gone && settled == Settled::Stored {
            self.near.clear(&claim.key);
        } else {
            // Also when it was not stored: somebody else has changed it.
            self.near.outdate(&claim.key);
        }
        let is_stored = settled == Settled::Stored;
        self.meters
            .computed(if is_stored { done.name } else { "discarded" });
        let before = before.ok().flatten();
        let told = match (key, done.new) {
            (Ok(key), Some(new))
                if is_stored && before.as_ref().is_none_or(|(_, old)| *old != new.digest) =>
            {
                Some(Told {
                    key,
                    old: before.map(|(value, _)| value),
                    new: new.value,
                })
            }
            _ => None,
        };
        (settled, told)
    }

    /// The same in the path of who asks. When that ends early, the claim is given back.
    pub(super) async fn run_inline(&self, claim: Claim) -> Settled {
        let mut given_back = GivenBack {
            jobs: Arc::clone(&self.jobs),
            held: Some([(Arc::clone(&claim.key), claim.token)]),
        };
        let held = [(Arc::clone(&claim.key), claim.token)];
        let mut renewals = interval(self.settings.claim_time / 3);
        let mut running = pin!(self.run(&claim, || {}));
        let (settled, told) = loop {
            select! {
                done = &mut running => break done,
                _ = renewals.tick() => {
                    // What is lost cannot be stored, and says so.
                    let _ = self.jobs.renew(&held).await;
                }
            }
        };
        given_back.held = None;
        if let Some(told) = told {
            self.tell(told).await;
        }
        settled
    }

    async fn compute_once(
        &self,
        claim: &Claim,
        key: &C::Key,
        before: Option<&(Arc<C::Value>, u64)>,
    ) -> Done<C::Value> {
        let limit = self.settings.compute_timeout;
        // The call itself may panic, and so may the error's text.
        let computing = async {
            let computing = self.compute.compute(key, before.map(|(value, _)| &**value));
            computing.await.map_err(|error| error.to_string())
        };
        let computed = match timeout(limit, caught(computing)).await {
            Err(_) => return self.failure(claim, Cause::Timeout, format!("it did not end within {limit:?}")),
            Ok(Err(message)) => return self.failure(claim, Cause::Panic, format!("it panicked: {message}")),
            Ok(Ok(Err(message))) => return self.failure(claim, Cause::Error, message),
            Ok(Ok(Ok(computed))) => computed,
        };
        let (value, again_in) = match computed {
            Computed::Gone => {
                return Done {
                    outcome: Outcome::Gone,
                    name: "gone",
                    new: None,
                };
            }
            Computed::Value(value) => (Some(value), None),
            Computed::Unchanged => (None, None),
            Computed::AgainIn { value, again_in } => (value, Some(again_in)),
        };
        let again_in = again_in.map(|time| time.clamp(SOONEST, LONGEST));
        let interval = again_in.unwrap_or(self.settings.refresh_interval);
        let next = if again_in.is_some() {
            interval
        } else {
            around(interval, JITTER)
        };
        match (value, before) {
            (Some(value), _) => self.valued(claim, Arc::new(value), interval, next),
            (None, Some(_)) => Done {
                outcome: Outcome::Unchanged { interval, next },
                name: "unchanged",
                new: None,
            },
            (None, None) => {
                let message = "it is `Unchanged`, but there is no value before".to_owned();
                self.failure(claim, Cause::Error, message)
            }
        }
    }

    fn valued(
        &self,
        claim: &Claim,
        value: Arc<C::Value>,
        interval: Duration,
        next: Duration,
    ) -> Done<C::Value> {
        let limit = self.settings.max_value_bytes;
        let encoded = if self.jobs.is_shared() {
            encode::<Typed<C::Value>>(&value, limit)
        } else {
            // Nobody decodes it.
            Typed::<C::Value>::encode(&value)
        };
        let payload = match encoded {
            Ok(Some(payload)) => payload,
            Ok(None) => return self.failure(claim, Cause::TooLarge, "it has no encoding".to_owned()),
            Err(error) => {
                return self.failure(
                    claim,
                    Cause::TooLarge,
                    format!("the value cannot be encoded: {error}"),
                );
            }
        };
        let size = payload.content.as_bytes().len();
        let too_large = || format!("the value has {size} bytes, more than {limit}; raise `max_value_bytes`");
        if payload.is_too_large || size > limit {
            return self.failure(claim, Cause::TooLarge, too_large());
        }
        let digest = digest(&payload);
        let content = if self.jobs.is_shared() {
            match self.format.wrap(&claim.key, None, EVER, &payload) {
                Some(bytes) => Content::Encoded(bytes),
                None => return self.failure(claim, Cause::TooLarge, too_large()),
            }
        } else {
            Content::Typed(Arc::clone(&value) as Arc<dyn Any + Send + Sync>, digest)
        };
        Done {
            outcome: Outcome::Value {
                content,
                interval,
                next,
            },
            name: "value",
            new: Some(New { value, digest }),
        }
    }

    fn failure(&self, claim: &Claim, cause: Cause, mut message: String) -> Done<C::Value> {
        message.truncate(message.floor_char_boundary(MOST_TEXT));
        let failures = claim.failures.saturating_add(1);
        let pause = self.settings.backoff.pause(failures);
        tracing::warn!(
            name = C::NAME,
            key = &*claim.key,
            failures,
            message,
            "a value could not be computed"
        );
        Done {
            outcome: Outcome::Failed {
                error: Arc::new(ComputeError {
                    cause,
                    message,
                    failures,
                }),
                next: pause.max(self.settings.refresh_interval).min(LONGEST),
            },
            name: cause.name(),
            new: None,
        }
    }

    /// Stores an outcome. As long as the claim may hold it tries again: what was computed was expensive.
    async fn settle(&self, claim: &Claim, outcome: Outcome) -> Settled {
        let began = Instant::now();
        let mut tries = 0;
        loop {
            match self.jobs.settle(claim, outcome.clone()).await {
                Ok(settled) => return settled,
                Err(error) if began.elapsed() < self.settings.claim_time => {
                    tries += 1;
                    tracing::debug!(name = C::NAME, key = &*claim.key, %error, "a value is not stored yet");
                    sleep(AGAIN.pause(tries)).await;
                }
                Err(error) => {
                    tracing::warn!(name = C::NAME, key = &*claim.key, %error, "a value could not be stored");
                    return Settled::Lost;
                }
            }
        }
    }

    /// Calls the hook.
    pub(super) async fn tell(&self, told: Told<C>) {
        let call = async {
            self.compute
                .on_updated(&told.key, told.old.as_deref(), &told.new)
                .await;
        };
        let problem = match timeout(self.settings.compute_timeout, caught(call)).await {
            Ok(Ok(())) => return,
            Ok(Err(message)) => message,
            Err(_) => "it did not end in time".to_owned(),
        };
        tracing::error!(name = C::NAME, problem, "`on_updated` failed");
        self.meters.hook_failures.increment(1);
    }

    /// A stored value and its digest; nothing when it is of another type, such as one of another release.
    pub(super) fn open(&self, key: &str, content: Content) -> Option<(Arc<C::Value>, u64)> {
        match content {
            Content::Typed(value, digest) => value.downcast().ok().map(|value| (value, digest)),
            Content::Encoded(bytes) => {
                let payload = self
                    .format
                    .unwrap(key, bytes)
                    .and_then(super::super::cache::entry::Entry::payload);
                let payload = payload.ok()?;
                let digest = digest(&payload);
                let value = Typed::<C::Value>::decode(Some(payload), self.settings.max_value_bytes);
                value.ok().map(|value| (Arc::new(value), digest))
            }
        }
    }
}

/// Gives a claim back when it is dropped before that is over.
struct GivenBack {
    jobs: Arc<dyn Jobs>,
    held: Option<[HeldKey; 1]>,
}

impl Drop for GivenBack {
    fn drop(&mut self) {
        if let (Some(held), Ok(runtime)) = (self.held.take(), Handle::try_current()) {
            let jobs = Arc::clone(&self.jobs);
            // When it fails, the claim ends with its time.
            runtime.spawn(async move { jobs.release(&held).await });
        }
    }
}

/// The envelope's own times are not used: the schedule has them.
const EVER: Times = Times {
    created: 0,
    fresh_until: Times::NEVER,
    kept_until: Times::NEVER,
    load_micros: 0,
};

fn digest(payload: &Payload) -> u64 {
    debug_assert_eq!(payload.kind, Kind::Typed);
    XxHash3_64::oneshot_with_seed(payload.shape, payload.content.as_bytes())
}
