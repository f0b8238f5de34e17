//! Associations with a condition of their own, before and after a change.
//!
//! Which rows are associated by key is known from the key alone. Where the association has a condition (`on_condition`), the
//! database is asked before the write: of the row as it is stored, and of the row as it will be.

use std::{collections::HashMap, slice, sync::Arc};

use sea_orm::{ConnectionTrait, sea_query::Expr};

use crate::{
    entity::{CompiledRule, Key, Schema},
    error::Result,
    touch::{Entry, Query as Rows, RowSet, Sql, Start, ours, read_keys, rows_of},
};

/// The rows that a rule names from the row with this key as it is stored.
pub(crate) fn stored(schema: &'static Schema, rule: &'static CompiledRule, key: &Key) -> Entry {
    becoming(schema, rule, key, HashMap::new())
}

/// The same once these columns are set.
pub(crate) fn becoming(
    schema: &'static Schema,
    rule: &'static CompiledRule,
    key: &Key,
    becomes: HashMap<&'static str, Expr>,
) -> Entry {
    let rows = Rows::of(schema, rows_of(schema, slice::from_ref(key)), becomes);
    Entry::fired(schema, rule, Start::Query(rows.into()))
}

/// Finds the rows of those entries that ask a row as it is now, since they are to be touched when it is another one.
pub(crate) async fn find<C: ConnectionTrait>(db: &C, entries: Vec<Entry>) -> Result<Vec<Entry>> {
    let mut found = Vec::with_capacity(entries.len());
    for mut entry in entries {
        let asks = matches!(
            &*entry.rows,
            RowSet::Through {
                from: Start::Query(_),
                ..
            }
        );
        if asks {
            let (target, sql) = (entry.target, Sql::of_now(db.get_database_backend()));
            let mut select = sql.select(target.table.clone(), &[], |table| {
                sql.condition(&entry.rows, target, table)
            });
            select.exprs(target.read_keys(None));
            let keys = ours(read_keys(db, target, sql.backend.build(&select))).await?;
            entry.rows = Arc::new(RowSet::Keys(keys));
        }
        found.push(entry);
    }
    Ok(found)
}
