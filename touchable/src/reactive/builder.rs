//! The settings of a reactive cache.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    ask::{Inner, Silence},
    compute::Compute,
    front::Reactive,
    jobs::{Schedule, Terms},
    memory::MemorySchedule,
    near::Near,
    observe::Meters,
    pool::Pool,
};
use crate::{
    cache::{entry::Format, key::Namespace},
    error::{Result, reactive::Failure},
    schedule::Backoff,
};

/// By how long first fills go before refreshes: none that was asked for more than this after a refresh was due goes before it.
pub(super) const LEAD: Duration = Duration::from_secs(10);
/// Nothing waits longer.
pub(super) const LONGEST: Duration = Duration::from_hours(24 * 366);
/// Shorter times are those of a mistake.
const SHORTEST: Duration = Duration::from_millis(1);
const SHORTEST_CLAIM: Duration = Duration::from_millis(100);

/// The settings of a [`Reactive`]: see [`Reactive::builder`].
#[must_use = "nothing is computed before `start`"]
pub struct ReactiveBuilder<C> {
    compute: C,
    settings: Settings,
    schedule: Option<Box<dyn Schedule>>,
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) refresh_interval: Duration,
    pub(super) lifetime: Duration,
    pub(super) compute_timeout: Duration,
    pub(super) backoff: Backoff,
    pub(super) claim_time: Duration,
    pub(super) max_value_bytes: usize,
    pub(super) max_stale: Option<Duration>,
    pub(super) poll_after: Duration,
    pub(super) pool: Pool,
    pub(super) near_copies: bool,
    pub(super) works: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            refresh_interval: Duration::from_mins(1),
            lifetime: Duration::from_mins(10),
            compute_timeout: Duration::from_mins(2),
            backoff: Backoff::up_to(Duration::from_mins(10)),
            claim_time: Duration::from_secs(30),
            max_value_bytes: 8 << 20,
            max_stale: None,
            poll_after: Duration::from_secs(1),
            pool: Pool::default(),
            near_copies: true,
            works: true,
        }
    }
}

impl<C: Compute> ReactiveBuilder<C> {
    pub(super) fn new(compute: C) -> Self {
        Self {
            compute,
            settings: Settings::default(),
            schedule: None,
        }
    }

    /// From the end of one computation to the start of the next, give or take a tenth; a minute by default. What is due within
    /// 50 milliseconds, or a twentieth of the interval if that is less, begins together.
    pub const fn refresh_interval(mut self, interval: Duration) -> Self {
        self.settings.refresh_interval = interval;
        self
    }

    /// How long after its last read a key stays wanted, or up to a tenth longer; ten minutes by default. When it is shorter
    /// than the interval, a read computes once.
    pub const fn lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.lifetime = lifetime;
        self
    }

    /// After this time a computation has failed; two minutes by default.
    pub const fn compute_timeout(mut self, timeout: Duration) -> Self {
        self.settings.compute_timeout = timeout;
        self
    }

    /// The pause after failures, never shorter than the interval; by default from the interval up to ten minutes.
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.settings.backoff = backoff;
        self
    }

    /// How long a worker that dies holds its keys; 30 seconds by default. It is renewed while the worker lives.
    pub const fn claim_time(mut self, time: Duration) -> Self {
        self.settings.claim_time = time;
        self
    }

    /// The largest encoding of a value; 8 MiB by default. A larger one fails, and the value before it stays.
    pub const fn max_value_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_value_bytes = bytes;
        self
    }

    /// Values that are older are not served: the reading is [`Failed`](super::Reading::Failed). By default they are,
    /// however old.
    pub const fn max_stale(mut self, age: Duration) -> Self {
        self.settings.max_stale = Some(age);
        self
    }

    /// What [`Pending`](super::Reading::Pending) readings say when to ask again; a second by default.
    pub const fn poll_after(mut self, after: Duration) -> Self {
        self.settings.poll_after = after;
        self
    }

    /// The pool in which computations run; by default one of 8 of its own.
    pub fn pool(mut self, pool: Pool) -> Self {
        self.settings.pool = pool;
        self
    }

    /// Where values and due times are kept; in this process by default.
    pub fn schedule(mut self, schedule: impl Schedule) -> Self {
        self.schedule = Some(Box::new(schedule));
        self
    }

    /// Whether values of a shared schedule are also kept in this process, until another node says that they have changed.
    /// They are by default; without copies every read asks Redis.
    pub const fn near_copies(mut self, near_copies: bool) -> Self {
        self.settings.near_copies = near_copies;
        self
    }

    /// This node reads, and leaves the computing to others.
    pub const fn without_worker(mut self) -> Self {
        self.settings.works = false;
        self
    }

    /// Starts the tasks in the background.
    ///
    /// # Errors
    /// When settings exclude each other, or the schedule has values of this name already.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn start(self) -> Result<Reactive<C>> {
        let mut settings = self.settings;
        if let Some(problem) = problem(&settings) {
            return Err(Failure::Settings(format!("`{}`: {problem}", C::NAME)).into());
        }
        settings.backoff = settings.backoff.or_first(settings.refresh_interval);
        let namespace = Namespace::new(C::NAME)?;
        let terms = Terms {
            name: C::NAME,
            lifetime: settings.lifetime,
            claim_time: settings.claim_time,
            works: settings.works,
            lead: LEAD,
        };
        let schedule = self.schedule.unwrap_or_else(|| Box::new(MemorySchedule::new()));
        let jobs = schedule.open(terms)?;
        let format = Format {
            checked: true,
            compressed: true,
            max_value_bytes: settings.max_value_bytes,
        };
        let inner = Inner {
            compute: self.compute,
            near: Near::new(terms.extend_every(), !jobs.is_shared()),
            namespace,
            jobs,
            settings,
            format,
            meters: Meters::new(C::NAME),
            silence: Silence::default(),
        };
        Ok(Reactive::start(Arc::new(inner)))
    }
}

impl<C> fmt::Debug for ReactiveBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReactiveBuilder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// What is wrong with the settings.
fn problem(settings: &Settings) -> Option<String> {
    let times = [
        ("refresh_interval", settings.refresh_interval, SHORTEST),
        ("lifetime", settings.lifetime, SHORTEST),
        ("compute_timeout", settings.compute_timeout, SHORTEST),
        ("claim_time", settings.claim_time, SHORTEST_CLAIM),
        ("poll_after", settings.poll_after, SHORTEST),
    ];
    if let Some((name, time, shortest)) = times
        .into_iter()
        .find(|(_, time, shortest)| !(*shortest..=LONGEST).contains(time))
    {
        return Some(format!(
            "a `{name}` of {time:?} is not between {shortest:?} and a year"
        ));
    }
    if settings.max_value_bytes == 0 || settings.max_value_bytes > 1 << 30 {
        return Some("`max_value_bytes` is not between 1 and 1 GiB".to_owned());
    }
    if settings.works && settings.pool.size() == 0 {
        return Some(format!(
            "the pool `{}` has no places, so that nothing is ever computed; give it some, or start it `without_worker`",
            settings.pool.name()
        ));
    }
    (settings.max_stale.is_some_and(|age| age.is_zero()))
        .then(|| "a `max_stale` of zero serves nothing".to_owned())
}
