//! Carrying out a plan.

use std::ptr;

use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ConnectionTrait, sea_query::LockType};
use tracing::Instrument;

use super::{
    Schema,
    plan::{Entry, Key, plan},
    row::in_transaction,
    schema::CompiledRule,
    sql::{Sql, in_values},
    suppress::is_suppressed,
};
use crate::{Clock, Error, Result};

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

/// Plans and carries out what these entries set in motion. Counts the rows of `of`.
pub(crate) async fn flush<C: ConnectionTrait>(
    db: &C,
    entries: Vec<Entry>,
    of: &'static Schema,
    saved: Option<&Key>,
) -> Result<Touched> {
    let mut touched = Touched::default();
    if entries.is_empty() {
        return Ok(touched);
    }
    let mut plan = plan(entries, is_suppressed);
    let stamp = Clock::current().stamp();
    for touch in &mut plan.touches {
        let own = ptr::eq(touch.target, of) && touch.columns.is_empty();
        if let (true, Some(key)) = (own, saved) {
            touch.except.push(key.clone());
        }
        let statement = Sql::new(db.get_database_backend()).update(touch, stamp);
        let span = tracing::debug_span!("touch", table = touch.target.name, rules = ?touch.rules, rows = tracing::field::Empty);
        let done = async { db.execute_raw(statement).await }
            .instrument(span.clone())
            .await;
        let done = done.map_err(|source| Error::touch(touch.target.name, touch.rules.join(", "), source))?;
        span.record("rows", done.rows_affected());
        if own {
            touched.rows += done.rows_affected();
        }
    }
    Ok(touched)
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
    if backend != sea_orm::DbBackend::MySql || !in_transaction::<C>() {
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
