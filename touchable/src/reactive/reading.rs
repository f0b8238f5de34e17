//! What somebody who asks for a value gets.

use std::{error, fmt, sync::Arc, time::Duration};

/// What is known of a value at the moment. It never took longer than a look.
#[derive(Debug)]
#[must_use]
pub enum Reading<V> {
    /// Younger than its interval, the interval's jitter and the time limit of a computation.
    Fresh {
        /// The value.
        value: Arc<V>,
        /// How long ago it was computed.
        age: Duration,
    },
    /// Older than that, expired, of an older version of its record, or the last attempt to compute it has failed.
    Stale {
        /// The value.
        value: Arc<V>,
        /// How long ago it was computed.
        age: Duration,
        /// What the last attempt has failed of; `None` when it is merely late.
        error: Option<Arc<ComputeError>>,
    },
    /// Nothing was computed yet. It will be.
    Pending {
        /// When to ask again.
        poll_after: Duration,
    },
    /// Nothing can be served: no attempt has succeeded yet, or the value is older than
    /// [`max_stale`](super::ReactiveBuilder::max_stale).
    Failed {
        /// What the last attempt has failed of.
        error: Arc<ComputeError>,
        /// When it is tried again.
        retry_in: Duration,
    },
}

impl<V> Reading<V> {
    /// The value, fresh or stale.
    #[must_use]
    pub fn value(&self) -> Option<&Arc<V>> {
        match self {
            Self::Fresh { value, .. } | Self::Stale { value, .. } => Some(value),
            Self::Pending { .. } | Self::Failed { .. } => None,
        }
    }

    /// The value, fresh or stale.
    #[must_use]
    pub fn into_value(self) -> Option<Arc<V>> {
        match self {
            Self::Fresh { value, .. } | Self::Stale { value, .. } => Some(value),
            Self::Pending { .. } | Self::Failed { .. } => None,
        }
    }

    /// What the last attempt has failed of.
    #[must_use]
    pub fn error(&self) -> Option<&ComputeError> {
        match self {
            Self::Stale { error, .. } => error.as_deref(),
            Self::Failed { error, .. } => Some(error),
            Self::Fresh { .. } | Self::Pending { .. } => None,
        }
    }

    /// Whether it is [`Fresh`](Self::Fresh).
    #[must_use]
    pub const fn is_fresh(&self) -> bool {
        matches!(self, Self::Fresh { .. })
    }

    /// Whether it is [`Stale`](Self::Stale).
    #[must_use]
    pub const fn is_stale(&self) -> bool {
        matches!(self, Self::Stale { .. })
    }

    /// Whether it is [`Pending`](Self::Pending).
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        matches!(self, Self::Pending { .. })
    }

    /// Whether it is [`Failed`](Self::Failed).
    #[must_use]
    pub const fn is_failed(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }

    /// The name of the outcome, in metrics.
    pub(super) const fn outcome(&self) -> usize {
        match self {
            Self::Fresh { .. } => 0,
            Self::Stale { .. } => 1,
            Self::Pending { .. } => 2,
            Self::Failed { .. } => 3,
        }
    }
}

impl<V> Clone for Reading<V> {
    fn clone(&self) -> Self {
        match self {
            Self::Fresh { value, age } => Self::Fresh {
                value: Arc::clone(value),
                age: *age,
            },
            Self::Stale { value, age, error } => Self::Stale {
                value: Arc::clone(value),
                age: *age,
                error: error.clone(),
            },
            Self::Pending { poll_after } => Self::Pending {
                poll_after: *poll_after,
            },
            Self::Failed { error, retry_in } => Self::Failed {
                error: Arc::clone(error),
                retry_in: *retry_in,
            },
        }
    }
}

/// Why a value could not be computed. It may have happened on another node: its text is what is left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComputeError {
    pub(super) cause: Cause,
    pub(super) message: String,
    pub(super) failures: u32,
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Error,
    Panic,
    Timeout,
    TooLarge,
    TooOld,
    Unreachable,
}

impl Cause {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Error, "error"),
        (Self::Panic, "panic"),
        (Self::Timeout, "timeout"),
        (Self::TooLarge, "large"),
        (Self::TooOld, "old"),
        (Self::Unreachable, "unreachable"),
    ];

    pub(super) fn name(self) -> &'static str {
        let found = Self::ALL.into_iter().find(|(cause, _)| *cause == self);
        found.map_or("error", |(_, name)| name)
    }

    #[cfg(feature = "redis")]
    pub(super) fn of(name: &str) -> Self {
        let found = Self::ALL.into_iter().find(|(_, each)| *each == name);
        found.map_or(Self::Error, |(cause, _)| cause)
    }
}

impl ComputeError {
    /// Whether the computation did not end within its time limit.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.cause == Cause::Timeout
    }

    /// Whether the computation panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        self.cause == Cause::Panic
    }

    /// Whether the value was larger than [`max_value_bytes`](super::ReactiveBuilder::max_value_bytes), or could not be
    /// encoded.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.cause == Cause::TooLarge
    }

    /// Whether the value is older than [`max_stale`](super::ReactiveBuilder::max_stale), and no attempt has failed: there
    /// may be no worker.
    #[must_use]
    pub fn is_too_old(&self) -> bool {
        self.cause == Cause::TooOld
    }

    /// Whether the schedule cannot be reached, so that this copy of the value may not be the last one.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        self.cause == Cause::Unreachable
    }

    /// How many attempts have failed in a row.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }
}

impl fmt::Display for ComputeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl error::Error for ComputeError {}
