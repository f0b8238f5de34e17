//! Trying again what has failed for the moment.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::error::{Trouble, Troubled};

/// How often a victim tries. Each time it waits for whom it collided with, so that the second try mostly succeeds; where many
/// write to the same rows, one of them at least succeeds in each round.
const TRIES: u32 = 12;

/// The longest pause.
const LONGEST: Duration = Duration::from_millis(150);

/// For how long a busy `SQLite` database is asked again. Each time it has already waited for as long as its `busy_timeout`
/// says.
const BUSY: Duration = Duration::from_secs(5);

/// Counts the tries of something that is a whole transaction, or a statement outside of any.
///
/// Touches lock their rows in one order, but a saved row is locked before any of them: where rules lead both ways
/// between two tables, two saves can still wait for each other.
#[derive(Debug)]
pub(crate) struct Tries {
    began: Instant,
    count: u32,
    most: u32,
    /// Whether locks that were not had in time are tried for again: somebody has set that time, and may mean it.
    patient: bool,
}

impl Default for Tries {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            count: 0,
            most: TRIES,
            patient: false,
        }
    }
}

impl Tries {
    /// Whether to try again, after a pause: the database has chosen this one as a deadlock's victim, or something like it.
    pub(crate) async fn again<T, E: Troubled>(&mut self, done: &Result<T, E>) -> bool {
        let trouble = done.as_ref().err().and_then(Troubled::trouble);
        self.pause(trouble).await
    }

    pub(crate) async fn pause(&mut self, trouble: Option<Trouble>) -> bool {
        self.count += 1;
        let again = match trouble {
            None => false,
            Some(Trouble::LockTimeout) => self.patient,
            Some(Trouble::Busy) => self.began.elapsed() < BUSY,
            Some(Trouble::Deadlock | Trouble::Serialization) => true,
        };
        if !again || self.count >= self.most {
            return false;
        }
        let longest = Duration::from_millis(1 << self.count.min(8)).min(LONGEST);
        // Any time up to it: two that have met would otherwise meet again.
        let pause = longest.mul_f64(fastrand::f64());
        tracing::debug!(tries = self.count, ?trouble, ?pause, "tries again");
        sleep(pause).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn count(mut tries: Tries, trouble: Trouble) -> u32 {
        let mut count = 1;
        while tries.pause(Some(trouble)).await {
            count += 1;
        }
        count
    }

    #[tokio::test(start_paused = true)]
    async fn a_victim_tries_a_bounded_number_of_times() {
        assert_eq!(count(Tries::default(), Trouble::Deadlock).await, TRIES);
        assert_eq!(count(Tries::default(), Trouble::Serialization).await, TRIES);
        assert_eq!(count(Tries::default(), Trouble::LockTimeout).await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn success_and_other_errors_are_final() {
        let mut tries = Tries::default();
        assert!(!tries.again(&Ok::<_, sea_orm::DbErr>(())).await);
        assert!(!tries.pause(None).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_database_is_not_asked_for_ever() {
        let mut tries = Tries::default();
        assert!(tries.pause(Some(Trouble::Busy)).await);
        sleep(BUSY).await;
        assert!(!tries.pause(Some(Trouble::Busy)).await);
    }
}
