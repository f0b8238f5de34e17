//! Putting the statement together.

use std::{collections::HashMap, ptr};

use sea_orm::{
    Statement,
    sea_query::{Expr, Query},
};

use super::{
    ALONE_COLUMN, BACKEND, FOUND_COLUMN, GATE, SAVED, Single, alias, columns::Columns, own_name, part,
    rows_column,
};
use crate::{
    connection::{
        atomic::Save, contention::ALONE, intent::Change, template::Template, written::WrittenUpdate,
    },
    touch::engine::{
        Captured, CompiledRule, Entry, Except, Key, Plan, Query as Rows, Sql, Start, Touch, is_suppressed,
        plan,
    },
};

/// Makes one statement of a save and its touches; `None` where a transaction has to do.
pub(in crate::connection) fn compose(save: &Save, statement: &Statement) -> Option<Single> {
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
        .filter(|touch| ptr::eq(touch.target, schema))
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
    let own = |touch: &&Touch| ptr::eq(touch.target, save.schema) && !touch.columns.is_empty();
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
