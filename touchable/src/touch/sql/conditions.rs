//! What makes a row one of a set: conditions, and the keys by which rows are found.

use std::slice;

use sea_orm::{
    Identity, RelationDef,
    sea_query::{
        Alias, Asterisk, Condition, ConditionType, DynIden, Expr, ExprTrait, Query, SelectStatement,
        UnionType,
    },
};

use super::{
    super::plan::{Except, Query as Rows, RowSet, Start, Touch, Values},
    Sql, key_alias, walk,
};
use crate::{
    dialect::table_name,
    entity::{Cast, CompiledRule, Key, Schema, typed},
};

impl Sql {
    pub(super) fn rows_and_except(&self, touch: &Touch, table: &DynIden) -> Condition {
        let rows = self.condition(&touch.rows, touch.target, table);
        match Self::except(touch, table) {
            Some(except) => Condition::all().add(rows).add(except),
            None => rows,
        }
    }

    /// What keeps the rows out that have moved already.
    pub(super) fn except(touch: &Touch, table: &DynIden) -> Option<Condition> {
        let key = touch.target.primary_key_idens();
        Some(match &touch.except {
            Except::Nobody => return None,
            Except::Row(row) => of_keys(table, touch.target, slice::from_ref(row)).not(),
            // MySQL wants a table that it writes to be read behind a derived table.
            Except::Rows(moving) => {
                let moving = Query::select()
                    .column(Asterisk)
                    .from_subquery((**moving).clone(), "moving")
                    .to_owned();
                in_subquery(table, &key, moving).not()
            }
        })
    }

    /// The keys by which a set of rows is found in its table, and the columns they are found in; `None` where the rows
    /// must be asked themselves.
    pub(super) fn sources(&self, rows: &RowSet) -> Option<(Vec<DynIden>, SelectStatement)> {
        match rows {
            RowSet::Through { rule, from } => {
                let (hop, before) = rule.hops.split_last()?;
                let columns = idens(&hop.from_col);
                let select = |condition: &dyn Fn(&DynIden) -> Condition| {
                    self.select(hop.from_tbl.clone(), &columns, condition)
                };
                let keys = match from {
                    _ if hop.on_condition.is_some() => return None,
                    _ if !before.is_empty() => select(&|table| self.through(rule, before, from, table)),
                    Start::Rows { source, rows } => select(&|table| self.condition(rows, source, table)),
                    Start::Query(query) => query.select(&columns),
                    Start::Values(_) => return None,
                };
                Some((idens(&hop.to_col), keys))
            }
            RowSet::Union(parts) => {
                let mut parts = parts.iter().map(|part| self.sources(part));
                let (columns, mut keys) = parts.next()??;
                for part in parts {
                    let (others, more) = part?;
                    if others != columns {
                        return None;
                    }
                    keys.union(UnionType::Distinct, more);
                }
                Some((columns, keys))
            }
            RowSet::Keys(_) | RowSet::Walk { .. } => None,
        }
    }

    /// What makes a row of `table` (a table or alias of `schema`'s) one of `rows`.
    pub(crate) fn condition(&self, rows: &RowSet, schema: &'static Schema, table: &DynIden) -> Condition {
        match rows {
            RowSet::Keys(keys) => of_keys(table, schema, keys),
            RowSet::Through { rule, from } => self.through(rule, &rule.hops, from, table),
            RowSet::Union(parts) => {
                let mut keys = parts.iter().map(|part| self.keys(part, schema));
                let Some(mut first) = keys.next() else {
                    return of_keys(table, schema, &[]);
                };
                first.unions(keys.map(|keys| (UnionType::Distinct, keys)));
                // MariaDB and MySQL ask a union again for each row of the table, and lock them all.
                let union = Query::select()
                    .column(Asterisk)
                    .from_subquery(first, self.alias())
                    .to_owned();
                in_subquery(table, &schema.primary_key_idens(), union)
            }
            RowSet::Walk { walk, node } => {
                in_subquery(table, &schema.primary_key_idens(), walk::keys(self, walk, *node))
            }
        }
    }

    /// The primary keys of these rows.
    fn keys(&self, rows: &RowSet, schema: &'static Schema) -> SelectStatement {
        self.select(schema.table.clone(), &schema.primary_key_idens(), |table| {
            self.condition(rows, schema, table)
        })
    }

    /// Follows a path backwards: from the rows of `table` to what they must be associated with.
    fn through(&self, rule: &CompiledRule, hops: &[RelationDef], from: &Start, table: &DynIden) -> Condition {
        let Some((hop, before)) = hops.split_last() else {
            return in_values(table, &[], &[], &[]);
        };
        if !before.is_empty() {
            return self.across(hop, table, |source| self.through(rule, before, from, source));
        }
        match from {
            Start::Values(values) => self.of_values(rule, hop, values, table),
            Start::Query(query) => self.of_query(hop, query, table),
            Start::Rows { source, rows } => {
                self.across(hop, table, |other| self.condition(rows, source, other))
            }
        }
    }

    fn of_values(
        &self,
        rule: &CompiledRule,
        hop: &RelationDef,
        values: &Values,
        table: &DynIden,
    ) -> Condition {
        let key = idens(&hop.to_col);
        if let (Some(_), Some(row), Some(schema)) = (&hop.on_condition, &values.row, values.row_table) {
            let saved = |source: &DynIden| of_keys(source, schema, slice::from_ref(row));
            return Condition::any()
                .add(in_values(table, &key, &values.former, &rule.casts))
                .add(self.across(hop, table, saved));
        }
        // Without the row its condition cannot be asked for: touch too many rather than too few.
        let all: Vec<Key> = values.current.iter().chain(&values.former).cloned().collect();
        in_values(table, &key, &all, &rule.casts)
    }

