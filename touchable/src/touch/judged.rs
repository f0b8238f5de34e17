//! What an update really changes, judged by the stored row.
//!
//! The row is read with one column more for each assignment: whether the database would store something else than it has. That
//! is the one definition of a change, on every connection.

use sea_orm::{
    ConnectionTrait, DbErr, QueryResult, Value,
    sea_query::{Alias, CaseStatement, Expr, LockType, SelectStatement},
};

use super::{Assigned, Assignment, Entry, Start, Values, sides};
use crate::{
    clock::Stamp,
    dialect::row_lock,
    entity::{CompiledRule, Key, Schema, SoftDelete, is_null},
};

/// The stored row of an update, and what each assignment does to it.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    /// In the order of the entity's columns; empty when they cannot be read.
    pub values: Vec<Value>,
    /// Whether an assignment changes its column, in the order of the assignments.
    pub differs: Vec<bool>,
}

/// What an update really changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change<'a> {
    /// Without the touch column.
    pub columns: Vec<&'a str>,
    /// The application has moved the touch column itself.
    pub touched: bool,
    pub soft_delete: SoftDelete,
}

/// A rule that an update fires.
#[derive(Clone, Debug)]
pub(crate) struct Fired {
    pub rule: &'static CompiledRule,
    /// The association's key before the update, where that changes it.
    pub former: Option<Key>,
    /// The update may change which rows are associated.
    pub moved: bool,
}

impl Fired {
    /// A rule of a row that has changed in whatever it watches.
    pub(crate) const fn whole(rule: &'static CompiledRule) -> Self {
        Self {
            rule,
            former: None,
            moved: false,
        }
    }
}

impl Change<'_> {
    /// Whether nothing is left to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.columns.is_empty() && !self.touched
    }

    /// The rules that this fires.
    pub(crate) fn fires(
        &self,
        rules: &[&'static CompiledRule],
        judged: Option<&Judged>,
        schema: &Schema,
    ) -> Vec<Fired> {
        let watched = |rule: &CompiledRule| {
            self.columns.iter().any(|column| rule.watches(column))
                || (self.touched && rule.cascades())
                || self.soft_delete.fires(rule.events)
        };
        rules
            .iter()
            .copied()
            .filter_map(|rule| {
                let moved = self.columns.iter().any(|column| rule.is_moved_by(column));
                let former = || judged?.key(schema, rule);
                ((moved && rule.events.update) || watched(rule)).then(|| Fired {
                    rule,
                    former: (moved && !rule.is_conditional()).then(former).flatten(),
                    moved,
                })
            })
            .collect()
    }
}

impl Judged {
    fn read(assigned: &Assigned, row: &QueryResult) -> Self {
        // A constant is an integer of one width here and of another there. Only a clear no is none.
        let differs = |at: usize| {
            let flag = flag(at);
            let same = row.try_get::<i32>("", &flag).is_ok_and(|differs| differs == 0)
                || row.try_get::<i64>("", &flag).is_ok_and(|differs| differs == 0);
            !same
        };
        Self {
            values: (assigned.schema.rows.columns)(row).unwrap_or_else(|error| {
                // SeaORM alone would not have read it before the update, which may be its repair.
                tracing::debug!(table = assigned.schema.name, %error, "the stored row cannot be read");
                Vec::new()
            }),
            differs: (0..assigned.columns.len()).map(differs).collect(),
        }
    }

    /// Whether what is stored is no model: which rows it names has to be asked of the database.
    pub(crate) fn is_unreadable(&self) -> bool {
        self.values.is_empty()
    }

    /// What is stored in a column.
    pub(crate) fn stored(&self, schema: &Schema, column: &str) -> Option<&Value> {
        let at = schema.column_names().position(|name| name == column)?;
        self.values.get(at)
    }

    /// The stamp that is stored.
    pub(crate) fn stamp(&self, schema: &Schema) -> Option<Stamp> {
        (schema.value_stamp)(self.stored(schema, schema.touch)?)
    }

    /// What a rule names in the stored row, unless it is null.
    pub(crate) fn key(&self, schema: &Schema, rule: &CompiledRule) -> Option<Key> {
        let value = |column: String| {
            self.stored(schema, &column)
                .filter(|value| !is_null(value))
                .cloned()
        };
        rule.key().map(value).collect()
    }
}

impl Assigned {
    /// Asks for the stored row, and which assignments would change it.
    pub(crate) fn question(&self, key: &Key, lock: Option<LockType>) -> SelectStatement {
        let mut select = (self.schema.rows.one)(key);
        for (at, assignment) in self.columns.iter().enumerate() {
            let differs = CaseStatement::new()
                .case(self.changes_it(assignment), Expr::cust("1"))
                .finally(Expr::cust("0"));
            select.expr_as(differs, Alias::new(flag(at)));
        }
        if let Some(lock) = lock.and_then(|lock| row_lock(self.backend, lock)) {
            select.lock(lock);
        }
        select
    }

