//! The settings of an auto-refresh cache.

use std::{fmt, time::Duration};

use super::{cache::AutoRefreshCache, poller::Poller, rate::RateLimit};
use crate::{
    error::{Result, refresh::Failure},
    schedule::Backoff,
};

/// Nothing waits longer.
const LONGEST: Duration = Duration::from_hours(24 * 366);
/// Shorter times are those of a mistake.
const SHORTEST: Duration = Duration::from_millis(1);
const MOST_WORKERS: usize = 10_000;
const MOST_ITEMS: usize = 10_000_000;
/// Pauses after failures are up to so many periods long.
const LONGEST_PAUSE: u32 = 10;

/// What happens when an item is created and there is no room for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnFull {
    /// Another one leaves: the least recently used one of those that are finished, or else of all. It is told to
    /// [`on_evicted`](Poller::on_evicted).
    #[default]
    Evict,
    /// It is not created: an error.
    Refuse,
}

/// The settings of an [`AutoRefreshCache`]: see [`AutoRefreshCache::builder`].
#[must_use = "nothing is polled before `start`"]
pub struct AutoRefreshBuilder<P> {
    name: String,
    poller: P,
    settings: Settings,
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) resync_period: Duration,
    pub(super) fastest: Option<Duration>,
    pub(super) workers: usize,
    pub(super) capacity: usize,
    pub(super) rate_limit: RateLimit,
    pub(super) batch: usize,
    pub(super) poll_timeout: Duration,
    pub(super) sync_on_create: bool,
    pub(super) on_full: OnFull,
    pub(super) terminal_ttl: Option<Duration>,
    pub(super) max_age: Option<Duration>,
    pub(super) max_failures: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            resync_period: Duration::from_secs(30),
            fastest: None,
            workers: 10,
            capacity: 100_000,
            rate_limit: RateLimit::default(),
            batch: 1,
            poll_timeout: Duration::from_mins(1),
            sync_on_create: true,
            on_full: OnFull::Evict,
            terminal_ttl: None,
            max_age: None,
            max_failures: 5,
        }
    }
}

impl<P: Poller> AutoRefreshBuilder<P> {
    pub(super) fn new(name: String, poller: P) -> Self {
        Self {
            name,
            poller,
            settings: Settings::default(),
        }
    }

    /// From the end of one poll of an item to the next, give or take a tenth; 30 seconds by default. A pause after failures
    /// begins with it and ends at ten of them.
    pub const fn resync_period(mut self, period: Duration) -> Self {
        self.settings.resync_period = period;
        self
    }

    /// Polls new items sooner: each a quarter of its age after the poll before, but not sooner than this, until that is the
    /// `resync_period`. By default all are polled at the period.
    pub const fn adaptive(mut self, fastest: Duration) -> Self {
        self.settings.fastest = Some(fastest);
        self
    }

    /// How many calls may be under way at the same time; 10 by default, up to 10,000.
    pub const fn workers(mut self, workers: usize) -> Self {
        self.settings.workers = workers;
        self
    }

    /// How many items there may be; 100,000 by default, up to 10,000,000.
    pub const fn capacity(mut self, items: usize) -> Self {
        self.settings.capacity = items;
        self
    }

