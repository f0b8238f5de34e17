//! How one fetch, or one write, is to be done.

use std::{sync::Arc, time::Duration};

use super::{entry::Times, store::Ttl};
use crate::{
    error::{Error, Result, cache::Failure},
    schedule::shorter,
};

/// How long an entry lives, and what happens around its end.
///
/// ```
/// use std::time::Duration;
/// use touchable::cache::Options;
///
/// let rates = Options::new()
///     .ttl(Duration::from_mins(5))
///     .stale_while_revalidate(Duration::from_secs(30))
///     .stale_if_error(Duration::from_hours(1));
/// ```
///
/// A setting that makes no sense (a time to live of zero) is reported by the call that gets the options, before it does
/// anything.
#[derive(Clone, Debug)]
#[must_use]
pub struct Options {
    ttl: Option<Ttl>,
    jitter: f64,
    stale_while_revalidate: Duration,
    stale_if_error: Duration,
    early_refresh: Option<f64>,
    pub(super) version: Option<Arc<str>>,
    pub(super) force: bool,
    pub(super) cluster_flight: Option<Ttl>,
    problem: Option<Failure>,
}

impl Options {
    /// An entry lives until the store needs its room.
    pub const fn new() -> Self {
        Self {
            ttl: None,
            jitter: 0.0,
            stale_while_revalidate: Duration::ZERO,
            stale_if_error: Duration::ZERO,
            early_refresh: None,
            version: None,
            force: false,
            cluster_flight: None,
            problem: None,
        }
    }

    /// How long an entry is fresh. By default for ever, which is right for a key that carries a version.
    pub fn ttl(mut self, ttl: impl TryInto<Ttl, Error: Into<Error>>) -> Self {
        self.ttl = self.valid(ttl);
        self
    }

    /// Shortens the time to live of each entry by a random part of up to this fraction, so that entries that were stored
    /// together do not end together: `0.1` for 90 to 100 %. By default 0.
    pub fn ttl_jitter(mut self, fraction: f64) -> Self {
        if !(0.0..=1.0).contains(&fraction) {
            self.refuse(format!("a `ttl_jitter` of {fraction} is not between 0 and 1"));
        }
        self.jitter = fraction;
        self
    }

    /// For how long after its end an entry is still served while somebody loads it anew. By default not at all.
    pub fn stale_while_revalidate(mut self, window: Duration) -> Self {
        self.stale_while_revalidate = window;
        self
    }

    /// For how long after its end an entry is still served when the loader fails. By default not at all.
    pub fn stale_if_error(mut self, window: Duration) -> Self {
        self.stale_if_error = window;
        self
    }

    /// Loads a value anew a little before its end, the earlier the longer it takes to load, at a moment that each reader
    /// draws for itself: the end then finds a fresh value, and not everybody at once. `1.0` is right for most; more is
    /// earlier. By default off.
    ///
    /// This is `XFetch`: Vattani, Chierichetti, Lowenstein, *Optimal Probabilistic Cache Stampede Prevention*, VLDB 2015.
    pub fn early_refresh(mut self, beta: f64) -> Self {
        if !(beta.is_finite() && beta > 0.0) {
            self.refuse(format!("an `early_refresh` of {beta} is not a number above 0"));
        }
        self.early_refresh = Some(beta);
        self
    }

    /// The version of what is cached. An entry of another version, or of none, is a miss.
    ///
    /// Take it before the loader reads anything: what is loaded is stored under it, and is then at least as new.
    pub fn version(mut self, version: impl Into<Arc<str>>) -> Self {
        let version = version.into();
        if version.len() > usize::from(u16::MAX) {
            self.refuse(format!("a version of {} bytes; 65535 is the most", version.len()));
        }
        self.version = Some(version);
        self
    }

    /// Loads anew whatever is stored. A load that is already running is not joined, since it may have begun to read before.
    pub const fn force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }

    /// Lets one process of all that share the store run the loader, while the others wait for its value; for so long at
    /// most, then they load for themselves. By default each process loads for itself.
    ///
    /// Give it a multiple of what a load takes. A process that dies in its loader holds the others up for this time, once.
    pub fn cluster_flight(mut self, at_most: impl TryInto<Ttl, Error: Into<Error>>) -> Self {
        self.cluster_flight = self.valid(at_most);
        self
    }

    fn valid(&mut self, ttl: impl TryInto<Ttl, Error: Into<Error>>) -> Option<Ttl> {
        ttl.try_into()
            .map_err(|problem| self.problem = Some(problem.into().into_failure()))
            .ok()
    }

    fn refuse(&mut self, problem: String) {
        self.problem = Some(Failure::Settings(problem));
    }

    /// Whether the settings make sense.
    #[inline]
    pub(super) fn check(&self) -> Result<()> {
        if self.problem.is_none() && self.ttl.is_none() {
            return Ok(());
        }
        if let Some(problem) = &self.problem {
            return Err(problem.clone().into());
        }
        self.kept().map(drop)
    }

    /// How long the store keeps an entry.
    pub(super) fn kept(&self) -> Result<Option<Ttl>> {
        let window = self.stale_while_revalidate.max(self.stale_if_error);
        let kept = |ttl: Ttl| ttl.duration().saturating_add(window).try_into();
        self.ttl.map(kept).transpose()
    }

    /// The moments of an entry that is loaded between these two, and how long the store keeps it.
    pub(super) fn times(&self, began: i64, now: i64) -> Result<(Times, Option<Ttl>)> {
        let load_micros = u32::try_from(now.saturating_sub(began).max(0)).unwrap_or(u32::MAX);
        let times = |fresh_until, kept_until| Times {
            created: now,
            fresh_until,
            kept_until,
            load_micros,
        };
        let (Some(ttl), Some(kept)) = (self.ttl, self.kept()?) else {
            return Ok((times(Times::NEVER, Times::NEVER), None));
        };
        let fresh = shorter(ttl.duration(), self.jitter);
        let fresh_until = after(now, fresh.max(Ttl::MIN));
        Ok((times(fresh_until, after(now, kept.duration())), Some(kept)))
    }

    pub(super) fn age(&self, times: &Times, now: i64) -> Age {
        if now < times.fresh_until {
            if self.is_early(times, now) {
                Age::Early
            } else {
                Age::Fresh
            }
        } else if now >= times.kept_until {
            Age::Gone
        } else if now < after(times.fresh_until, self.stale_while_revalidate) {
            Age::Stale
        } else if now < after(times.fresh_until, self.stale_if_error) {
            Age::Reserve
        } else {
            Age::Gone
        }
    }

    /// `XFetch`: `now - load time * beta * ln(random) >= end`.
    #[expect(clippy::cast_precision_loss, reason = "microseconds need not be exact here")]
    fn is_early(&self, times: &Times, now: i64) -> bool {
        self.early_refresh.is_some_and(|beta| {
            let rest = times.fresh_until.saturating_sub(now) as f64;
            // In (0, 1]: the logarithm of 0 would always be early.
            let random = 1.0 - fastrand::f64();
            -f64::from(times.load_micros) * beta * random.ln() >= rest
        })
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

/// How old an entry is for somebody with certain options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    Fresh,
    /// Fresh, but its turn to be loaded anew has come.
    Early,
    /// To be served while it is loaded anew.
    Stale,
    /// To be served when it cannot be loaded.
    Reserve,
    Gone,
}

fn after(moment: i64, by: Duration) -> i64 {
    moment.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX))
}
