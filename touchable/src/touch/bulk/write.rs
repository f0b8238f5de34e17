//! One transaction for a write and its touches, and when it begins again.

use sea_orm::{ConnectionTrait, TransactionSession, TransactionTrait};

use crate::{
    Result,
    connection::{Scope, ask, ours},
    touch::{
        Schema,
        deadlock::Tries,
        explicit::{begin, finish},
        plan::Key,
        publish,
        row::in_transaction,
    },
};

/// A write that touches.
pub(super) trait Write: Send + Sync {
    /// What it returns.
    type Done: Send;

    /// Writes and touches, in a transaction.
    fn write<C: ConnectionTrait>(
        &self,
        db: &C,
        turn: &Turn,
    ) -> impl Future<Output = Result<Step<Self::Done>>> + Send;
}

/// How an attempt ends.
pub(super) enum Step<T> {
    Done(T),
    /// Rows were changed that had not been read before. All is to be taken back and done once more, with the rows of these
    /// keys read first.
    Again(Vec<Key>),
}

/// How often each new turn may find rows that were not there in the one before.
const TURNS: usize = 5;

/// Which attempt it is.
#[derive(Debug, Default)]
pub(super) struct Turn {
    number: usize,
    /// The rows that earlier ones have met.
    pub met: Vec<Key>,
}

impl Turn {
    pub(super) const fn is_first(&self) -> bool {
        self.number == 0
    }

    /// Whether what is not known by now stays unknown.
    pub(super) const fn is_last(&self) -> bool {
        self.number + 1 >= TURNS
    }

    fn next(&mut self, met: Vec<Key>) {
        self.number += 1;
        self.met.extend(met);
    }
}

/// Writes in one transaction, or a savepoint of the one that `db` is.
pub(super) async fn execute<W, C>(write: &W, schema: &'static Schema, db: &C) -> Result<W::Done>
where
    W: Write,
    C: ConnectionTrait + TransactionTrait,
{
    publish::check(db, schema)?;
    let (mut turn, mut tries) = (Turn::default(), Tries::default());
    loop {
        let tx = begin(db).await?;
        let done = match ours(write.write(&tx, &turn)).await {
            Ok(Step::Again(met)) => {
                tx.rollback().await?;
                turn.next(met);
                continue;
            }
            Ok(Step::Done(done)) => finish(tx, Ok(done)).await,
            Err(error) => finish(tx, Err(error)).await,
        };
        // Of a transaction that is not ours a deadlock has taken more than we could repeat.
        if !is_outside(db) || !tries.again(&done) {
            return done;
        }
    }
}

/// Whether the transaction of a write is the whole transaction.
fn is_outside<C: ConnectionTrait>(db: &C) -> bool {
    !in_transaction::<C>() || matches!(ask(db), Some(Scope::Connection(_)))
}
