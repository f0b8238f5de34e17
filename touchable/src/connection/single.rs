//! A save and its touches as one statement of PostgreSQL.
//!
//! ```sql
//! WITH saved AS (
//!   UPDATE events SET name = $1, updated_at = greatest($2, updated_at + interval '1 microsecond')
//!   FROM (SELECT id AS w0, name AS w1 FROM events WHERE id = $3 FOR UPDATE) was
//!   WHERE events.id = $3 AND events.id = was.w0 AND was.w1 IS DISTINCT FROM $1
//!   RETURNING .., was.*, events.id AS n0, events.name AS n1),
//! touched0 AS (
//!   UPDATE tasks SET updated_at = .. WHERE id IN (
//!     SELECT id FROM tasks WHERE event_id IN (SELECT n0 FROM saved WHERE w1 IS DISTINCT FROM n1)
//!     ORDER BY id FOR NO KEY UPDATE)
//!   RETURNING 1)
//! SELECT saved.*, (SELECT count(*) FROM touched0) AS touched_rows0 FROM saved
//! ```
//!
//! The subselect in the UPDATE's FROM waits for a concurrent writer of the row and then sees that writer's values;
//! the same SELECT as a common table expression would not. (The names that are not the
//! application's begin with `touchable_` in truth.)

use std::{collections::HashMap, slice};

use sea_orm::{
    DbBackend, Statement,
    sea_query::{Alias, Condition, DynIden, Expr, ExprTrait, IntoIden, LockType, Query},
};

use super::{atomic::Save, contention::ALONE, intent::Change, template::Template, written::WrittenUpdate};
use crate::touch::{
    Schema,
    engine::{
        Assigned, Captured, CompiledRule, Entry, Except, Key, Plan, Query as Rows, Sql, Start, Touch, any,
        is_suppressed, plan, rows_of, table_name,
    },
    rising,
};

const BACKEND: DbBackend = DbBackend::Postgres;

/// A statement that saves and touches.
#[derive(Debug)]
pub(super) struct Single {
    pub template: Template,
    pub plan: Plan,
    /// Where a rule's rows hold the key: the same statement, which does nothing unless it is
    /// [alone](super::contention).
    pub gated: Option<Template>,
}

// Every name in the statement that is not the application's begins so: tables and columns may have any other.
const SAVED: &str = "touchable_saved";
const WAS: &str = "touchable_was";
const GATE: &str = "touchable_gate";
/// The column that says whether the statement was alone.
pub(super) const ALONE_COLUMN: &str = "touchable_alone";
/// The column that counts the saved rows.
pub(super) const FOUND_COLUMN: &str = "touchable_found";

/// The column that says how many rows a touch has moved.
pub(super) fn rows_column(touch: usize) -> String {
    format!("touchable_rows{touch}")
}

/// The part of the statement that touches.
fn part(touch: usize) -> String {
    format!("touchable_touched{touch}")
}

fn own_name(kind: char, i: usize) -> String {
    format!("touchable_{kind}{i}")
}

/// Makes one statement of a save and its touches; `None` where a transaction has to do.
pub(super) fn compose(save: &Save, statement: &Statement) -> Option<Single> {
    let conditional = |rule: &&CompiledRule| rule.hops.first().is_none_or(|hop| hop.on_condition.is_some());
    if save.rules.iter().any(conditional) {
        return None;
    }
    let single = match &save.change {
        Change::Insert { parents, .. } => compose_insert(save, parents, statement),
        Change::Update { key, .. } => compose_update(save, key, statement),
        Change::Delete { .. } => None,
    };
    // What is told is told before the commit: the keys of the rows have to come back first.
    single.filter(|single| !single.plan.is_told())
}

fn compose_update(save: &Save, key: &Key, statement: &Statement) -> Option<Single> {
    let schema = save.schema;
    let written = WrittenUpdate::read(statement)?;
    let assigned = written.assigned(schema, BACKEND, &save.change);
    let rules: Vec<_> = save
        .rules
        .iter()
        .copied()
        .filter(|rule| assigned.concerned(rule).next().is_some())
        .collect();
    let columns = Columns::of(&assigned, &rules);
    let entries = rules
        .iter()
        .flat_map(|rule| columns.entries(&assigned, rule))
        .collect();
    let mut plan = plan(entries, is_suppressed);
    if save.told.touches {
        plan.tell();
    }
    for touch in plan
        .touches
        .iter_mut()
        .filter(|touch| std::ptr::eq(touch.target, schema))
    {
        touch.except = Except::Row(key.clone());
    }

    let children = rules.iter().any(|rule| !rule.belongs_to());
    let saved = |gated: bool| columns.saved(save, &written, &assigned, columns.was(key, children, gated));
    let statement = whole(save, &plan, saved(false), false)?;
    let gated = if children {
        whole(save, &plan, saved(true), true)
    } else {
        None
    };
    Some(Single {
        template: statement,
        plan,
        gated,
    })
}

