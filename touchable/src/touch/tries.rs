//! Trying again what has failed for the moment.

use std::time::Duration;

use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, Order,
    sea_query::{Alias, Expr, LockType, Query},
};
use tokio::time::{Instant, sleep};

use super::own::ours;
use crate::{
    entity::Schema,
    error::{Result, Trouble, Troubled},
    schedule::Backoff,
};

/// How often a victim tries at least. Each time it waits for whom it collided with, so that the second try mostly succeeds; where
/// many write to the same rows, one of them at least succeeds in each round.
const TRIES: u32 = 12;

/// The pauses: any time up to these, since two that have met would otherwise meet again.
const PAUSES: Backoff = Backoff::new(Duration::from_millis(2), Duration::from_millis(150)).down_to(0.0);

/// For how long a victim tries at least, and a busy `SQLite` database is asked again, which each time has already waited for as
/// long as its `busy_timeout` says.
const PATIENCE: Duration = Duration::from_secs(5);

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
    /// Of what cannot be repeated: inside a transaction nothing is left to repeat it in.
    pub(crate) fn once() -> Self {
        Self {
            most: 1,
            ..Self::default()
        }
    }

    /// Of a transaction of the application's that may be repeated as a whole.
    pub(crate) fn patient() -> Self {
        Self {
            patient: true,
            ..Self::default()
        }
    }

    /// Whether so many are at work on the same rows that they should [take turns](take_turn).
    pub(crate) const fn is_crowded(&self) -> bool {
        self.count >= 2
    }

    /// Whether to try again, after a pause: the database has chosen this one as a deadlock's victim, or something like it.
    pub(crate) fn again<'a, T, E: Troubled>(
        &'a mut self,
        done: &Result<T, E>,
    ) -> impl Future<Output = bool> + use<'a, T, E> {
        let trouble = done.as_ref().err().and_then(Troubled::trouble);
        self.pause(trouble)
    }

    pub(crate) async fn pause(&mut self, trouble: Option<Trouble>) -> bool {
        self.count += 1;
        let again = match trouble {
            None => false,
            Some(Trouble::LockTimeout) => self.patient && self.count < self.most,
            Some(Trouble::Busy) => self.most > 1 && self.began.elapsed() < PATIENCE,
            Some(Trouble::Deadlock | Trouble::Serialization) => {
                self.count < self.most || (self.most > 1 && self.began.elapsed() < PATIENCE)
            }
        };
        if !again {
            return false;
        }
        let pause = PAUSES.pause(self.count);
        tracing::debug!(tries = self.count, ?trouble, ?pause, "tries again");
        sleep(pause).await;
        true
    }
}

/// The key of PostgreSQL's advisory lock under which those queue up that have been victims again and again: "touchabl".
const QUEUE: i64 = 0x746f_7563_6861_626c;

/// Waits for others that have been victims twice, too.
///
/// Where many write to the same rows, in whatever orders, they can be each other's victims again and again. Those that have been
/// so twice take turns from there on; whoever comes anew is in their way twice at most.
pub(crate) async fn take_turn<C: ConnectionTrait>(db: &C, schema: &'static Schema) -> Result<()> {
    match db.get_database_backend() {
        DbBackend::MySql => take_turn_at_circles(db, schema).await,
        _ => Ok(queue_up(db).await?),
    }
}

/// The same for a transaction of which it is not known what it will write. Only PostgreSQL has locks for it that end with the
/// transaction; `InnoDB` finds deadlocks as they arise, and its victims get on without.
pub(crate) async fn queue_up<C: ConnectionTrait>(db: &C) -> Result<(), DbErr> {
    if db.get_database_backend() == DbBackend::Postgres {
        let lock = format!("SELECT pg_advisory_xact_lock({QUEUE})");
        ours(db.execute_unprepared(&lock)).await?;
    }
    Ok(())
}

/// Where rules lead both ways, the rows to lock are known only on the way, and `InnoDB` locks what it looks at besides. The
/// first row in the order of all locks is where those queue up that have met before.
async fn take_turn_at_circles<C: ConnectionTrait>(db: &C, schema: &'static Schema) -> Result<()> {
    for first in schema.circles() {
        let mut row = Query::select();
        row.expr(Expr::cust("1")).from(first.table.clone());
        for column in &first.primary_key {
            row.order_by(Alias::new(*column), Order::Asc);
        }
        row.limit(1).lock(LockType::Update);
        ours(db.query_one(&row)).await?;
    }
    Ok(())
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
        for trouble in [Trouble::Deadlock, Trouble::Serialization] {
            let began = Instant::now();
            assert!(count(Tries::default(), trouble).await >= TRIES);
            assert!((PATIENCE..PATIENCE + PAUSES.nominal(u32::MAX) * 2).contains(&began.elapsed()));
            assert_eq!(count(Tries::once(), trouble).await, 1);
        }
        assert_eq!(count(Tries::default(), Trouble::LockTimeout).await, 1);
        assert_eq!(count(Tries::patient(), Trouble::LockTimeout).await, TRIES);
    }

    #[tokio::test(start_paused = true)]
    async fn success_and_other_errors_are_final() {
        let mut tries = Tries::default();
        assert!(!tries.again(&Ok::<_, DbErr>(())).await);
        assert!(!tries.pause(None).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_database_is_not_asked_for_ever() {
        let mut tries = Tries::default();
        assert!(tries.pause(Some(Trouble::Busy)).await);
        sleep(PATIENCE).await;
        assert!(!tries.pause(Some(Trouble::Busy)).await);
    }
}