    /// Judges the update by the stored row; `None` when there is none.
    pub(crate) async fn judge<C: ConnectionTrait>(
        &self,
        db: &C,
        key: &Key,
        lock: Option<LockType>,
    ) -> Result<Option<Judged>, DbErr> {
        let question = self.backend.build(&self.question(key, lock));
        Ok(self.judge_by(db.query_one_raw(question).await?.as_ref()))
    }

    /// The same by the answer to the question.
    pub(crate) fn judge_by(&self, row: Option<&QueryResult>) -> Option<Judged> {
        row.map(|row| Judged::read(self, row))
    }

    /// What is changed in the stored row; without it, as far as is known.
    pub(crate) fn change(&self, judged: Option<&Judged>) -> Change<'_> {
        let differs = |at: usize| judged.is_none_or(|judged| judged.differs[at]);
        let schema = self.schema;
        let columns = self.columns.iter().enumerate();
        let above = |Assignment { value, .. }: &Assignment| {
            let stored = judged.and_then(|judged| judged.stamp(schema));
            let given = value.as_ref().and_then(schema.value_stamp);
            // A stamp that cannot be read counts.
            given.zip(stored).is_none_or(|(given, stored)| given > stored)
        };
        Change {
            soft_delete: self.soft_delete(judged),
            columns: columns
                .filter(|(at, assignment)| assignment.column != schema.touch && differs(*at))
                .map(|(_, assignment)| assignment.column.as_str())
                .collect(),
            touched: self.find(schema.touch).is_some_and(above),
        }
    }

    /// What the update does to a row that a column deletes.
    fn soft_delete(&self, judged: Option<&Judged>) -> SoftDelete {
        let assignment = self.schema.deleted.and_then(|column| self.find(column));
        let Some(Assignment { column, value, .. }) = assignment else {
            return SoftDelete::Stays;
        };
        let before = judged
            .and_then(|judged| judged.stored(self.schema, column))
            .map(is_null);
        SoftDelete::of(before, value.as_ref().map(is_null))
    }

    /// The lock for a row of which these rules may fire: only one that keeps foreign keys from naming the row keeps new
    /// rows from appearing, with the old content on show, between the touch and the commit.
    pub(crate) fn lock(&self, rules: &[&'static CompiledRule]) -> LockType {
        let has_children = |rule: &&&'static CompiledRule| !rule.belongs_to();
        if rules
            .iter()
            .filter(has_children)
            .any(|rule| self.concerned(rule).next().is_some())
        {
            LockType::Update
        } else {
            LockType::NoKeyUpdate
        }
    }

    /// What the fired rules lead to, asked before the row is written.
    pub(crate) fn fired(&self, key: &Key, judged: &Judged, fired: &[Fired]) -> Vec<Entry> {
        fired
            .iter()
            .flat_map(|fired| self.entries_of(key, judged, fired))
            .collect()
    }

    fn entries_of(&self, row: &Key, judged: &Judged, fired: &Fired) -> Vec<Entry> {
        let (schema, rule) = (self.schema, fired.rule);
        let asked = || {
            vec![
                sides::stored(schema, rule, row),
                sides::becoming(schema, rule, row, self.becomes(rule)),
            ]
        };
        let after = self.named_after(judged, rule);
        if judged.is_unreadable() || matches!(after, Named::Unknown) || (fired.moved && rule.is_conditional())
        {
            return asked();
        }
        let values = Values {
            row: Some(row.clone()),
            row_table: Some(schema),
            current: after.into_key().into_iter().collect(),
            former: fired.former.clone().into_iter().collect(),
        };
        if values.current.is_empty() && values.former.is_empty() {
            return Vec::new();
        }
        vec![Entry::fired(schema, rule, Start::Values(values))]
    }

    /// What a rule names in the row after the update.
    pub(crate) fn named_after(&self, judged: &Judged, rule: &CompiledRule) -> Named {
        let mut key = Key::new();
        for column in rule.key() {
            let value = match self.find(&column) {
                Some(assignment) => assignment.value.as_ref(),
                None => judged.stored(self.schema, &column),
            };
            match value {
                Some(value) if is_null(value) => return Named::Nobody,
                Some(value) => key.push(value.clone()),
                None => return Named::Unknown,
            }
        }
        Named::Row(key)
    }
}

/// What a rule names in a row.
pub(crate) enum Named {
    Nobody,
    Row(Key),
    /// Only the database knows.
    Unknown,
}

impl Named {
    pub(crate) fn into_key(self) -> Option<Key> {
        match self {
            Self::Row(key) => Some(key),
            Self::Nobody | Self::Unknown => None,
        }
    }
}

/// The column that says whether an assignment changes something.
fn flag(at: usize) -> String {
    format!("touchable_{at}")
}
