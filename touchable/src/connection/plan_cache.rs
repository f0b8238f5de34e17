//! What to send for an update, written once for all updates of its kind.
//!
//! The text of a save's statements depends on the columns that it sets, on what of them changes and on the rules, not on any
//! value, and writing it can take as long as running it. So it is written once, with placeholders for the values, and kept.

use std::{
    collections::HashMap,
    ptr,
    sync::{Arc, Mutex, PoisonError},
};

use sea_orm::{DbBackend, Statement, sea_query::Expr};

use super::{
    intent::Counts,
    spelling::{self, WrittenUpdate, bound, raised},
    template::{Template, placeholders},
    update::Update,
};
use crate::{
    dialect::rising,
    entity::{CompiledRule, Schema, is_null},
    error::Result,
    touch::{
        Assigned, Assignment, Except, Fired, Judged, Plan, Sql, Worded, is_suppressed, is_suppressing, plan,
    },
};

/// How many texts a connection keeps. An application sets the same few columns together again and again; one that does
/// not starts anew.
const CAPACITY: usize = 1_024;

/// The statements of updates, by the text that SeaORM has written; `None` for one that is not of the form that its `update` has.
#[derive(Debug, Default)]
pub(super) struct PlanCache(Mutex<HashMap<String, Vec<Made>>>);

/// What was made of updates of one text and shape.
type Made = (Shape, Arc<Option<Prepared>>);

/// The statements of an update.
#[derive(Debug)]
pub(super) struct Prepared {
    /// What changes in the stored row; none where the row itself is all that can move, so that its own statement does.
    pub judge: Option<Judge>,
    pub save: Template,
    /// The columns that are set, each with the place of its value, where each is set to a value that is bound.
    columns: Option<Vec<(String, usize)>>,
    touches: Mutex<HashMap<Signature, Arc<Touches>>>,
}

/// How an update is judged.
#[derive(Debug)]
pub(super) struct Judge {
    /// Locks the row, and asks what will differ.
    pub question: Template,
    /// What is sent when nothing does.
    pub unchanged: Template,
}

/// A plan and its statements.
#[derive(Debug)]
pub(super) struct Touches {
    pub plan: Plan,
    pub statements: Vec<Worded<Template>>,
    /// The last touch and the save in one.
    pub with_save: Option<Template>,
}

/// What of a stored row and its update makes a difference to the text of the touches: what changes, and which keys are null.
type Signature = Vec<bool>;

/// What else than the text of a statement makes a difference.
#[derive(Debug)]
struct Shape {
    schema: &'static Schema,
    rules: Vec<&'static CompiledRule>,
    counts: Counts,
}

impl PlanCache {
    /// What was prepared for an update like this one before, or is now.
    pub(super) fn of(&self, update: &Update, statement: &Statement) -> Arc<Option<Prepared>> {
        // Whom a scope suppresses is not part of the shape, and only a known stamp is told from a constant.
        if is_uncertain(update) {
            return Prepared::of(update, statement).into();
        }
        if let Some(made) = self.find(update, statement) {
            return made;
        }
        let made = Arc::new(Prepared::of(update, statement));
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= CAPACITY {
            all.clear();
        }
        all.entry(statement.sql.clone())
            .or_default()
            .push((Shape::of(update), made.clone()));
        made
    }

    fn find(&self, update: &Update, statement: &Statement) -> Option<Arc<Option<Prepared>>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, made) = all
            .get(&statement.sql)?
            .iter()
            .find(|(shape, _)| shape.fits(update))?;
        Some(made.clone())
    }
}

fn is_uncertain(update: &Update) -> bool {
    is_suppressing() || update.write.given_stamp().is_none()
}

impl Shape {
    fn of(update: &Update) -> Self {
        Self {
            schema: update.write.schema,
            rules: update.rules.to_vec(),
            counts: update.counts,
        }
    }

    fn fits(&self, update: &Update) -> bool {
        ptr::eq(self.schema, update.write.schema)
            && self.counts == update.counts
            && self.rules.len() == update.rules.len()
            && self
                .rules
                .iter()
                .zip(update.rules)
                .all(|(rule, other)| ptr::eq(*rule, *other))
    }
}

/// The statement with placeholders for its values.
fn with_placeholders(statement: &Statement) -> Statement {
    Statement::from_sql_and_values(
        statement.db_backend,
        statement.sql.clone(),
        placeholders::written(bound(statement)),
    )
}

