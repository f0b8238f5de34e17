//! Statements that are written once and filled with the values of each save.
//!
//! The text of a save's statements depends on the columns that it sets and on the rules, not on any value, and writing
//! it can take as long as running it. So it is written once, with stand-ins for the values, and kept with their places.

use std::{
    collections::HashMap,
    ptr,
    sync::{Arc, Mutex, PoisonError},
};

use sea_orm::{DbBackend, Statement, Value};

use super::{
    atomic::Save,
    intent::{Change, Counts},
    spelling::bound,
};
use crate::{
    clock::Stamp,
    dialect::rising,
    entity::{CompiledRule, Key, Schema},
};

/// How many texts a connection keeps. An application sets the same few columns together again and again; one that does
/// not starts anew.
const CAPACITY: usize = 1_024;

/// A statement without its values.
#[derive(Debug)]
pub(super) struct Template {
    sql: String,
    slots: Vec<Slot>,
    backend: DbBackend,
}

/// Where a value comes from.
#[derive(Debug)]
enum Slot {
    /// The values of the statement that SeaORM has written.
    Written(usize),
    /// The primary key of the saved row.
    Key(usize),
    /// The stamp, in one of the [forms](rising::FORMS) in which it is bound.
    Stamp(usize),
    /// It is always the same.
    Constant(Value),
}

/// What a template is filled with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filling<'a> {
    pub written: &'a [Value],
    pub key: &'a [Value],
    pub stamp: Stamp,
}

impl Template {
    /// Takes the values out of a statement that was made of stand-ins and this stamp.
    pub(super) fn of(statement: Statement, stamp: Stamp) -> Self {
        let values = statement.values.map(|values| values.0).unwrap_or_default();
        Self {
            sql: statement.sql,
            slots: values.into_iter().map(|value| Slot::of(value, stamp)).collect(),
            backend: statement.db_backend,
        }
    }

    pub(super) fn fill(&self, filling: Filling) -> Statement {
        // A stamp mostly fills several slots in one form.
        let mut forms = [const { None }; rising::FORMS.len()];
        let mut stamp = |form: usize| {
            let value = forms[form].get_or_insert_with(|| rising::FORMS[form](filling.stamp));
            value.clone()
        };
        let values = self.slots.iter().filter_map(|slot| match slot {
            Slot::Written(at) => filling.written.get(*at).cloned(),
            Slot::Key(at) => filling.key.get(*at).cloned(),
            Slot::Stamp(form) => Some(stamp(*form)),
            Slot::Constant(value) => Some(value.clone()),
        });
        Statement::from_sql_and_values(self.backend, self.sql.clone(), values)
    }
}

const WRITTEN: &str = "\u{1}written ";
const KEY: &str = "\u{1}key ";

fn stand_ins(what: &str, values: &[Value]) -> Vec<Value> {
    (0..values.len())
        .map(|at| Value::from(format!("{what}{at}")))
        .collect()
}

impl Slot {
    fn of(value: Value, stamp: Stamp) -> Self {
        let place = |what: &str| match &value {
            Value::String(Some(text)) => text.strip_prefix(what)?.parse().ok(),
            _ => None,
        };
        if let Some(at) = place(WRITTEN) {
            return Self::Written(at);
        }
        if let Some(at) = place(KEY) {
            return Self::Key(at);
        }
        match rising::FORMS.iter().position(|form| form(stamp) == value) {
            Some(form) => Self::Stamp(form),
            None => Self::Constant(value),
        }
    }
}

/// What was made of each text that SeaORM has written.
#[derive(Debug)]
pub(super) struct Templates<T>(Mutex<HashMap<String, Made<T>>>);

/// What was made of saves with one text, by what else makes a difference.
type Made<T> = Vec<(Shape, Arc<T>)>;

/// What else than the text makes a difference.
#[derive(Debug)]
struct Shape {
    schema: &'static Schema,
    rules: Vec<&'static CompiledRule>,
    counts: Counts,
}

impl<T> Default for Templates<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Templates<T> {
    /// What was made of a save like this one before, or what `make` makes of one whose values are stand-ins.
    pub(super) fn of(
        &self,
        save: &Save,
        statement: &Statement,
        make: impl FnOnce(&Save, &Statement) -> T,
    ) -> Arc<T> {
        if let Some(made) = self.find(save, statement) {
            return made;
        }
        let made = Arc::new(with_stand_ins(save, statement, make));
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= CAPACITY {
            all.clear();
        }
        all.entry(statement.sql.clone())
            .or_default()
            .push((Shape::of(save), made.clone()));
        made
    }

    fn find(&self, save: &Save, statement: &Statement) -> Option<Arc<T>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, made) = all
            .get(&statement.sql)?
            .iter()
            .find(|(shape, _)| shape.fits(save))?;
        Some(made.clone())
    }
}

/// Makes something of a save whose values are stand-ins.
pub(super) fn with_stand_ins<T>(
    save: &Save,
    statement: &Statement,
    make: impl FnOnce(&Save, &Statement) -> T,
) -> T {
    let save = save.with_key(stand_ins(KEY, save.key()));
    make(&save, &stand_in(statement))
}

fn stand_in(statement: &Statement) -> Statement {
    Statement::from_sql_and_values(
        statement.db_backend,
        statement.sql.clone(),
        stand_ins(WRITTEN, bound(statement)),
    )
}

impl Shape {
    fn of(save: &Save) -> Self {
        Self {
            schema: save.schema,
            rules: save.rules.clone(),
            counts: save.change.counts(),
        }
    }

    fn fits(&self, save: &Save) -> bool {
        ptr::eq(self.schema, save.schema)
            && self.counts == save.change.counts()
            && self.rules.len() == save.rules.len()
            && self
                .rules
                .iter()
                .zip(&save.rules)
                .all(|(rule, other)| ptr::eq(*rule, *other))
    }
}

impl Save {
    pub(super) fn key(&self) -> &[Value] {
        match &self.change {
            Change::Insert { .. } => &[],
            Change::Update { key, .. } | Change::Delete { key } => key,
        }
    }

    /// The same save of another row.
    fn with_key(&self, other: Key) -> Self {
        let change = match &self.change {
            Change::Insert { parents, known, key } => Change::Insert {
                parents: parents.clone(),
                known: *known,
                key: key.clone(),
            },
            Change::Update { counts, .. } => Change::Update {
                key: other,
                counts: *counts,
            },
            Change::Delete { .. } => Change::Delete { key: other },
        };
        Self {
            schema: self.schema,
            rules: self.rules.clone(),
            change,
            write: self.write.clone(),
            told: self.told,
        }
    }
}

impl Change {
    pub(super) const fn counts(&self) -> Counts {
        match self {
            Self::Update { counts, .. } => *counts,
            Self::Insert { .. } | Self::Delete { .. } => Counts {
                always: false,
                explicit: false,
            },
        }
    }
}
