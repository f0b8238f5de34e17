//! Asking for a value: the copy of this process, or the schedule.

use std::{
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{
    builder::{LONGEST, Settings},
    compute::Compute,
    jobs::{Found, Jobs, Seen, Want, is_older},
    near::{Copy, Near, Ticket},
    observe::Meters,
    reading::{Cause, ComputeError, Reading},
    run::JITTER,
};
use crate::{
    cache::{
        CacheKey,
        entry::Format,
        key::{Namespace, Spelled},
    },
    error::{Error, Result, reactive::Failure},
    schedule::Moment,
};

/// What the clones of one [`Reactive`](super::Reactive) and its tasks share.
pub(super) struct Inner<C: Compute> {
    pub(super) compute: C,
    pub(super) namespace: Namespace,
    pub(super) jobs: Arc<dyn Jobs>,
    pub(super) near: Near<C::Value>,
    pub(super) settings: Settings,
    pub(super) format: Format,
    pub(super) meters: Meters,
    pub(super) silence: Silence,
}

/// For how long copies are served at once after the schedule has not answered: a page of many values waits for one of them.
const SILENT: Duration = Duration::from_secs(1);

/// That the schedule has not answered, and what it was.
#[derive(Debug, Default)]
pub(super) struct Silence(Mutex<Option<(Moment, String)>>);

impl Silence {
    fn note(&self, error: &Error) {
        let mut silence = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *silence = Some((Moment::now() + SILENT, error.to_string()));
    }

    fn problem(&self, now: Moment) -> Option<String> {
        let silence = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, problem) = silence.as_ref()?;
        (now < *until).then(|| problem.clone())
    }
}

/// The name of a key, for a while.
pub(super) struct Name {
    spelled: Spelled,
    from: usize,
}

impl Deref for Name {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        &self.spelled[self.from..]
    }
}

impl<C: Compute> Inner<C> {
    #[inline]
    pub(super) fn name(&self, key: &C::Key) -> Result<Name> {
        self.spell(key)
    }

    #[inline]
    pub(super) fn spell<K: CacheKey + ?Sized>(&self, key: &K) -> Result<Name> {
        Ok(Name {
            spelled: self.namespace.spell_whole(key)?,
            from: self.namespace.prefix().len(),
        })
    }

    pub(super) fn encoded(key: &C::Key) -> Result<Vec<u8>> {
        postcard::to_allocvec(key).map_err(|error| {
            Failure::Key {
                name: C::NAME,
                source: error.into(),
            }
            .into()
        })
    }

    pub(super) fn counted(&self, reading: Reading<C::Value>) -> Reading<C::Value> {
        self.meters.readings[reading.outcome()].increment(1);
        reading
    }

    /// What there is of a key that was wanted a moment ago; nothing when it is gone, and it is not wanted once more.
    pub(super) async fn read_again(&self, key: &C::Key, name: &str) -> Result<Option<Reading<C::Value>>> {
        let ticket = self.near.ticket(name, Moment::now());
        if !ticket.is_to_extend
            && let Ok(found) = self.jobs.read(name).await
        {
            return match found {
                Some(found) => self.take_in(&ticket, found, None).await.map(Some),
                None => Ok(None),
            };
        }
        self.read(key, name, None).await.map(Some)
    }

    pub(super) async fn read(
        &self,
        key: &C::Key,
        name: &str,
        version: Option<&str>,
    ) -> Result<Reading<C::Value>> {
        let now = Moment::now();
        let at_hand = self.near.get(name, now, |copy| {
            let is_known = version.is_none_or(|version| !is_older(text(copy.version.as_ref()), version));
            (is_known && !self.is_too_old(copy, now)).then(|| self.reading(Some(copy), None, None, now))
        });
        match at_hand {
            Some(reading) => Ok(reading),
            None => Box::pin(self.ask(key, name, version)).await,
        }
    }

    /// Asks the schedule.
    async fn ask(&self, key: &C::Key, name: &str, version: Option<&str>) -> Result<Reading<C::Value>> {
        let now = Moment::now();
        if let Some(problem) = self.silence.problem(now)
            && let Some(reading) = self.last(name, &problem)
        {
            return Ok(reading);
        }
        let ticket = self.near.ticket(name, now);
        let found = match self.found(key, &ticket, version, now).await {
            Ok(Some(found)) => found,
            Ok(None) => return Err(Failure::alike(C::NAME, name).into()),
            Err(error) => {
                self.silence.note(&error);
                let problem = self.silence.problem(now).unwrap_or_default();
                return self.last(name, &problem).ok_or(error);
            }
        };
        self.take_in(&ticket, found, version).await
    }

