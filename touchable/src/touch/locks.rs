//! Locking before saving, in transactions.
//!
//! A foreign key takes a shared lock on the row that it names. Two transactions that add children to one parent both hold
//! it, and then both want to touch the parent: `InnoDB` calls that a deadlock at once, PostgreSQL now and then. So the
//! parents are locked for the touch first.
//!
//! Rules can run in a circle. A save locks its row first and touches others after it. Where rules lead from table to table and back again, two saves
//! would do so in opposite orders. So a save or a bulk write in a transaction, its own or the application's, first locks what it will
//! touch, and its own rows among them, in the order that all flushes keep.

use std::{
    collections::{BTreeMap, HashMap},
    ptr, slice,
};

use sea_orm::{
    ConnectionTrait, DbBackend, Order, RelationDef, Statement,
    sea_query::{Expr, LockType, Query, SelectStatement},
};

use super::{
    assigned::rows_of,
    observe::labels,
    own::ours,
    plan::{Entry, Query as Rows, Start, Touch, plan},
    sql::{Sql, in_values, mysql},
    suppress::is_suppressed,
    transaction::in_transaction,
};
use crate::{
    dialect::most_values,
    entity::{CompiledRule, Key, Schema},
    error::{Error, Result},
};

/// Whether what a write of this entity may touch is to be [locked ahead](lock_ahead) of its rows.
pub(crate) fn locks_ahead(schema: &'static Schema, backend: DbBackend) -> bool {
    schema.place().circular && backend != DbBackend::Sqlite
}

/// Locks the rows with these keys, and those that these rules may touch when they are written.
pub(crate) async fn lock_ahead<C: ConnectionTrait>(
    db: &C,
    schema: &'static Schema,
    keys: &[Key],
    rules: &[&'static CompiledRule],
) -> Result<()> {
    let backend = db.get_database_backend();
    if rules.is_empty() || !locks_ahead(schema, backend) || !in_transaction::<C>() {
        return Ok(());
    }
    // Each rule names all keys.
    let values = schema.primary_key.len() * (rules.len() + 1);
    for keys in keys.chunks((most_values(backend) / values).max(1)) {
        for touch in plan(reached(schema, keys, rules), is_suppressed).touches {
            lock(db, &touch, LockType::NoKeyUpdate).await?;
        }
    }
    Ok(())
}

/// Locks a row and those that these rules may touch, in the order of flushes, for whatever the application is about to do.
/// Returns whether the row is there. Not for `SQLite`, which locks no rows.
pub(crate) async fn lock_reached<C: ConnectionTrait>(
    db: &C,
    schema: &'static Schema,
    key: &Key,
    rules: &[&'static CompiledRule],
) -> Result<bool> {
    let touches = plan(reached(schema, slice::from_ref(key), rules), |_| false).touches;
    let mut found = lock_all(db, schema, &touches).await?;
    // What leads to the rows of a circle is looked for while they are not all locked: once they are, the others are found.
    if touches.iter().any(|touch| touch.target.place().circular) {
        found = lock_all(db, schema, &touches).await?;
    }
    Ok(found)
}

/// Whether rows of this entity were among them.
async fn lock_all<C: ConnectionTrait>(db: &C, schema: &Schema, touches: &[Touch]) -> Result<bool> {
    let mut found = false;
    for touch in touches {
        let rows = lock(db, touch, LockType::Update).await?;
        found |= rows > 0 && ptr::eq(touch.target, schema);
    }
    Ok(found)
}

/// What these rules may touch when the rows with these keys are written, and the rows.
fn reached(schema: &'static Schema, keys: &[Key], rules: &[&'static CompiledRule]) -> Vec<Entry> {
    let fired = rules.iter().map(|rule| {
        let rows = Rows::of(schema, rows_of(schema, keys), HashMap::new());
        Entry::fired(schema, rule, Start::Query(rows.into()))
    });
    let mut entries: Vec<Entry> = fired.collect();
    entries.push(Entry::rows(schema, keys.to_vec()));
    entries
}

/// Locks the rows of a touch; returns how many there are.
async fn lock<C: ConnectionTrait>(db: &C, touch: &Touch, strength: LockType) -> Result<i64> {
    let statement = locking(db.get_database_backend(), touch, strength);
    let locked = ours(db.query_one_raw(statement)).await;
    let locked = locked.map_err(|source| Error::touch(touch.target.name, labels(&touch.rules), source))?;
    Ok(locked.map_or(Ok(0), |row| row.try_get_by_index(0))?)
}

fn locking(backend: DbBackend, touch: &Touch, strength: LockType) -> Statement {
    let sql = Sql::new(backend);
    if backend == DbBackend::MySql {
        return mysql::lock(&sql, touch);
    }
    let mut rows = sql.ordered_keys(touch);
    rows.lock(strength);
    backend.build(
        Query::select()
            .expr(Expr::cust("count(*)"))
            .from_subquery(rows, "locked"),
    )
}

/// Locks the rows that a write is about to name in its foreign keys.
pub(crate) async fn lock_parents<C: ConnectionTrait>(
    db: &C,
    parents: impl IntoIterator<Item = (&'static CompiledRule, Key)>,
) -> Result<()> {
    let backend = db.get_database_backend();
    if backend == DbBackend::Sqlite || !in_transaction::<C>() {
        return Ok(());
    }
    // One statement a table; the tables in one order.
    let mut tables: BTreeMap<String, (&CompiledRule, &RelationDef, Vec<Key>)> = BTreeMap::new();
    for (rule, key) in parents {
        if let Some(hop) = rule.hops.first() {
            let (_, _, keys) = tables
                .entry(format!("{:?} {:?}", hop.to_tbl, hop.to_col))
                .or_insert_with(|| (rule, hop, Vec::new()));
            keys.push(key);
        }
    }
    for (table, (rule, hop, keys)) in tables {
        let select = backend.build(&lock_keys(backend, rule, hop, &keys));
        ours(db.query_all_raw(select))
            .await
            .map_err(|source| Error::touch(table, "locking what a foreign key names", source))?;
    }
    Ok(())
}

fn lock_keys(backend: DbBackend, rule: &CompiledRule, hop: &RelationDef, keys: &[Key]) -> SelectStatement {
    let alias = Sql::new(backend).alias();
    let columns: Vec<_> = hop.to_col.iter().cloned().collect();
    let mut select = Query::select();
    select
        .expr(Expr::cust("1"))
        .from(hop.to_tbl.clone().alias(alias.clone()));
    select.cond_where(in_values(&alias, &columns, keys, &rule.casts));
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
