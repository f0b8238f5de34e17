//! One transaction for a write and its touches, and when it begins again.

use std::future::ready;

use sea_orm::{ConnectionTrait, DbBackend, TransactionSession, TransactionTrait};

use super::super::{
    flush::{is_within, tries_of},
    publish,
};
use crate::{
    connection::become_writer,
    entity::{CompiledRule, Key, Schema},
    error::Result,
    touch::{begin, finish, lock_ahead, locks_ahead, ours, take_turn},
};

/// A write that touches.
pub(super) trait Write: Send + Sync {
    /// What it returns.
    type Done: Send;

    /// The rows that it will write, found without a lock, and the rules that these may fire.
    fn reaches<C: ConnectionTrait>(
        &self,
        _db: &C,
    ) -> impl Future<Output = Result<(Vec<Key>, Vec<&'static CompiledRule>)>> + Send {
        ready(Ok((Vec::new(), Vec::new())))
    }

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
    let (mut turn, mut tries) = (Turn::default(), tries_of(db));
    loop {
        let done = attempt(write, schema, db, &turn, tries.is_crowded()).await;
        if tries.again(&done).await {
            continue;
        }
        match done? {
            Step::Again(met) => turn.next(met),
            Step::Done(done) => return Ok(done),
        }
    }
}

async fn attempt<W, C>(
    write: &W,
    schema: &'static Schema,
    db: &C,
    turn: &Turn,
    crowded: bool,
) -> Result<Step<W::Done>>
where
    W: Write,
    C: ConnectionTrait + TransactionTrait,
{
    become_writer(db, schema).await?;
    let (keys, rules) = if looks_ahead(schema, db) {
        write.reaches(db).await?
    } else {
        (Vec::new(), Vec::new())
    };
    let tx = begin(db).await?;
    let done = async {
        if crowded {
            take_turn(&tx, schema).await?;
        }
        lock_ahead(&tx, schema, &keys, &rules).await?;
        ours(write.write(&tx, turn)).await
    }
    .await;
    if let Ok(Step::Again(met)) = done {
        tx.rollback().await?;
        return Ok(Step::Again(met));
    }
    finish(tx, done).await
}

/// Whether the rows are looked for before they are locked. In a transaction of the application's on MySQL the snapshot that this
/// takes would be older than what is read later.
fn looks_ahead<C: ConnectionTrait>(schema: &'static Schema, db: &C) -> bool {
    let backend = db.get_database_backend();
    locks_ahead(schema, backend) && (backend != DbBackend::MySql || !is_within(db))
}