impl Prepared {
    fn of(update: &Update, statement: &Statement) -> Option<Self> {
        let (schema, backend, stamp) = (update.write.schema, statement.db_backend, update.stamp());
        let key = placeholders::key(update.key());
        let written = WrittenUpdate::read(&with_placeholders(statement))?;
        let assigned = written.assigned(schema, backend, update.counts);
        let is_fired = |rule: &&'static CompiledRule| {
            assigned.concerned(rule).next().is_some() && !is_suppressed((rule.target)())
        };
        let judged = update.published.itself || update.rules.iter().any(is_fired);
        let bumped = if judged {
            rising::assignments(backend, schema, &[], stamp)
        } else {
            assigned.bumped(stamp)
        };
        let template = |statement: Statement| Template::of(statement, stamp);
        let judge = judged.then(|| Judge {
            question: template(backend.build(&assigned.question(&key, Some(assigned.lock(update.rules))))),
            unchanged: template(written.unchanged(schema.touch, backend)),
        });
        Some(Self {
            judge,
            save: template(raised(&written, backend, &bumped)),
            columns: bound_columns(&assigned),
            touches: Mutex::default(),
        })
    }

    /// What an update of this kind sets.
    pub(super) fn assigned(&self, update: &Update, statement: &Statement) -> Result<Assigned> {
        let (schema, backend) = (update.write.schema, statement.db_backend);
        let Some(columns) = &self.columns else {
            let written = WrittenUpdate::read(statement).ok_or_else(|| update.unreadable())?;
            return Ok(written.assigned(schema, backend, update.counts));
        };
        let values = bound(statement);
        let columns = columns.iter().filter_map(|(column, at)| {
            let value = values.get(*at)?;
            Some(Assignment {
                column: column.clone(),
                expr: Expr::val(value.clone()),
                value: Some(value.clone()),
            })
        });
        Ok(Assigned {
            schema,
            backend,
            columns: columns.collect(),
            always: update.counts.always,
        })
    }

    /// The touches of an update that has been judged, and is sent in one go with them.
    pub(super) fn touches(
        &self,
        update: &Update,
        statement: &Statement,
        assigned: &Assigned,
        judged: &Judged,
        fired: &[Fired],
    ) -> Arc<Touches> {
        // A condition can bind another value each time it is asked for.
        if is_uncertain(update) || update.write.schema.leads_through_conditions() {
            return Touches::of(update, statement, judged, fired).into();
        }
        let signature = signature(update, assigned, judged);
        let mut touches = self.touches.lock().unwrap_or_else(PoisonError::into_inner);
        if touches.len() >= CAPACITY {
            touches.clear();
        }
        touches
            .entry(signature)
            .or_insert_with(|| Touches::of(update, statement, judged, fired).into())
            .clone()
    }
}

impl Touches {
    fn of(update: &Update, statement: &Statement, judged: &Judged, fired: &[Fired]) -> Self {
        let (schema, backend, stamp) = (update.write.schema, statement.db_backend, update.stamp());
        let key = placeholders::key(update.key());
        let row = placeholders::stored(judged);
        let fired: Vec<Fired> = fired
            .iter()
            .map(|fired| Fired {
                former: fired.former.as_ref().and_then(|_| row.key(schema, fired.rule)),
                ..fired.clone()
            })
            .collect();
        let assigned = WrittenUpdate::read(&placeholders::unless_null(statement))
            .map(|written| written.assigned(schema, backend, update.counts));
        let entries = assigned.map(|assigned| assigned.fired(&key, &row, &fired));
        let mut plan = plan(entries.unwrap_or_default(), is_suppressed);
        plan.spare(schema, &Except::Row(key));
        if update.published.touches {
            plan.publish();
        }
        let statements = plan
            .touches
            .iter()
            .map(|touch| Sql::new(backend).touch(touch, stamp))
            .map(|worded| worded.map(|statement| Template::of(statement.clone(), stamp)))
            .collect();
        let with_save = Self::with_save(update, statement, &plan);
        Self {
            plan,
            statements,
            with_save,
        }
    }

    /// PostgreSQL carries out the last touch and the save in one statement, whose snapshot is younger than the row's lock.
    /// No row may be written twice in it, and an application's own stamp is no stamp for others.
    fn with_save(update: &Update, statement: &Statement, plan: &Plan) -> Option<Template> {
        let (schema, backend, stamp) = (update.write.schema, statement.db_backend, update.stamp());
        let last = plan.touches.last()?;
        if backend != DbBackend::Postgres
            || update.counts.explicit
            || last.published
            || last.target.order() == schema.order()
        {
            return None;
        }
        let written = WrittenUpdate::read(&with_placeholders(statement))?;
        let save = raised(
            &written,
            backend,
            &rising::assignments(backend, schema, &[], stamp),
        );
        let touch = Sql::new(backend).touch(last, stamp).update;
        Some(Template::of(spelling::together(&touch, &save)?, stamp))
    }
}

/// The places of the values of assignments whose values stand for themselves.
fn bound_columns(assigned: &Assigned) -> Option<Vec<(String, usize)>> {
    let place = |assignment: &Assignment| match &assignment.expr {
        Expr::Value(value) => Some((assignment.column.clone(), placeholders::place(value)?)),
        _ => None,
    };
    assigned.columns.iter().map(place).collect()
}

fn signature(update: &Update, assigned: &Assigned, judged: &Judged) -> Signature {
    let schema = update.write.schema;
    let mut signature = judged.differs.clone();
    signature.push(assigned.change(Some(judged)).touched);
    signature.push(judged.is_unreadable());
    let is_none = |assignment: &Assignment| assignment.value.as_ref().is_some_and(is_null);
    signature.extend(assigned.columns.iter().map(is_none));
    let keys = update.rules.iter().flat_map(|rule| rule.key());
    for column in keys.chain(schema.deleted.map(str::to_owned)) {
        signature.push(judged.stored(schema, &column).is_none_or(is_null));
    }
    signature
}