    /// How many calls may begin in a second; 30 by default, and 300 at once after a rest.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.settings.rate_limit = limit;
        self
    }

    /// How many items a call asks about at most; one by default. With more, a call also takes items that will be due within a tenth of
    /// the `resync_period`, and new ones are gathered for ten milliseconds.
    pub const fn batch(mut self, items: usize) -> Self {
        self.settings.batch = items;
        self
    }

    /// After this time a call is ended and has failed; a minute by default.
    pub const fn poll_timeout(mut self, timeout: Duration) -> Self {
        self.settings.poll_timeout = timeout;
        self
    }

    /// Whether a new item is polled at once. It is by default; otherwise it is after the `resync_period`.
    pub const fn sync_on_create(mut self, at_once: bool) -> Self {
        self.settings.sync_on_create = at_once;
        self
    }

    /// What happens when there is no room; by default another item leaves.
    pub const fn on_full(mut self, on_full: OnFull) -> Self {
        self.settings.on_full = on_full;
        self
    }

    /// Terminal items, but not those that were given up, leave after this time; by default they stay. Zero is at once.
    pub const fn terminal_ttl(mut self, time: Duration) -> Self {
        self.settings.terminal_ttl = Some(time);
        self
    }

    /// Every item leaves so long after its creation, terminal or not; by default it stays.
    pub const fn max_age(mut self, time: Duration) -> Self {
        self.settings.max_age = Some(time);
        self
    }

    /// After so many failures in a row, a period apart, an item is [given up](super::ItemState::GivenUp); 5 by default. `u32::MAX` is
    /// never. A service that is down for long gives up all items: set it high where that is usual, or call
    /// [`retry_all`](AutoRefreshCache::retry_all) when the service is back.
    pub const fn max_failures(mut self, failures: u32) -> Self {
        self.settings.max_failures = failures;
        self
    }

    /// Starts the tasks in the background.
    ///
    /// When not all items can be polled once a period, that is logged as a warning, with the arithmetic.
    ///
    /// # Errors
    /// When settings are out of their range; the message names the cache and the setting.
    ///
    /// # Panics
    /// Outside a Tokio runtime, or in one without time.
    pub fn start(self) -> Result<AutoRefreshCache<P>> {
        let Self {
            name,
            poller,
            settings,
        } = self;
        if let Some(problem) = settings.problem() {
            return Err(Failure::Settings(format!("`{name}`: {problem}")).into());
        }
        if let Some(warning) = settings.warning() {
            tracing::warn!(name, "{warning}");
        }
        Ok(AutoRefreshCache::begin(name, poller, settings))
    }
}

impl<P> fmt::Debug for AutoRefreshBuilder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AutoRefreshBuilder")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Settings {
    fn problem(&self) -> Option<String> {
        let times = [
            ("resync_period", Some(self.resync_period)),
            ("adaptive", self.fastest),
            ("poll_timeout", Some(self.poll_timeout)),
            ("max_age", self.max_age),
        ];
        for (name, time) in times {
            if let Some(time) = time.filter(|time| !(SHORTEST..=LONGEST).contains(time)) {
                return Some(format!(
                    "`{name}` is {time:?}, and not between {SHORTEST:?} and a year"
                ));
            }
        }
        if let Some(time) = self.terminal_ttl.filter(|time| *time > LONGEST) {
            return Some(format!("`terminal_ttl` is {time:?}, which is more than a year"));
        }
        if let Some(fastest) = self.fastest.filter(|fastest| *fastest > self.resync_period) {
            return Some(format!(
                "`adaptive` begins with {fastest:?}, which is more than the `resync_period` of {:?} that it slows down to",
                self.resync_period
            ));
        }
        let counts = [
            ("workers", self.workers, MOST_WORKERS),
            ("capacity", self.capacity, MOST_ITEMS),
            ("batch", self.batch, MOST_ITEMS),
        ];
        for (name, count, most) in counts {
            if !(1..=most).contains(&count) {
                return Some(format!("`{name}` is {count}, and not between 1 and {most}"));
            }
        }
        if self.max_failures == 0 {
            return Some(
                "`max_failures` is 0, which would give every item up before its first poll".to_owned(),
            );
        }
        self.rate_limit.problem()
    }

    /// What cannot be kept with all items there.
    fn warning(&self) -> Option<String> {
        let (capacity, batch) = (as_f64(self.capacity), as_f64(self.batch.min(self.capacity)));
        let rate = self.rate_limit.rate();
        let seconds = capacity / (rate * batch);
        (seconds > self.resync_period.as_secs_f64()).then(|| {
            format!(
                "{capacity} items, {batch} a call and {rate} calls a second, take {seconds:.0} s to be polled once, which is more than \
                 the `resync_period` of {:?}; poll more in a `batch`, or set a longer period or a smaller `capacity`",
                self.resync_period
            )
        })
    }

    pub(super) const fn backoff(&self) -> Backoff {
        Backoff::new(
            self.resync_period,
            self.resync_period.saturating_mul(LONGEST_PAUSE),
        )
    }
}

fn as_f64(count: usize) -> f64 {
    // No more than ten millions.
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
