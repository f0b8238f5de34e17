//! Carrying out a plan.

use sea_orm::{ConnectionTrait, DbErr, ExecResult, Statement};
use tracing::Instrument;

use super::{
    Schema,
    deadlock::Tries,
    explicit::{begin, finish},
    plan::{Entry, Except, Plan, Touch, plan},
    row::in_transaction,
    sql::Sql,
    suppress::is_suppressed,
};
use crate::{
    Clock, Error, Result,
    connection::{Scope, ask, ours},
    observe::{Flush, labels},
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

/// Plans and carries out what these entries set in motion, on a [`TouchConnection`](crate::TouchConnection) in a
/// transaction of its own. Counts the rows of `of`, and leaves out the rows that were `saved`.
pub(crate) async fn flush<C: ConnectionTrait>(
    db: &C,
    entries: Vec<Entry>,
    of: &'static Schema,
    saved: &Except,
) -> Result<Touched> {
    if entries.is_empty() {
        return Ok(Touched::default());
    }
    let Some(Scope::Connection(session)) = ask(db) else {
        return ours(plan_and_carry_out(db, entries, Some(of), saved)).await;
    };
    let mut tries = Tries::default();
    loop {
        let tx = begin(session.inner()).await?;
        let done = plan_and_carry_out(&tx, entries.clone(), Some(of), saved).await;
        let done = finish(tx, done).await;
        if !tries.again(&done) {
            return done;
        }
    }
}

/// Carries out the touches that waited for a commit.
pub(crate) async fn flush_entries<C: ConnectionTrait>(db: &C, entries: Vec<Entry>) -> Result<()> {
    plan_and_carry_out(db, entries, None, &Except::Nobody)
        .await
        .map(drop)
}

async fn plan_and_carry_out<C: ConnectionTrait>(
    db: &C,
    entries: Vec<Entry>,
    of: Option<&'static Schema>,
    saved: &Except,
) -> Result<Touched> {
    let mut plan = plan(entries, is_suppressed);
    if let Some(of) = of {
        plan.spare(of, saved);
    }
    let (backend, stamp) = (db.get_database_backend(), Clock::current().stamp());
    let moved = carry_out(db, &plan, |at| Sql::new(backend).update(&plan.touches[at], stamp)).await?;
    let touched = plan
        .touches
        .iter()
        .zip(moved)
        .filter(|(touch, _)| of.is_some_and(|of| touch.moves(of)));
    Ok(Touched {
        rows: touched.map(|(_, rows)| rows).sum(),
    })
}

/// Sends the statement of each touch of a plan and reports these; returns how many rows each has moved.
pub(crate) async fn carry_out<C: ConnectionTrait>(
    db: &C,
    plan: &Plan,
    statement: impl Fn(usize) -> Statement,
) -> Result<Vec<u64>> {
    if plan.touches.is_empty() {
        return Ok(Vec::new());
    }
    let flush = Flush::begin(plan);
    let moved = send_all(db, plan, statement)
        .instrument(flush.span().clone())
        .await?;
    flush.end(plan, &moved);
    Ok(moved)
}

async fn send_all<C: ConnectionTrait>(
    db: &C,
    plan: &Plan,
    statement: impl Fn(usize) -> Statement,
) -> Result<Vec<u64>> {
    let mut moved = Vec::with_capacity(plan.touches.len());
    for (at, touch) in plan.touches.iter().enumerate() {
        let span = touch.span();
        let done = send(db, statement(at)).instrument(span.clone()).await;
        let rows = done.map_err(|source| touch.failed(source))?.rows_affected();
        span.record("rows", rows);
        moved.push(rows);
    }
    Ok(moved)
}

async fn send<C: ConnectionTrait>(db: &C, statement: Statement) -> Result<ExecResult, DbErr> {
    // Inside a transaction there is nothing left to repeat the statement in.
    if in_transaction::<C>() {
        return db.execute_raw(statement).await;
    }
    let mut tries = Tries::default();
    loop {
        let done = db.execute_raw(statement.clone()).await;
        if !tries.again(&done) {
            return done;
        }
    }
}

impl Touch {
    fn failed(&self, source: DbErr) -> Error {
        Error::touch(self.target.name, labels(&self.rules), source)
    }
}
