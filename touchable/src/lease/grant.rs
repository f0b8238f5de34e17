//! What a place for leases has to do.

use std::{
    collections::hash_map::RandomState,
    fmt,
    hash::BuildHasher,
    process,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::error::{Result, lease::Failure};

/// A place where leases are kept.
///
/// Every operation may be repeated when its answer was lost: the same [`Holder`] asks, and gets its due.
pub trait Leases: Clone + Send + Sync + 'static {
    /// How messages call this kind of place: `memory`, `redis`.
    const NAME: &'static str;

    /// Takes the lease `name` for `time` if nobody else holds it, under a token above all that it ever had.
    fn acquire(
        &self,
        name: &str,
        holder: &Holder,
        time: Duration,
    ) -> impl Future<Output = Result<Option<Grant>>> + Send;

    /// Lets a lease last for `time` from now on; `false` when it is over, even if nobody took it since.
    fn renew(&self, grant: &Grant, time: Duration) -> impl Future<Output = Result<bool>> + Send;

    /// Gives a lease back; `false` when it was over.
    fn release(&self, grant: &Grant) -> impl Future<Output = Result<bool>> + Send;
}

/// Who asks: a name that nobody else has.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Holder(Box<str>);

impl Holder {
    /// A new one. It begins with the process's id, so that a lease tells an operator who holds it.
    #[must_use]
    pub fn unique() -> Self {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_nanos());
        // Two states are never seeded alike in a process, and their seeds are random between processes.
        let (one, other) = (RandomState::new().hash_one(now), RandomState::new().hash_one(now));
        Self(format!("{}-{one:016x}{other:016x}", process::id()).into())
    }

    /// As text without spaces.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A lease as its place knows it.
#[derive(Clone, Debug)]
pub struct Grant {
    /// What is leased.
    pub name: Box<str>,
    /// To whom.
    pub holder: Holder,
    /// Rises with every grant of the same name.
    pub token: u64,
}

impl Grant {
    pub(super) fn new(name: &str, holder: &Holder, token: u64) -> Self {
        Self {
            name: name.into(),
            holder: holder.clone(),
            token,
        }
    }
}

/// The longest time a lease may be asked for: long enough for any work, short enough to wait for after a crash.
const LONGEST: Duration = Duration::from_hours(24);
/// The shortest: what renewals over a network can keep up with.
const SHORTEST: Duration = Duration::from_millis(10);
/// As many characters as an indexed column of every backend has room for.
const NAME: usize = 190;

/// Refuses what no place can keep.
pub(super) fn check(name: &str, time: Duration) -> Result<()> {
    let problem = if name.trim().is_empty() {
        "its name is blank".to_owned()
    } else if name.len() > NAME {
        format!("its name has {} bytes; at most {NAME} are allowed", name.len())
    } else if name.chars().any(char::is_control) {
        "its name holds a control character".to_owned()
    } else if !(SHORTEST..=LONGEST).contains(&time) {
        format!("it cannot last for {time:?}; say {SHORTEST:?} to {LONGEST:?}")
    } else {
        return Ok(());
    };
    Err(Failure::Settings {
        name: name.to_owned(),
        problem,
    }
    .into())
}
