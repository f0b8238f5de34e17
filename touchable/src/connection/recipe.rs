//! What to send for a save, written once for all saves of its kind.

use std::{slice, sync::Arc};

use sea_orm::{
    DbBackend, Statement,
    sea_query::{Alias, Expr, LockType},
};

use super::{
    atomic::{Save, unchanged},
    intent::Change,
    single::{self, Single},
    template::{Template, Templates, with_stand_ins},
    written::WrittenUpdate,
};
use crate::touch::{
    engine::{Assigned, Except, Key, Plan, Sql, Worded, is_suppressed, is_suppressing, plan, rows_of},
    rising,
};

/// The recipes of a connection.
pub(super) type Recipes = Templates<Recipe>;

#[derive(Debug)]
pub(super) enum Recipe {
    /// One statement of PostgreSQL.
    Single(Single),
    /// An UPDATE, in a transaction with its touches.
    Update(Box<Steps>),
    /// An INSERT or DELETE in a transaction, for which there is little to write.
    Other,
}

/// An UPDATE in a transaction with its touches.
#[derive(Debug)]
pub(super) struct Steps {
    /// Locks the row, asks whether it will differ, and finds it as it is if not. SQLite has the write lock already; there
    /// each statement judges for itself and the question is saved, unless it has to be known for telling.
    pub judge: Option<Judge>,
    pub plan: Plan,
    /// The statements of the plan.
    pub touches: Vec<Worded<Template>>,
    pub save: Template,
}

#[derive(Debug)]
pub(super) struct Judge {
    pub question: Template,
    pub unchanged: Template,
}

impl Recipe {
    pub(super) fn of(save: &Save, statement: &Statement) -> Self {
        if statement.db_backend == DbBackend::Postgres
            && !save.told.itself
            && let Some(single) = single::compose(save, statement)
        {
            return Self::Single(single);
        }
        match &save.change {
            Change::Update { key, .. } => {
                Steps::of(save, key, statement).map_or(Self::Other, |steps| Self::Update(steps.into()))
            }
            Change::Insert { .. } | Change::Delete { .. } => Self::Other,
        }
    }
}

impl Recipes {
    pub(super) fn recipe(&self, save: &Save, statement: &Statement) -> Arc<Recipe> {
        // Whom a scope suppresses is not part of a template's shape, and only a known stamp is told from a constant.
        if is_suppressing() || save.ticket().is_none() {
            return with_stand_ins(save, statement, Recipe::of).into();
        }
        self.of(save, statement, Recipe::of)
    }
}

impl Steps {
    /// `None` when the statement is not of the form that SeaORM's `update` has.
    fn of(save: &Save, key: &Key, statement: &Statement) -> Option<Self> {
        let (schema, backend, stamp) = (save.schema, statement.db_backend, save.stamp());
        let written = WrittenUpdate::read(statement)?;
        let assigned = written.assigned(schema, backend, &save.change);
        let mut plan = plan(assigned.entries(&save.rules, slice::from_ref(key)), is_suppressed);
        plan.spare(schema, &Except::Row(key.clone()));
        if save.told.touches {
            plan.tell();
        }
        let touches = plan
            .touches
            .iter()
            .map(|touch| Sql::new(backend).touch(touch, stamp))
            .map(|worded| worded.map(|statement| Template::of(statement.clone(), stamp)))
            .collect();
        let judged = backend != DbBackend::Sqlite || save.told.itself;
        let bumped = if judged {
            rising::assignments(backend, schema, &[], stamp)
        } else {
            assigned.bumped(stamp)
        };
        let mut rewritten = written.with(backend, &bumped);
        rewritten.append(written.condition.clone());
        rewritten.append(written.returning.clone());
        Some(Self {
            judge: judged.then(|| Judge {
                question: Template::of(question(save, key, &assigned), stamp),
                unchanged: Template::of(unchanged(schema, &written, backend), stamp),
            }),
            plan,
            touches,
            save: Template::of(rewritten.into_statement(backend), stamp),
        })
    }
}

/// Locks the row and asks whether it will be another one.
fn question(save: &Save, key: &Key, assigned: &Assigned) -> Statement {
    let differs = Expr::case(assigned.moves_anything(), Expr::cust("1")).finally(Expr::cust("0"));
    let mut select = rows_of(save.schema, slice::from_ref(key));
    select
        .expr_as(differs, Alias::new("differs"))
        .lock(LockType::Update);
    assigned.backend.build(&select)
}
