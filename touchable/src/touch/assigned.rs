//! What an UPDATE sets, and whom that concerns, asked of the rows before they change.

use std::collections::HashMap;

use sea_orm::{
    DbBackend, Value,
    sea_query::{
        Alias, CaseStatement, Condition, Expr, ExprTrait, Query, SelectStatement,
        extension::mysql::{IndexHintScope, MySqlSelectStatementExt},
    },
};

use super::{
    plan::{Entry, Except, Query as Rows, Start},
    sql::of_keys,
};
use crate::{
    clock::Stamp,
    dialect::{equality, rising, table_name},
    entity::{ColumnKind, CompiledRule, Key, Schema},
};

/// The assignments of an UPDATE.
#[derive(Debug)]
pub(crate) struct Assigned {
    pub schema: &'static Schema,
    pub backend: DbBackend,
    /// Without the version.
    pub columns: Vec<Assignment>,
    /// Every assignment counts as a change, whatever is stored.
    pub always: bool,
}

/// `column = value`.
#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    pub column: String,
    pub expr: Expr,
    /// The value that is bound, where it is one.
    pub value: Option<Value>,
}

impl Assigned {
    /// What the rows with these keys will show elsewhere, and what they show now.
    pub(crate) fn entries(&self, rules: &[&'static CompiledRule], keys: &[Key]) -> Vec<Entry> {
        rules
            .iter()
            .flat_map(|rule| {
                let changed = self.concerns(rule);
                let moved = self.becomes(rule);
                let former = changed
                    .clone()
                    .map(|changed| self.entry(rule, keys, changed, HashMap::new()));
                let current = changed
                    .filter(|_| !moved.is_empty())
                    .map(|changed| self.entry(rule, keys, changed, moved));
                former.into_iter().chain(current)
            })
            .collect()
    }

    fn entry(
        &self,
        rule: &'static CompiledRule,
        keys: &[Key],
        changed: Condition,
        becomes: HashMap<&'static str, Expr>,
    ) -> Entry {
        let mut rows = rows_of(self.schema, keys);
        rows.cond_where(changed);
        let rows = Rows::of(self.schema, rows, becomes);
        Entry::fired(self.schema, rule, Start::Query(rows.into()))
    }

    /// The rows of which a rule shows something that will differ; `None` when it watches nothing that is set.
    fn concerns(&self, rule: &CompiledRule) -> Option<Condition> {
        let differ: Vec<Expr> = self
            .concerned(rule)
            .map(|assignment| self.fires(rule, assignment))
            .collect();
        (!differ.is_empty()).then(|| any(differ))
    }

    /// Whether an assignment that concerns a rule fires it.
    fn fires(&self, rule: &CompiledRule, assignment: &Assignment) -> Expr {
        let Assignment { column, expr, .. } = assignment;
        let watched = rule.watches(column) || rule.is_fired_by_move(column);
        if self.always || watched || !rule.is_deleted_by(column) || equality::is_default(expr) {
            return self.changes_it(assignment);
        }
        let stored = Expr::col((table_name(self.schema), Alias::new(column)));
        let deletes = stored.clone().is_null().and(expr.clone().is_not_null());
        let restores = stored.is_not_null().and(expr.clone().is_null());
        match (rule.events.delete, rule.events.create) {
            (true, true) => deletes.or(restores),
            (true, false) => deletes,
            (false, _) => restores,
        }
    }

    /// The assignments that a rule watches, or that move its association.
    pub(crate) fn concerned(&self, rule: &CompiledRule) -> impl Iterator<Item = &Assignment> {
        let touch = self.schema.touch;
        self.columns
            .iter()
            .filter(move |Assignment { column, .. }| rule.is_concerned_by(column, column == touch))
    }

    /// The rules that some assignment concerns.
    pub(crate) fn concerned_rules(&self, rules: &[&'static CompiledRule]) -> Vec<&'static CompiledRule> {
        let concerned = |rule: &&CompiledRule| self.concerned(rule).next().is_some();
        rules.iter().copied().filter(concerned).collect()
    }

    /// The columns that say which rows are associated, as far as they are set, and to what.
    pub(crate) fn becomes(&self, rule: &CompiledRule) -> HashMap<&'static str, Expr> {
        self.schema
            .column_names()
            .filter(|name| rule.is_moved_by(name))
            .filter_map(|name| Some((name, self.find(name)?.expr.clone())))
            .collect()
    }

    /// What a column is set to.
    pub(crate) fn find(&self, column: &str) -> Option<&Assignment> {
        self.columns.iter().find(|assignment| assignment.column == column)
    }

    /// Whether a row differs in anything after the update, whatever becomes of its touch column.
    pub(crate) fn changes_anything(&self) -> Condition {
        self.changes(|column| column != self.schema.touch)
    }

    /// Whether a row differs in anything after the update, be it the touch column that the application has set.
    pub(crate) fn moves_anything(&self) -> Condition {
        self.changes(|_| true)
    }

    fn changes(&self, counts: impl Fn(&str) -> bool) -> Condition {
        any(self
            .columns
            .iter()
            .filter(|assignment| counts(&assignment.column))
            .map(|assignment| self.changes_it(assignment)))
    }

    /// Whether an assignment changes what is stored.
    pub(crate) fn changes_it(&self, Assignment { column, expr, .. }: &Assignment) -> Expr {
        let stored = Expr::col((table_name(self.schema), Alias::new(column)));
        self.differs(column, stored, expr.clone())
    }

    /// The rows of these that will differ.
    pub(crate) fn moving(&self, keys: &[Key]) -> Except {
        Except::Rows(self.keys_of(keys, self.changes_anything()).into())
    }

    /// The primary keys of those of these rows that will differ, be it in the touch column.
    pub(crate) fn published(&self, keys: &[Key]) -> SelectStatement {
        let mut rows = rows_of(self.schema, keys);
        rows.cond_where(self.moves_anything());
        rows.exprs(self.schema.read_keys(Some(&table_name(self.schema))));
        rows
    }

    fn keys_of(&self, keys: &[Key], condition: Condition) -> SelectStatement {
        let mut rows = rows_of(self.schema, keys);
        rows.cond_where(condition);
        for column in &self.schema.primary_key {
            rows.column(Alias::new(*column));
        }
        rows
    }

    /// The touch column and the version of a row that really changes, or that the application has set to this stamp and lies
    /// before it; of another they stay.
    pub(crate) fn bumped(&self, stamp: Stamp) -> Vec<(&'static str, Expr)> {
        let schema = self.schema;
        let above = self
            .find(schema.touch)
            .map(|_| rising::is_before(self.backend, schema, stamp));
        let moves = self.changes_anything().add_option(above);
        rising::assignments(self.backend, schema, &[], stamp)
            .into_iter()
            .map(|(column, raised)| {
                let kept = Expr::col(Alias::new(column));
                let value = CaseStatement::new().case(moves.clone(), raised).finally(kept);
                (column, value.into())
            })
            .collect()
    }

    /// Whether the database would store something else than it has.
    pub(crate) fn differs(&self, column: &str, stored: Expr, value: Expr) -> Expr {
        if self.always {
            return Expr::cust("1 = 1");
        }
        let kind = self.schema.kind(column).unwrap_or(ColumnKind::Opaque);
        equality::differs(self.backend, self.schema, column, kind, stored, value)
    }
}

/// `FROM` and `WHERE` for the rows with these keys.
///
/// The hint is MySQL's alone: of several rows in a small table it would rather read all, and lock them.
pub(crate) fn rows_of(schema: &'static Schema, keys: &[Key]) -> SelectStatement {
    let mut rows = Query::select();
    rows.from(schema.table.clone())
        .cond_where(of_keys(&table_name(schema), schema, keys));
    if keys.len() > 1 {
        rows.force_index("PRIMARY", IndexHintScope::All);
    }
    rows
}

pub(crate) fn any(conditions: impl IntoIterator<Item = Expr>) -> Condition {
    conditions.into_iter().fold(Condition::any(), Condition::add)
}
