//! Keeping below a rate.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync,
    time::{Instant, sleep},
};

/// By how much whoever passes late lets the next one come sooner: timers wake up to a millisecond late, and busy machines later.
const LATE: Duration = Duration::from_millis(10);

/// Longer than anybody waits.
const LONGEST: Duration = Duration::from_hours(24 * 366 * 30);

/// Lets so many pass in a time, evenly, in the order in which they came.
///
/// The *generic cell rate algorithm* of ATM traffic management (ITU-T I.371): one moment is all it remembers. Who waits and is
/// dropped takes nothing.
///
/// ```
/// use std::time::Duration;
/// use touchable::schedule::Limiter;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let begun = tokio::time::Instant::now();
/// let limiter = Limiter::new(10, Duration::from_secs(1));
/// for _ in 0..11 {
///     limiter.acquire().await;
/// }
/// assert_eq!(begun.elapsed(), Duration::from_secs(1));
/// # }
/// ```
#[derive(Debug)]
pub struct Limiter {
    /// From one to the next.
    pace: Duration,
    /// By how much of their pace some may come early.
    slack: Duration,
    /// When the next one would come if all had kept the pace; `None` before the first.
    next: Mutex<Option<Instant>>,
    /// Who waits, in order.
    queue: sync::Mutex<()>,
}

impl Limiter {
    /// So many in a time, each at its pace: 10 in a second is one in 100 ms.
    ///
    /// # Panics
    /// When `count` is zero.
    #[must_use]
    pub const fn new(count: u32, per: Duration) -> Self {
        let Some(pace) = per.checked_div(count) else {
            panic!("a limit of none lets nobody pass");
        };
        Self::pacing(pace)
    }

    /// One after the other, so long apart.
    pub(crate) const fn pacing(pace: Duration) -> Self {
        Self {
            pace,
            slack: Duration::ZERO,
            next: Mutex::new(None),
            queue: sync::Mutex::const_new(()),
        }
    }

    /// How many may pass at once after a rest; one by default. The rate holds all the same.
    #[must_use]
    pub fn burst(mut self, burst: u32) -> Self {
        self.slack = self.pace.saturating_mul(burst.saturating_sub(1));
        self
    }

    /// Lets nobody pass for such a time, nor a burst after it: somebody has asked for a rest.
    pub fn pause(&self, rest: Duration) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, rest) = (Instant::now(), rest.saturating_add(self.slack));
        // Too long to be told is as long as can be.
        let until = now.checked_add(rest).unwrap_or_else(|| now + LONGEST);
        *next = (*next).max(Some(until));
    }

    /// Waits for its turn.
    pub async fn acquire(&self) {
        let _turn = self.queue.lock().await;
        while let Err(wait) = self.try_pass() {
            sleep(wait).await;
        }
    }

    /// Passes if that needs no wait and nobody waits.
    #[must_use]
    pub fn try_acquire(&self) -> bool {
        self.queue.try_lock().is_ok_and(|_turn| self.try_pass().is_ok())
    }

    fn try_pass(&self) -> Result<(), Duration> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        // Who passes a little late was on the way: the rate is made up for, and after a rest it is not.
        let due = next.map_or(now, |next| {
            if now.saturating_duration_since(next) <= LATE {
                next
            } else {
                now
            }
        });
        let wait = due.saturating_duration_since(now).saturating_sub(self.slack);
        if !wait.is_zero() {
            return Err(wait);
        }
        *next = Some(due + self.pace);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, timeout};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    async fn passed_at_once(limiter: &Limiter) -> u32 {
        let mut passed = 0;
        while timeout(Duration::ZERO, limiter.acquire()).await.is_ok() {
            passed += 1;
        }
        passed
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_in_a_time() {
        let limiter = Limiter::new(5, SECOND);
        let begun = Instant::now();
        for _ in 0..=50 {
            limiter.acquire().await;
        }
        assert_eq!(begun.elapsed(), SECOND * 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_after_a_rest_and_the_rate_after_it() {
        let limiter = Limiter::new(10, SECOND).burst(4);
        assert_eq!(passed_at_once(&limiter).await, 4);
        advance(SECOND * 60).await;
        assert_eq!(passed_at_once(&limiter).await, 4);
        advance(SECOND / 10).await;
        assert_eq!(passed_at_once(&limiter).await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_late_is_made_up_for() {
        let limiter = Limiter::new(100, SECOND);
        let begun = Instant::now();
        for _ in 0..=100 {
            limiter.acquire().await;
            // Whoever asks next is always half of the pace late.
            advance(SECOND / 200).await;
        }
        assert!(begun.elapsed() <= SECOND + SECOND / 100);
        advance(SECOND).await;
        assert_eq!(passed_at_once(&limiter).await, 1, "after a rest nothing is");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_passes_while_it_rests() {
        let limiter = Limiter::new(10, SECOND).burst(4);
        limiter.acquire().await;
        limiter.pause(SECOND * 60);
        limiter.pause(SECOND);
        assert!(!limiter.try_acquire());
        let begun = Instant::now();
        limiter.acquire().await;
        assert_eq!(begun.elapsed(), SECOND * 60);
        assert_eq!(passed_at_once(&limiter).await, 0, "no burst after a rest");
        advance(SECOND / 10).await;
        assert_eq!(passed_at_once(&limiter).await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn it_rests_as_long_as_can_be() {
        let limiter = Limiter::new(10, SECOND).burst(4);
        limiter.pause(Duration::MAX);
        advance(LONGEST / 2).await;
        assert!(!limiter.try_acquire());
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_dropped_while_waiting_takes_nothing() {
        let limiter = Limiter::new(1, SECOND);
        limiter.acquire().await;
        for _ in 0..10 {
            assert!(timeout(SECOND / 100, limiter.acquire()).await.is_err());
        }
        let begun = Instant::now();
        limiter.acquire().await;
        assert!(begun.elapsed() <= SECOND);
        assert!(!limiter.try_acquire());
    }
}
