//! Carrying out a plan.

use sea_orm::{ConnectionTrait, DbErr, ExecResult, Statement};
use tracing::{Instrument, Span};

use super::{
    keys::read_keys,
    observe::{Flush, labels},
    plan::{Entry, Except, Plan, Touch, plan},
    sql::{Sql, Worded, mysql},
    suppress::is_suppressed,
    transaction::in_transaction,
    tries::Tries,
};
use crate::{
    clock::{Clock, Stamp},
    dialect::most_values,
    entity::{Key, Schema},
    error::{Error, Result},
};

/// What a flush did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    rows: u64,
}

impl Touched {
    /// How many rows of the entity itself were touched, those reached by cascades not counted.
    #[must_use]
    pub const fn rows(self) -> u64 {
        self.rows
    }

    pub(crate) const fn add(&mut self, other: Self) {
        self.rows += other.rows;
    }
}

/// Rows of a published entity that have moved.
#[derive(Debug)]
pub(crate) struct Moved {
    pub schema: &'static Schema,
    pub keys: Vec<Key>,
}

/// Carries out the touches that waited for a commit. Returns the rows of published entities, when they are to be `published`.
pub(crate) async fn flush_entries<C: ConnectionTrait>(
    db: &C,
    entries: Vec<Entry>,
    published: bool,
) -> Result<Vec<Moved>> {
    let (_, moved) = plan_and_carry_out(db, entries, None, &Except::Nobody, published).await?;
    Ok(moved)
}

/// Plans and carries out what these entries set in motion, in parts that no statement of binds more values than the database
/// takes. Counts the rows of `of`, and leaves out the rows that were `saved`.
pub(crate) async fn plan_and_carry_out<C: ConnectionTrait>(
    db: &C,
    entries: Vec<Entry>,
    of: Option<&'static Schema>,
    saved: &Except,
    published: bool,
) -> Result<(Touched, Vec<Moved>)> {
    let (backend, stamp) = (db.get_database_backend(), Clock::current().stamp());
    let (mut touched, mut moved) = (Touched::default(), Vec::new());
    let mut parts = vec![entries];
    while let Some(entries) = parts.pop() {
        let mut plan = plan(entries.clone(), is_suppressed);
        if let Some(of) = of {
            plan.spare(of, saved);
        }
        if published {
            plan.publish();
        }
        let statements: Vec<Worded> = plan
            .touches
            .iter()
            .map(|touch| Sql::new(backend).touch(touch, stamp))
            .collect();
        if statements
            .iter()
            .any(|worded| worded.binds() > most_values(backend))
            && let Some((first, second)) = halves(&entries)
        {
            parts.extend([second, first]);
            continue;
        }
        let worded = |at: usize| statements[at].map(Clone::clone);
        let (rows, keys) = carry_out(db, &plan, stamp, worded).await?;
        let counted = plan.touches.iter().zip(rows);
        let counted = counted.filter(|(touch, _)| of.is_some_and(|of| touch.moves(of)));
        touched.rows += counted.map(|(_, rows)| rows).sum::<u64>();
        moved.extend(keys);
    }
    Ok((touched, moved))
}

/// The same entries in two parts; `None` when there is only one row to start from.
fn halves(entries: &[Entry]) -> Option<(Vec<Entry>, Vec<Entry>)> {
    if let [only] = entries {
        let (first, second) = only.halves()?;
        return Some((vec![first], vec![second]));
    }
    let (first, second) = entries.split_at(entries.len() / 2);
    (!first.is_empty()).then(|| (first.to_vec(), second.to_vec()))
}

/// Sends the statement of each touch of a plan and reports these; returns how many rows each has moved, and which of
/// those that are published.
pub(crate) async fn carry_out<C: ConnectionTrait>(
    db: &C,
    plan: &Plan,
    stamp: Stamp,
    worded: impl Fn(usize) -> Worded,
) -> Result<(Vec<u64>, Vec<Moved>)> {
    if plan.touches.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    hold_still(db, &plan.touches, &worded).await?;
    let flush = Flush::begin(plan);
    let (rows, moved) = send_all(db, &plan.touches, stamp, worded)
        .instrument(flush.span().clone())
        .await?;
    flush.end(plan, &rows);
    Ok((rows, moved))
}

