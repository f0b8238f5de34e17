//! What to send for an update, written once for all updates of its kind.

use std::{slice, sync::Arc};

use sea_orm::{
    DbBackend, Statement,
    sea_query::{Alias, Expr, LockType},
};

use super::{
    atomic::{Save, unchanged},
    template::{Template, Templates, with_stand_ins},
    written::WrittenUpdate,
};
use crate::{
    dialect::rising,
    entity::Key,
    touch::{Assigned, Except, Plan, Sql, Worded, is_suppressed, is_suppressing, plan, rows_of},
};

/// The recipes of a connection; `None` for a statement that is not of the form that SeaORM's `update` has.
pub(super) type Recipes = Templates<Option<Steps>>;

/// An UPDATE and its touches.
#[derive(Debug)]
pub(super) struct Steps {
    /// Locks the row, asks whether it will differ, and finds it as it is if not. `SQLite` has the write lock already; there
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

impl Recipes {
    pub(super) fn steps(&self, save: &Save, statement: &Statement) -> Arc<Option<Steps>> {
        // Whom a scope suppresses is not part of a template's shape, and only a known stamp is told from a constant.
        if is_suppressing() || save.write.given_stamp().is_none() {
            return with_stand_ins(save, statement, Steps::of).into();
        }
        self.of(save, statement, Steps::of)
    }
}

impl Steps {
    fn of(save: &Save, statement: &Statement) -> Option<Self> {
        let key: &Key = &save.key().to_vec();
        let (schema, backend, stamp) = (save.schema, statement.db_backend, save.stamp());
        let written = WrittenUpdate::read(statement)?;
        let assigned = written.assigned(schema, backend, save.change.counts());
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
        let judged = save.told.itself || (backend != DbBackend::Sqlite && !plan.touches.is_empty());
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

impl Steps {
    /// Whether the row itself is all that moves, so that its own statement does.
    pub(super) fn is_alone(&self) -> bool {
        self.judge.is_none() && self.touches.is_empty()
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
