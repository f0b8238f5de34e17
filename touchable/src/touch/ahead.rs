//! Locking before saving, in transactions.
//!
//! A foreign key takes a shared lock on the row that it names. Two transactions that add children to one parent both hold
//! it, and then both want to touch the parent: `InnoDB` calls that a deadlock at once, PostgreSQL now and then. So the
//! parents are locked for the touch first.
//!
//! Rules can run in a circle. A save locks its row first and touches others after it. Where rules lead from table to table and back again, two saves
//! would do so in opposite orders. So a save that is part of a transaction first locks what it will touch, and its own row
//! among them, in the order that all flushes keep.

use std::collections::{BTreeMap, HashMap};

use sea_orm::{
    ConnectionTrait, DbBackend, Order, RelationDef, Statement,
    sea_query::{Expr, LockType, Query, SelectStatement},
};

use super::{
    Schema,
    assigned::rows_of,
    plan::{Entry, Key, Query as Rows, Start, Touch, plan},
    row::in_transaction,
    schema::CompiledRule,
    sql::{Sql, in_values, mysql},
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

/// Locks the rows that a write is about to name in its foreign keys.
pub(super) async fn lock_parents<C: ConnectionTrait>(
    db: &C,
    parents: impl IntoIterator<Item = (&'static CompiledRule, Key)>,
) -> Result<()> {
    let backend = db.get_database_backend();
    if backend == DbBackend::Sqlite || !in_transaction::<C>() {
        return Ok(());
    }
    // One statement a table; the tables in one order.
    let mut tables: BTreeMap<String, (&RelationDef, Vec<Key>)> = BTreeMap::new();
    for (rule, key) in parents {
        if let Some(hop) = rule.hops.first() {
            let (_, keys) = tables
                .entry(format!("{:?} {:?}", hop.to_tbl, hop.to_col))
                .or_insert_with(|| (hop, Vec::new()));
            keys.push(key);
        }
    }
    for (table, (hop, keys)) in tables {
        let select = backend.build(&lock_keys(backend, hop, &keys));
        ours(db.query_all_raw(select))
            .await
            .map_err(|source| Error::touch(table, "locking what a foreign key names", source))?;
    }
    Ok(())
}

fn lock_keys(backend: DbBackend, hop: &RelationDef, keys: &[Key]) -> SelectStatement {
    let alias = Sql::new(backend).alias();
    let columns: Vec<_> = hop.to_col.iter().cloned().collect();
    let mut select = Query::select();
    select
        .expr(Expr::cust("1"))
        .from(hop.to_tbl.clone().alias(alias.clone()));
    select.cond_where(in_values(&alias, &columns, keys));
    for column in &columns {
        select.order_by((alias.clone(), column.clone()), Order::Asc);
    }
    select.lock(if backend == DbBackend::Postgres {
        LockType::NoKeyUpdate
    } else {
        LockType::Update
    });
    select
}
