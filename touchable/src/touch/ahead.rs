//! Rules that run in a circle: locking before saving.
//!
//! A save locks its row first and touches others after it. Where rules lead from table to table and back again, two saves
//! would do so in opposite orders. So a save that is part of a transaction first locks what it will touch, and its own row
//! among them, in the order that all flushes keep.

use std::collections::HashMap;

use sea_orm::{
    ConnectionTrait, DbBackend, Statement,
    sea_query::{Expr, LockType, Query},
};

use super::{
    Schema,
    assigned::rows_of,
    mysql,
    plan::{Entry, Key, Query as Rows, Start, Touch, plan},
    row::in_transaction,
    schema::CompiledRule,
    sql::Sql,
    suppress::is_suppressed,
};
use crate::{Error, Result, connection::ours, observe::labels};

/// Locks the rows that these rules may touch when the row with this key is written.
pub(super) async fn lock_ahead<C: ConnectionTrait>(
    db: &C,
    schema: &'static Schema,
    key: &Key,
    rules: Vec<&'static CompiledRule>,
) -> Result<()> {
    let backend = db.get_database_backend();
    if rules.is_empty() || !schema.place().circular || !in_transaction::<C>() || backend == DbBackend::Sqlite
    {
        return Ok(());
    }
    let keys = vec![key.clone()];
    let mut entries: Vec<Entry> = rules
        .into_iter()
        .map(|rule| {
            let rows = Rows::of(schema, rows_of(schema, &keys), HashMap::new());
            Entry::fired(schema, rule, Start::Query(rows.into()))
        })
        .collect();
    entries.push(Entry::rows(schema, keys.clone()));
    for touch in plan(entries, is_suppressed).touches {
        let locked = ours(db.query_one_raw(lock(backend, &touch))).await;
        locked.map_err(|source| Error::touch(touch.target.name, labels(&touch.rules), source))?;
    }
    Ok(())
}

fn lock(backend: DbBackend, touch: &Touch) -> Statement {
    let sql = Sql::new(backend);
    if backend == DbBackend::MySql {
        return mysql::lock(&sql, touch);
    }
    let mut rows = sql.ordered_keys(touch);
    rows.lock(LockType::NoKeyUpdate);
    backend.build(
        Query::select()
            .expr(Expr::cust("count(*)"))
            .from_subquery(rows, "locked"),
    )
}