/// The same where the last touch is part of another statement, which says how many rows that has moved.
pub(crate) async fn carry_out_with<C: ConnectionTrait, T>(
    db: &C,
    plan: &Plan,
    stamp: Stamp,
    worded: impl Fn(usize) -> Worded,
    last: impl Future<Output = Result<(T, u64)>>,
) -> Result<(T, Vec<Moved>)> {
    hold_still(db, &plan.touches, &worded).await?;
    let flush = Flush::begin(plan);
    let done = async {
        let (touch, before) = plan
            .touches
            .split_last()
            .map_or((None, &[][..]), |(last, before)| (Some(last), before));
        let (mut rows, moved) = send_all(db, before, stamp, worded).await?;
        let span = touch.map_or_else(Span::none, Touch::span);
        let (done, last) = last.instrument(span.clone()).await?;
        span.record("rows", last);
        rows.push(last);
        Ok::<_, Error>((done, rows, moved))
    };
    let (done, rows, moved) = done.instrument(flush.span().clone()).await?;
    flush.end(plan, &rows);
    Ok((done, moved))
}

/// Locks all rows of a plan, in order, until the same are found once more: others may lead from them to elsewhere meanwhile, and
/// not afterwards.
async fn hold_still<C: ConnectionTrait>(
    db: &C,
    touches: &[Touch],
    worded: &impl Fn(usize) -> Worded,
) -> Result<()> {
    if !in_transaction::<C>() || !touches.iter().any(|touch| touch.held) {
        return Ok(());
    }
    let mut before = None;
    loop {
        let mut found: Vec<Vec<u8>> = Vec::with_capacity(touches.len());
        for (at, touch) in touches.iter().enumerate() {
            let Some(hold) = worded(at).hold else {
                return Ok(());
            };
            let keys = db.query_one_raw(hold).await;
            let keys = keys.and_then(|row| row.map_or(Ok(Vec::new()), |row| row.try_get_by_index(0)));
            found.push(keys.map_err(|source| touch.failed(source))?);
        }
        if before.as_ref() == Some(&found) {
            return Ok(());
        }
        before = Some(found);
    }
}

async fn send_all<C: ConnectionTrait>(
    db: &C,
    touches: &[Touch],
    stamp: Stamp,
    worded: impl Fn(usize) -> Worded,
) -> Result<(Vec<u64>, Vec<Moved>)> {
    let mut counts = Vec::with_capacity(touches.len());
    let mut moved = Vec::new();
    for (at, touch) in touches.iter().enumerate() {
        let span = touch.span();
        let rows = if touch.published {
            let done = send_told(db, touch, stamp, worded(at)).instrument(span.clone());
            let (rows, keys) = done.await.map_err(|source| touch.failed(source))?;
            moved.push(Moved {
                schema: touch.target,
                keys,
            });
            rows
        } else {
            let done = send(db, worded(at).update).instrument(span.clone()).await;
            done.map_err(|source| touch.failed(source))?.rows_affected()
        };
        span.record("rows", rows);
        counts.push(rows);
    }
    Ok((counts, moved))
}

/// Sends the statement of a touch, in a transaction; returns how many rows it has moved, and which.
async fn send_told<C: ConnectionTrait>(
    db: &C,
    touch: &Touch,
    stamp: Stamp,
    worded: Worded,
) -> Result<(u64, Vec<Key>), DbErr> {
    let Some(question) = worded.moved else {
        let keys = read_keys(db, touch.target, worded.update).await?;
        return Ok((keys.len() as u64, keys));
    };
    let rows = db.execute_raw(worded.update).await?.rows_affected();
    if rows == 0 {
        return Ok((0, Vec::new()));
    }
    let mut keys = read_keys(db, touch.target, question).await?;
    if keys.len() as u64 != rows {
        // The snapshot of the transaction is older than what leads to the rows, and an UPDATE reads what is committed.
        keys = match mysql::all_moved(touch, stamp) {
            Some(question) => read_keys(db, touch.target, question).await?,
            None => Vec::new(),
        };
    }
    if (keys.len() as u64) < rows {
        return Err(DbErr::Custom(format!(
            "it is not known which {rows} rows have moved, so that nobody can be told of them; repeat the transaction"
        )));
    }
    Ok((rows, keys))
}

async fn send<C: ConnectionTrait>(db: &C, statement: Statement) -> Result<ExecResult, DbErr> {
    // Inside a transaction there is nothing left to repeat the statement in.
    if in_transaction::<C>() {
        return db.execute_raw(statement).await;
    }
    let mut tries = Tries::default();
    loop {
        let done = db.execute_raw(statement.clone()).await;
        if !tries.again(&done).await {
            return done;
        }
    }
}

impl Touch {
    fn failed(&self, source: DbErr) -> Error {
        Error::touch(self.target.name, labels(&self.rules), source)
    }
}
