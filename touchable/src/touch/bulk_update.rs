//! `update_many().touching()`.

use std::collections::HashMap;

use sea_orm::{
    ConnectionTrait, DbBackend, UpdateResult,
    sea_query::{Alias, BinOper, CaseStatement, Condition, Expr, ExprTrait, Func, Query, UpdateStatement},
};

use super::{
    Event, Schema,
    bulk::{matching, rows_of, unreadable},
    capture::Captured,
    explicit::CHUNK,
    flush::flush,
    hooks::active_rules,
    plan::{Entry, Key, Query as Rows, Start},
    rising,
    schema::{ColumnKind, CompiledRule},
    sql::{in_values, table_name},
};
use crate::{Clock, Result, Touchable};

pub(super) async fn run<E: Touchable, C: ConnectionTrait>(
    db: &C,
    statement: &UpdateStatement,
) -> Result<UpdateResult> {
    let schema = E::schema();
    let backend = db.get_database_backend();
    let update = Assigned::new(schema, backend, statement);
    let mut result = UpdateResult::default();
    if update.columns.is_empty() {
        return Ok(result);
    }
    let mut beginning = Query::update();
    beginning.table(schema.table.clone());
    for (column, value) in statement.get_values() {
        beginning.value(column.clone(), (**value).clone());
    }
    let tail = Captured::of(backend, statement)
        .after(&Captured::of(backend, &beginning))
        .ok_or_else(|| unreadable(schema.name))?;
    for keys in matching::<E, C>(db, tail).await?.chunks(CHUNK) {
        flush(db, update.entries::<E>(keys), schema, None).await?;
        result.rows_affected += db.execute(&update.statement(keys)).await?.rows_affected();
    }
    Ok(result)
}

/// What a bulk update sets.
struct Assigned {
    schema: &'static Schema,
    backend: DbBackend,
    columns: Vec<(String, Expr)>,
}

impl Assigned {
    fn new(schema: &'static Schema, backend: DbBackend, statement: &UpdateStatement) -> Self {
        let columns = statement
            .get_values()
            .iter()
            .map(|(column, value)| (column.to_string(), (**value).clone()))
            .filter(|(column, _)| schema.version != Some(column.as_str()))
            .collect();
        Self {
            schema,
            backend,
            columns,
        }
    }

    fn sets(&self, column: &str) -> bool {
        self.columns.iter().any(|(name, _)| name == column)
    }

    /// What the rows will show elsewhere, asked before they change.
    fn entries<E: Touchable>(&self, keys: &[Key]) -> Vec<Entry> {
        active_rules::<E>(Event::Update)
            .flat_map(|(_, rule)| {
                let changed = self.concerns(rule);
                let former = changed
                    .clone()
                    .map(|changed| self.entry::<E>(rule, keys, changed, HashMap::new()));
                let moved = self.becomes(rule);
                let current = changed
                    .filter(|_| !moved.is_empty())
                    .map(|changed| self.entry::<E>(rule, keys, changed, moved));
                former.into_iter().chain(current)
            })
            .collect()
    }

    fn entry<E: Touchable>(
        &self,
        rule: &'static CompiledRule,
        keys: &[Key],
        changed: Condition,
        becomes: HashMap<&'static str, Expr>,
    ) -> Entry {
        let mut rows = rows_of::<E>(keys);
        rows.cond_where(changed);
        let rows = Rows {
            source: self.schema,
            rows,
            becomes,
        };
        Entry::fired(self.schema, rule, Start::Query(rows.into()))
    }

    /// The rows of which a rule shows something that will differ; `None` when it watches nothing that is set.
    fn concerns(&self, rule: &CompiledRule) -> Option<Condition> {
        let key: Vec<String> = rule.key().collect();
        let watched = self.columns.iter().filter(|(column, _)| {
            let is_touch = column == self.schema.touch;
            key.contains(column) || (!is_touch && rule.watches(column)) || (is_touch && rule.cascades())
        });
        let differ: Vec<Expr> = watched
            .map(|(column, value)| self.differs(column, value))
            .collect();
        (!differ.is_empty()).then(|| differ.into_iter().fold(Condition::any(), Condition::add))
    }

    /// The columns of a rule's key that are set, and to what.
    fn becomes(&self, rule: &CompiledRule) -> HashMap<&'static str, Expr> {
        let key: Vec<String> = rule.key().collect();
        self.schema
            .column_names()
            .filter(|name| key.iter().any(|column| column == name))
            .filter_map(|name| {
                let (_, value) = self.columns.iter().find(|(column, _)| column == name)?;
                Some((name, value.clone()))
            })
            .collect()
    }

    /// Whether a column's value will be another one, in bytes: collations call different texts equal.
    fn differs(&self, column: &str, value: &Expr) -> Expr {
        let stored = Expr::col((table_name(self.schema), Alias::new(column)));
        let kind = self.schema.kind(column).unwrap_or(ColumnKind::Other);
        let text = kind == ColumnKind::Text;
        match self.backend {
            _ if kind == ColumnKind::Opaque => Expr::cust("1 = 1"),
            DbBackend::Postgres => stored.binary(BinOper::Custom("IS DISTINCT FROM"), value.clone()),
            DbBackend::MySql => {
                let bytes = |expr: Expr| {
                    if text {
                        Expr::expr(Func::cast_as(expr, "BINARY"))
                    } else {
                        expr
                    }
                };
                bytes(stored)
                    .binary(BinOper::Custom("<=>"), bytes(value.clone()))
                    .not()
            }
            _ => {
                let stored = if text {
                    Expr::cust_with_expr("? COLLATE BINARY", stored)
                } else {
                    stored
                };
                stored.binary(BinOper::IsNot, value.clone())
            }
        }
    }

    /// The update of these rows. The touch column comes first, since MySQL assigns from left to right and it asks for
    /// the values before.
    fn statement(&self, keys: &[Key]) -> UpdateStatement {
        let schema = self.schema;
        let mut update = Query::update();
        update.table(schema.table.clone()).cond_where(in_values(
            &table_name(schema),
            &schema.primary_key_idens(),
            keys,
        ));
        let changed = self
            .columns
            .iter()
            .map(|(column, value)| self.differs(column, value))
            .fold(Condition::any(), Condition::add);
        if !self.sets(schema.touch) {
            for (column, raised) in rising::assignments(self.backend, schema, &[], Clock::current().stamp()) {
                let kept = Expr::col(Alias::new(column));
                let value = CaseStatement::new().case(changed.clone(), raised).finally(kept);
                update.value(Alias::new(column), value);
            }
        }
        for (column, value) in &self.columns {
            update.value(Alias::new(column), value.clone());
        }
        update
    }
}
