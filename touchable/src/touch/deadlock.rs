//! Trying again after a deadlock.

use sea_orm::DbErr;

/// How often a victim tries. Each time it waits for whom it collided with, so that the second try mostly succeeds.
const TRIES: usize = 5;

/// Counts the tries of something that is a whole transaction.
///
/// Touches lock their rows in one order, but a saved row is locked before any of them: where rules lead both ways
/// between two tables, two saves can still wait for each other.
#[derive(Debug, Default)]
pub(crate) struct Tries(usize);

impl Tries {
    /// Whether to try again: the database has chosen this one as a deadlock's victim.
    pub(crate) fn again<T, E: Deadlock>(&mut self, done: &Result<T, E>) -> bool {
        self.0 += 1;
        let again = self.0 < TRIES && done.as_ref().is_err_and(Deadlock::is_deadlock);
        if again {
            tracing::debug!(tries = self.0, "a deadlock's victim tries again");
        }
        again
    }
}

/// An error that may be a deadlock's.
pub(crate) trait Deadlock {
    fn is_deadlock(&self) -> bool;

    /// Whether it has rolled back a whole transaction, its savepoints included: `InnoDB`'s does.
    fn rolls_back(&self) -> bool;
}

impl Deadlock for DbErr {
    /// SeaORM keeps the driver's error code behind features that only an application can choose, but its text is always
    /// there: PostgreSQL's 40P01, and MySQL's 1213, which names the code itself.
    fn is_deadlock(&self) -> bool {
        let text = self.to_string();
        text.contains("deadlock detected") || self.rolls_back()
    }

    fn rolls_back(&self) -> bool {
        self.to_string().contains("1213 (40001)")
    }
}

impl Deadlock for crate::Error {
    fn is_deadlock(&self) -> bool {
        self.db_err().is_some_and(Deadlock::is_deadlock)
    }

    fn rolls_back(&self) -> bool {
        self.db_err().is_some_and(Deadlock::rolls_back)
    }
}
