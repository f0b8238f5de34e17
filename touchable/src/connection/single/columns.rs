//! The saved row as it was and as it is, as the touches of the same statement see it.

use std::slice;

use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, LockType, Query};

use super::{BACKEND, SAVED, WAS, alias, own_name};
use crate::{
    connection::{atomic::Save, contention::ALONE, written::WrittenUpdate},
    touch::{
        Schema,
        engine::{
            Assigned, Captured, CompiledRule, Entry, Key, Query as Rows, Start, any, rows_of, table_name,
        },
        rising,
    },
};

/// The columns whose values before (`w0`, `w1`, ..) and after (`n0`, `n1`, ..) a statement needs.
pub(super) struct Columns {
    schema: &'static Schema,
    names: Vec<&'static str>,
}

impl Columns {
    pub(super) fn of(assigned: &Assigned, rules: &[&'static CompiledRule]) -> Self {
        let schema = assigned.schema;
        let keys: Vec<String> = rules.iter().flat_map(|rule| rule.key()).collect();
        let names = schema
            .column_names()
            .filter(|name| {
                schema.primary_key.contains(name) || assigned.sets(name) || keys.iter().any(|key| key == name)
            })
            .collect();
        Self { schema, names }
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|column| *column == name)
    }

    fn before(&self, name: &str) -> Expr {
        Expr::col(alias('w', self.place(name).unwrap_or_default()))
    }

    fn after(&self, name: &str) -> Expr {
        Expr::col(alias('n', self.place(name).unwrap_or_default()))
    }

    /// `UPDATE .. FROM (was) WHERE .. RETURNING ..`
    pub(super) fn saved(
        &self,
        save: &Save,
        written: &WrittenUpdate,
        assigned: &Assigned,
        was: Captured,
    ) -> Captured {
        let mut saved = written.with(
            BACKEND,
            &rising::assignments(BACKEND, self.schema, &[], save.stamp()),
        );
        saved.push(" FROM (");
        saved.append(was);
        saved.push(&format!(") AS \"{WAS}\""));
        saved.append(written.condition.clone());
        saved.push(" AND ");
        saved.append(Captured::of_condition(
            BACKEND,
            self.joined().add(self.changed(assigned)),
        ));
        saved.append(written.returning.clone());
        saved.push(if written.returning.sql.is_empty() {
            " RETURNING "
        } else {
            ", "
        });
        saved.push(&format!("\"{WAS}\".*"));
        for column in self.now() {
            saved.push(", ");
            saved.append(column);
        }
        saved
    }

    /// The row as it was, locked. Where a rule's rows hold the key (`children`), the lock must also keep foreign keys
    /// from naming this row: a new one of them would show the old content and not be touched.
    pub(super) fn was(&self, key: &Key, children: bool, gated: bool) -> Captured {
        let mut was = rows_of(self.schema, slice::from_ref(key));
        for (i, name) in self.names.iter().enumerate() {
            was.expr_as(Expr::col(Alias::new(*name)), alias('w', i));
        }
        if gated {
            was.and_where(Expr::cust(ALONE));
        }
        was.lock(if children {
            LockType::Update
        } else {
            LockType::NoKeyUpdate
        });
        Captured::of(BACKEND, &was)
    }

    fn joined(&self) -> Condition {
        self.schema
            .primary_key
            .iter()
            .fold(Condition::all(), |all, name| {
                let was = (Alias::new(WAS), alias('w', self.place(name).unwrap_or_default()));
                all.add(Expr::col((table_name(self.schema), Alias::new(*name))).equals(was))
            })
    }

    fn changed(&self, assigned: &Assigned) -> Condition {
        any(assigned
            .columns
            .iter()
            .map(|(column, value)| assigned.differs(column, self.before(column), value.clone())))
    }

    fn now(&self) -> impl Iterator<Item = Captured> {
        self.names.iter().enumerate().map(|(i, column)| {
            let mut column =
                Captured::of_expr(BACKEND, Expr::col((table_name(self.schema), Alias::new(*column))));
            column.push(&format!(" AS \"{}\"", own_name('n', i)));
            column
        })
    }

    /// Whether the saved row differs in anything that a rule watches.
    fn fired(&self, assigned: &Assigned, rule: &CompiledRule) -> Condition {
        any(assigned
            .concerned(rule)
            .map(|(column, _)| assigned.differs(column, self.before(column), self.after(column))))
    }

    /// The rows that a rule names from the saved row, as it was and as it is.
    pub(super) fn entries(&self, assigned: &Assigned, rule: &'static CompiledRule) -> Vec<Entry> {
        let fired = self.fired(assigned, rule);
        let moved = rule.key().any(|column| assigned.sets(&column));
        let start = |value: &dyn Fn(&str) -> Expr| {
            let mut rows = Query::select();
            rows.from(SAVED).cond_where(fired.clone());
            let key: Vec<String> = rule.key().collect();
            let becomes = self
                .names
                .iter()
                .filter(|name| key.iter().any(|column| column == *name))
                .map(|name| (*name, value(name)))
                .collect();
            Entry::fired(
                self.schema,
                rule,
                Start::Query(Rows::of(self.schema, rows, becomes).into()),
            )
        };
        let mut entries = vec![start(&|name| self.after(name))];
        if moved {
            entries.push(start(&|name| self.before(name)));
        }
        entries
    }
}