    /// A reading of what was found, of which this process keeps a copy.
    async fn take_in(
        &self,
        ticket: &Ticket,
        found: Found,
        version: Option<&str>,
    ) -> Result<Reading<C::Value>> {
        let now = Moment::now();
        let (due_in, error) = (found.due_in, found.error.clone());
        let is_stored = found.stored.is_some();
        let copy = self.copy_of(&ticket.key, found, version, now);
        let reading = self.reading(copy.as_ref(), error, Some(due_in), now);
        if copy.is_none() && is_stored && ticket.is_to_extend {
            // Of another release, whose type is another one: it is computed anew, as if there were none.
            self.jobs.expire(&ticket.key).await?;
        }
        if copy.is_none() || self.settings.near_copies || !self.jobs.is_shared() {
            self.near.put(ticket, copy);
        }
        Ok(reading)
    }

    /// What the schedule knows; nothing while another key has this name.
    async fn found(
        &self,
        key: &C::Key,
        ticket: &Ticket,
        version: Option<&str>,
        now: Moment,
    ) -> Result<Option<Found>> {
        let name = &ticket.key;
        if !ticket.is_to_extend
            && version.is_none()
            && let Some(found) = self.jobs.read(name).await?
        {
            return Ok(Some(found));
        }
        let encoded = Self::encoded(key)?;
        let want = Want {
            key: name,
            encoded_key: &encoded,
            version,
        };
        match self.jobs.want(want).await {
            Ok(found) => {
                if found.is_some() {
                    self.near.extended(name, now);
                }
                Ok(found)
            }
            // A server that takes no writes, for want of memory or as a replica, may still answer.
            Err(error) => match self.jobs.read(name).await {
                Ok(Some(found)) => Ok(Some(found)),
                _ => Err(error),
            },
        }
    }

    /// The last copy there is, when the schedule cannot be reached.
    fn last(&self, name: &str, problem: &str) -> Option<Reading<C::Value>> {
        self.near
            .last(name, |copy| self.outdated(copy, problem.to_owned()))
    }

    /// What a copy is worth then.
    fn outdated(&self, copy: &Copy<C::Value>, problem: String) -> Reading<C::Value> {
        let unreachable = Arc::new(ComputeError {
            cause: Cause::Unreachable,
            message: problem,
            failures: 0,
        });
        let retry_in = Some(self.settings.poll_after);
        match self.reading(Some(copy), None, retry_in, Moment::now()) {
            Reading::Fresh { value, age } | Reading::Stale { value, age, .. } => Reading::Stale {
                value,
                age,
                error: Some(unreachable),
            },
            other => other,
        }
    }

    /// What was found, as a copy of this process.
    pub(super) fn copy_of(
        &self,
        name: &str,
        found: Found,
        version: Option<&str>,
        now: Moment,
    ) -> Option<Copy<C::Value>> {
        let stored = found.stored?;
        let (value, _) = self.open(name, stored.content)?;
        let interval = stored.interval.min(LONGEST);
        let fresh_for = interval.mul_f64(1.0 + JITTER) + self.settings.compute_timeout;
        let fresh_until = fresh_for.checked_sub(stored.age).map(|left| now + left);
        // Known to be of an older version: it is being computed, and what is asked for is this.
        let newer = version.filter(|version| is_older(text(stored.version.as_ref()), version));
        let is_outdated = found.is_expired || newer.is_some();
        Some(Copy {
            value,
            computed: now.minus(stored.age),
            fresh_until: fresh_until.filter(|_| !is_outdated),
            error: found.error,
            version: newer
                .map(|version| Arc::new(version.to_owned()))
                .or(stored.version),
        })
    }

    fn is_too_old(&self, copy: &Copy<C::Value>, now: Moment) -> bool {
        (self.settings.max_stale).is_some_and(|most| now.since(copy.computed) > most)
    }

    pub(super) fn reading(
        &self,
        copy: Option<&Copy<C::Value>>,
        error: Option<Arc<ComputeError>>,
        due_in: Option<Duration>,
        now: Moment,
    ) -> Reading<C::Value> {
        let retry_in = due_in.unwrap_or(self.settings.poll_after);
        let Some(copy) = copy else {
            return match error {
                Some(error) => Reading::Failed { error, retry_in },
                None => Reading::Pending {
                    poll_after: self.settings.poll_after,
                },
            };
        };
        let age = now.since(copy.computed);
        if self.is_too_old(copy, now) {
            let too_old = || {
                Arc::new(ComputeError {
                    cause: Cause::TooOld,
                    message: format!("the value is {age:?} old, more than `max_stale` allows"),
                    failures: 0,
                })
            };
            let error = copy.error.clone().unwrap_or_else(too_old);
            return Reading::Failed { error, retry_in };
        }
        let is_young = copy.fresh_until.is_some_and(|until| now < until);
        let value = Arc::clone(&copy.value);
        if is_young && copy.error.is_none() {
            Reading::Fresh { value, age }
        } else {
            Reading::Stale {
                value,
                age,
                error: copy.error.clone(),
            }
        }
    }
}

fn text(version: Option<&Seen>) -> Option<&str> {
    version.map(|version| version.as_str())
}