fn compose_insert(
    save: &Save,
    parents: &[(&'static CompiledRule, Key)],
    statement: &Statement,
) -> Option<Single> {
    let schema = save.schema;
    let mut saved = Captured::of_statement(statement);
    let returns = saved.find(" RETURNING ").is_some();
    let mut entries = Vec::new();
    let mut separator = if returns { ", " } else { " RETURNING " };
    let mut n = 0;
    for (rule, _) in parents {
        let mut becomes = HashMap::new();
        for name in rule.key() {
            let column = schema.column_names().find(|column| *column == name)?;
            saved.push(&format!("{separator}\"{column}\" AS \"{}\"", own_name('n', n)));
            becomes.insert(column, Expr::col(alias('n', n)));
            separator = ", ";
            n += 1;
        }
        let rows = Rows::of(schema, Query::select().from(SAVED).to_owned(), becomes);
        entries.push(Entry::fired(schema, rule, Start::Query(rows.into())));
    }
    let mut plan = plan(entries, is_suppressed);
    if save.told.touches {
        plan.tell();
    }
    Some(Single {
        template: whole(save, &plan, saved, false)?,
        plan,
        gated: None,
    })
}

/// Puts the parts together; `None` when one statement would change a row twice, of which PostgreSQL keeps only one.
fn whole(save: &Save, plan: &Plan, saved: Captured, gated: bool) -> Option<Template> {
    let mut tables: Vec<String> = plan.touches.iter().map(|touch| touch.target.order()).collect();
    tables.dedup();
    let own = |touch: &&Touch| std::ptr::eq(touch.target, save.schema) && !touch.columns.is_empty();
    if tables.len() != plan.touches.len() || plan.touches.iter().any(|touch| own(&touch)) {
        return None;
    }
    let mut whole = Captured::default();
    whole.push(&format!("WITH \"{SAVED}\" AS ("));
    whole.append(saved);
    whole.push(")");
    for (i, touch) in plan.touches.iter().enumerate() {
        // Parts of one statement run in no order of their own; each asks the one before, so that all nodes lock the
        // tables in the same order.
        let before = i
            .checked_sub(1)
            .map(|i| Expr::cust(format!("(SELECT count(*) FROM \"{}\") >= 0", part(i))));
        whole.push(&format!(", \"{}\" AS (", part(i)));
        whole.append(Captured::of(
            BACKEND,
            &Sql::new(BACKEND).update_part(touch, save.stamp(), before),
        ));
        whole.push(")");
    }
    whole.push(&format!(" SELECT \"{SAVED}\".*"));
    for i in 0..plan.touches.len() {
        let (part, rows) = (part(i), rows_column(i));
        whole.push(&format!(", (SELECT count(*) FROM \"{part}\") AS \"{rows}\""));
    }
    whole.push(&if gated {
        format!(
            ", \"{GATE}\".*, (SELECT count(*) FROM \"{SAVED}\") AS \"{FOUND_COLUMN}\" \
             FROM (SELECT {ALONE} AS \"{ALONE_COLUMN}\") AS \"{GATE}\" LEFT JOIN \"{SAVED}\" ON true"
        )
    } else {
        format!(" FROM \"{SAVED}\"")
    });
    Some(Template::of(whole.into_statement(BACKEND), save.stamp()))
}

/// The columns whose values before (`w0`, `w1`, ..) and after (`n0`, `n1`, ..) a statement needs.
struct Columns {
    schema: &'static Schema,
    names: Vec<&'static str>,
}

impl Columns {
    fn of(assigned: &Assigned, rules: &[&'static CompiledRule]) -> Self {
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
    fn saved(&self, save: &Save, written: &WrittenUpdate, assigned: &Assigned, was: Captured) -> Captured {
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
    fn was(&self, key: &Key, children: bool, gated: bool) -> Captured {
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
    fn entries(&self, assigned: &Assigned, rule: &'static CompiledRule) -> Vec<Entry> {
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

fn alias(kind: char, i: usize) -> DynIden {
    Alias::new(own_name(kind, i)).into_iden()
}
