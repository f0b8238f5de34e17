//! Carrying out a plan.

use std::ptr;

use sea_orm::{
    ConnectionTrait, DbBackend,
    sea_query::{Expr, LockType, Query},
};
use tracing::Instrument;

use super::{
    Schema,
    explicit::{begin, finish},
    plan::{Entry, Key, Touch, plan},
    row::in_transaction,
    schema::CompiledRule,
    sql::{Sql, in_values},
    suppress::is_suppressed,
};
use crate::{
    Clock, Error, Result,
    connection::{Scope, ask, ours},
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
/// transaction of its own. Counts the rows of `of`, and leaves out the row that was `saved`.
pub(crate) async fn flush<C: ConnectionTrait>(
    db: &C,
    entries: Vec<Entry>,
    of: &'static Schema,
    saved: Option<&Key>,
) -> Result<Touched> {
    if entries.is_empty() {
        return Ok(Touched::default());
    }
    let Some(Scope::Connection(session)) = ask(db) else {
        return ours(carry_out(db, entries, Some(of), saved)).await;
    };
    let tx = begin(session.inner()).await?;
    let done = carry_out(&tx, entries, Some(of), saved).await;
    finish(tx, done).await
}

/// Carries out the touches that waited for a commit.
pub(crate) async fn flush_entries<C: ConnectionTrait>(db: &C, entries: Vec<Entry>) -> Result<()> {
    carry_out(db, entries, None, None).await.map(drop)
}

async fn carry_out<C: ConnectionTrait>(
    db: &C,
    entries: Vec<Entry>,
    of: Option<&'static Schema>,
    saved: Option<&Key>,
) -> Result<Touched> {
    let mut touched = Touched::default();
    let mut plan = plan(entries, is_suppressed);
    let stamp = Clock::current().stamp();
    for touch in &mut plan.touches {
        let own = of.is_some_and(|of| ptr::eq(touch.target, of)) && touch.columns.is_empty();
        if let (true, Some(key)) = (own, saved) {
            touch.except.push(key.clone());
        }
        let statement = Sql::new(db.get_database_backend()).update(touch, stamp);
        let span = touch.span();
        let done = async { db.execute_raw(statement).await }
            .instrument(span.clone())
            .await;
        let rows = done.map_err(|source| touch.failed(source))?.rows_affected();
        span.record("rows", rows);
        touch.count(rows);
        if own {
            touched.rows += rows;
        }
    }
    Ok(touched)
}

impl Touch {
    pub(crate) fn span(&self) -> tracing::Span {
        tracing::debug_span!("touch", table = self.target.name, rules = ?self.rules, rows = tracing::field::Empty)
    }

    pub(crate) fn failed(&self, source: sea_orm::DbErr) -> Error {
        Error::touch(self.target.name, self.rules.join(", "), source)
    }

    pub(crate) fn count(&self, rows: u64) {
        for rule in &self.rules {
            metrics::counter!("touchable_rules_fired_total", "rule" => rule.clone()).increment(1);
        }
        metrics::counter!("touchable_rows_touched_total", "table" => self.target.name).increment(rows);
    }
}

/// Locks the rows that a write is about to refer to, before the database does.
///
/// `InnoDB` takes a shared lock on a row that a new foreign key names. Two transactions that add children to one parent
/// would both hold it and then both wait to touch the parent: a deadlock. With the exclusive lock first they queue.
pub(crate) async fn lock_parents<C: ConnectionTrait>(
    db: &C,
    parents: impl IntoIterator<Item = (&'static CompiledRule, Key)>,
) -> Result<()> {
    let backend = db.get_database_backend();
    if backend != DbBackend::MySql || !in_transaction::<C>() {
        return Ok(());
    }
    let mut parents: Vec<_> = parents.into_iter().collect();
    parents.sort_by_cached_key(|(rule, key)| {
        (
            format!("{:?}", rule.hops.first().map(|hop| &hop.to_tbl)),
            format!("{key:?}"),
        )
    });
    for (rule, key) in parents {
        let Some(hop) = rule.hops.first() else { continue };
        let alias = Sql::new(backend).alias();
        let columns: Vec<_> = hop.to_col.iter().cloned().collect();
        let select = Query::select()
            .expr(Expr::cust("1"))
            .from(hop.to_tbl.clone().alias(alias.clone()))
            .cond_where(in_values(&alias, &columns, &[key]))
            .lock(LockType::Update)
            .to_owned();
        db.query_all(&select)
            .await
            .map_err(|source| Error::touch((rule.target)().name, rule.association, source))?;
    }
    Ok(())
}