    fn of_query(&self, hop: &RelationDef, query: &Rows, table: &DynIden) -> Condition {
        let keys = self.locking(query.select(&idens(&hop.from_col)));
        let by_key = in_subquery(table, &idens(&hop.to_col), keys);
        let Some(on) = &hop.on_condition else {
            return by_key;
        };
        // The condition is asked of the rows as they will be.
        let other = self.alias();
        let mut exists = Query::select();
        exists
            .expr(Expr::cust("1"))
            .from_subquery(self.locking(query.becoming()), other.clone())
            .cond_where(joined(hop, &other, table, on(other.clone(), table.clone())));
        Self::under(hop, by_key, exists)
    }

    /// The rows of `table` that a hop associates with those rows of its source that meet a condition.
    fn across(
        &self,
        hop: &RelationDef,
        table: &DynIden,
        source: impl Fn(&DynIden) -> Condition,
    ) -> Condition {
        let keys = self.select(hop.from_tbl.clone(), &idens(&hop.from_col), &source);
        let by_key = in_subquery(table, &idens(&hop.to_col), keys);
        let Some(on) = &hop.on_condition else {
            return by_key;
        };
        let other = self.alias();
        let mut exists = Query::select();
        exists
            .expr(Expr::cust("1"))
            .from(hop.from_tbl.clone().alias(other.clone()))
            .cond_where(source(&other))
            .cond_where(joined(hop, &other, table, on(other.clone(), table.clone())));
        Self::under(hop, by_key, self.locking(exists))
    }

    /// Puts the key of a hop and its condition together.
    fn under(hop: &RelationDef, by_key: Condition, exists: SelectStatement) -> Condition {
        let exists = Condition::all().add(Expr::exists(exists));
        match hop.condition_type {
            // The key alone can use an index; the condition then only looks at what it found.
            ConditionType::All => Condition::all().add(by_key).add(exists),
            ConditionType::Any => exists,
        }
    }
}

impl Rows {
    /// The rows with all their columns as they will be.
    fn becoming(&self) -> SelectStatement {
        let mut select = self.rows.clone();
        for name in self.source.column_names() {
            select.expr_as(self.value(name), Alias::new(name));
        }
        select
    }

    fn value(&self, name: &str) -> Expr {
        let expr = self.becomes.get(name).cloned();
        expr.unwrap_or_else(|| Expr::col((table_name(self.source), Alias::new(name))))
    }

    fn select(&self, columns: &[DynIden]) -> SelectStatement {
        let mut select = self.rows.clone();
        for (i, column) in columns.iter().enumerate() {
            select.expr_as(self.value(&column.to_string()), key_alias(i));
        }
        select
    }
}

/// How a hop joins its source to its target.
pub(crate) fn joined(hop: &RelationDef, source: &DynIden, target: &DynIden, on: Condition) -> Condition {
    let keys = keyed(hop, source, target);
    match hop.condition_type {
        ConditionType::All => Condition::all().add(keys).add(on),
        ConditionType::Any => Condition::any().add(keys).add(on),
    }
}

/// Whether two rows name each other by the columns of a hop.
pub(crate) fn keyed(hop: &RelationDef, source: &DynIden, target: &DynIden) -> Condition {
    let columns = hop.from_col.iter().zip(hop.to_col.iter());
    columns
        .map(|(from, to)| Expr::col((source.clone(), from.clone())).equals((target.clone(), to.clone())))
        .fold(Condition::all(), Condition::add)
}

/// The rows with these primary keys.
pub(crate) fn of_keys(table: &DynIden, schema: &Schema, keys: &[Key]) -> Condition {
    let casts = schema.casts(schema.primary_key.iter().copied());
    in_values(table, &schema.primary_key_idens(), keys, &casts)
}

/// The rows that have one of these keys in these columns.
pub(crate) fn in_values(table: &DynIden, columns: &[DynIden], keys: &[Key], casts: &[Cast]) -> Condition {
    let column = |column: &DynIden| Expr::col((table.clone(), column.clone()));
    let all = |key: &Key| {
        key.iter()
            .enumerate()
            .map(|(at, value)| typed(value.clone(), casts.get(at)))
            .collect::<Vec<_>>()
    };
    let expr = match (columns, keys) {
        (_, []) => Expr::cust("1 = 0"),
        (columns, [key]) => {
            return columns
                .iter()
                .zip(all(key))
                .fold(Condition::all(), |all, (name, value)| {
                    all.add(column(name).eq(value))
                });
        }
        ([only], keys) => column(only).is_in(keys.iter().flat_map(all)),
        (columns, keys) => {
            Expr::tuple(columns.iter().map(column)).is_in(keys.iter().map(|key| Expr::tuple(all(key))))
        }
    };
    Condition::all().add(expr)
}

pub(crate) fn in_subquery(table: &DynIden, columns: &[DynIden], select: SelectStatement) -> Condition {
    let column = |column: &DynIden| Expr::col((table.clone(), column.clone()));
    let expr = match columns {
        [only] => column(only).in_subquery(select),
        columns => Expr::tuple(columns.iter().map(column)).in_subquery(select),
    };
    Condition::all().add(expr)
}

fn idens(identity: &Identity) -> Vec<DynIden> {
    identity.iter().cloned().collect()
}
