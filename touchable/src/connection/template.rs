//! Statements that are written once and filled with the values of each save.

use sea_orm::{DbBackend, Statement, Value};

use crate::{clock::Stamp, dialect::rising};

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
    /// The row as it is stored.
    Stored(usize),
    /// The stamp, in one of the [forms](rising::FORMS) in which it is bound.
    Stamp(usize),
    /// It is always the same.
    Constant(Value),
}

/// What a template is filled with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameters<'a> {
    pub written: &'a [Value],
    pub key: &'a [Value],
    pub stored: &'a [Value],
    pub stamp: Stamp,
}

impl Template {
    /// Takes the values out of a statement that was made of placeholders and this stamp.
    pub(super) fn of(statement: Statement, stamp: Stamp) -> Self {
        let values = statement.values.map(|values| values.0).unwrap_or_default();
        Self {
            sql: statement.sql,
            slots: values.into_iter().map(|value| Slot::of(value, stamp)).collect(),
            backend: statement.db_backend,
        }
    }

    pub(super) fn fill(&self, parameters: Parameters) -> Statement {
        // A stamp mostly fills several slots in one form.
        let mut forms = [const { None }; rising::FORMS.len()];
        let mut stamp = |form: usize| {
            let value = forms[form].get_or_insert_with(|| rising::FORMS[form](parameters.stamp));
            value.clone()
        };
        let values = self.slots.iter().filter_map(|slot| match slot {
            Slot::Written(at) => parameters.written.get(*at).cloned(),
            Slot::Key(at) => parameters.key.get(*at).cloned(),
            Slot::Stored(at) => parameters.stored.get(*at).cloned(),
            Slot::Stamp(form) => Some(stamp(*form)),
            Slot::Constant(value) => Some(value.clone()),
        });
        Statement::from_sql_and_values(self.backend, self.sql.clone(), values)
    }
}

/// Values that stand for those of any save, each with its place.
pub(super) mod placeholders {
    use sea_orm::{Statement, Value};

    use super::super::spelling::bound;
    use crate::{
        entity::{Key, is_null},
        touch::Judged,
    };

    pub(super) const WRITTEN: &str = "\u{1}written ";
    pub(super) const KEY: &str = "\u{1}key ";
    pub(super) const STORED: &str = "\u{1}stored ";

    fn named(what: &str, at: usize) -> Value {
        Value::from(format!("{what}{at}"))
    }

    fn all(what: &str, values: &[Value]) -> Vec<Value> {
        (0..values.len()).map(|at| named(what, at)).collect()
    }

    /// For the values of the statement that SeaORM has written.
    pub(in crate::connection) fn written(values: &[Value]) -> Vec<Value> {
        all(WRITTEN, values)
    }

    /// Which of the statement's values a placeholder stands for.
    pub(in crate::connection) fn place(value: &Value) -> Option<usize> {
        match value {
            Value::String(Some(text)) => text.strip_prefix(WRITTEN)?.parse().ok(),
            _ => None,
        }
    }

    /// The same, with those that are null as they are: a null key is associated with nothing.
    pub(in crate::connection) fn unless_null(statement: &Statement) -> Statement {
        let values = bound(statement).iter().enumerate();
        let values = values.map(|(at, value)| {
            if is_null(value) {
                value.clone()
            } else {
                named(WRITTEN, at)
            }
        });
        Statement::from_sql_and_values(statement.db_backend, statement.sql.clone(), values)
    }

    /// For the primary key.
    pub(in crate::connection) fn key(values: &[Value]) -> Key {
        all(KEY, values)
    }

    /// For what is stored, as far as it is not null.
    pub(in crate::connection) fn stored(judged: &Judged) -> Judged {
        let values = judged.values.iter().enumerate();
        let values = values.map(|(at, value)| {
            if is_null(value) {
                value.clone()
            } else {
                named(STORED, at)
            }
        });
        Judged {
            values: values.collect(),
            differs: judged.differs.clone(),
        }
    }
}

impl Slot {
    fn of(value: Value, stamp: Stamp) -> Self {
        let place = |what: &str| match &value {
            Value::String(Some(text)) => text.strip_prefix(what)?.parse().ok(),
            _ => None,
        };
        if let Some(at) = place(placeholders::WRITTEN) {
            return Self::Written(at);
        }
        if let Some(at) = place(placeholders::KEY) {
            return Self::Key(at);
        }
        if let Some(at) = place(placeholders::STORED) {
            return Self::Stored(at);
        }
        match rising::FORMS.iter().position(|form| form(stamp) == value) {
            Some(form) => Self::Stamp(form),
            None => Self::Constant(value),
        }
    }
}
