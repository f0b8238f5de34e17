//! The parts of the statement that SeaORM has written for a save.

use sea_orm::{DbBackend, Statement, sea_query::Expr};

use super::intent::Counts;
use crate::{clock::Stamp, dialect::Captured, entity::Schema, touch::Assigned};

/// `UPDATE t SET a = .., b = .. WHERE .. [RETURNING ..]`
#[derive(Clone, Debug)]
pub(super) struct WrittenUpdate {
    /// `UPDATE t SET `
    pub head: String,
    pub assignments: Vec<(String, Captured)>,
    /// ` WHERE ..`
    pub condition: Captured,
    /// ` RETURNING ..`, or nothing.
    pub returning: Captured,
}

impl WrittenUpdate {
    /// Takes the statement apart; `None` when it is not of the form that SeaORM's `update` has.
    pub(super) fn read(statement: &Statement) -> Option<Self> {
        let whole = Captured::of_statement(statement);
        let (head, rest) = whole.split_at(whole.find(" SET ")? + " SET ".len());
        let (assignments, rest) = rest.split_at(rest.find(" WHERE ")?);
        let (condition, returning) = rest.split_at(rest.find(" RETURNING ").unwrap_or(rest.sql.len()));
        let assignments = assignments
            .split(", ")
            .iter()
            .map(assignment)
            .collect::<Option<_>>()?;
        Some(Self {
            head: head.sql,
            assignments,
            condition,
            returning,
        })
    }

    /// What is set, as the engine asks about it.
    pub(super) fn assigned(&self, schema: &'static Schema, backend: DbBackend, counts: Counts) -> Assigned {
        let Counts { always, explicit } = counts;
        let columns = self
            .assignments
            .iter()
            .filter(|(column, _)| explicit || column != schema.touch)
            .filter(|(column, _)| schema.version != Some(column.as_str()))
            .map(|(column, value)| (column.clone(), value.clone().into_expr(backend)))
            .collect();
        Assigned {
            schema,
            backend,
            columns,
            always,
        }
    }

    /// Puts the statement together again, with other values for some columns. They come first, since MySQL assigns
    /// from left to right and they ask for the values before.
    pub(super) fn with(&self, backend: DbBackend, others: &[(&str, Expr)]) -> Captured {
        let mut written = Captured {
            sql: self.head.clone(),
            values: Vec::new(),
        };
        let quote = if backend == DbBackend::MySql { '`' } else { '"' };
        let mut separator = "";
        for (column, value) in others {
            written.push(&format!("{separator}{quote}{column}{quote} = "));
            written.append(Captured::of_expr(backend, value.clone()));
            separator = ", ";
        }
        for (column, value) in &self.assignments {
            if others.iter().any(|(other, _)| other == column) {
                continue;
            }
            written.push(&format!("{separator}{quote}{column}{quote} = "));
            written.append(value.clone());
            separator = ", ";
        }
        written
    }
}

fn assignment(written: &Captured) -> Option<(String, Captured)> {
    let at = written.find(" = ")?;
    let (column, value) = written.split_at(at);
    let (_, value) = value.split_at(" = ".len());
    Some((column.sql.trim_matches(['"', '`']).to_owned(), value))
}

/// Lets an UPDATE inside a transaction raise the touch column of a row that really changes, above what is stored, and
/// increment its version.
pub(super) fn raise(statement: &mut Statement, schema: &'static Schema, stamp: Stamp, counts: Counts) {
    let backend = statement.db_backend;
    if let Some(written) = WrittenUpdate::read(statement) {
        let bumped = written.assigned(schema, backend, counts).bumped(stamp);
        let mut raised = written.with(backend, &bumped);
        raised.append(written.condition);
        raised.append(written.returning);
        *statement = raised.into_statement(backend);
    }
}
