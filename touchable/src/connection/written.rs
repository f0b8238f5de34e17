//! The parts of the statement that SeaORM has written for a save.

use sea_orm::{DbBackend, Statement, sea_query::Expr};

use super::intent::Change;
use crate::touch::{
    Schema,
    engine::{Assigned, Captured},
};

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
    pub(super) fn assigned(&self, schema: &'static Schema, backend: DbBackend, change: &Change) -> Assigned {
        let (always, explicit) = match change {
            Change::Update { always, explicit, .. } => (*always, *explicit),
            _ => (false, false),
        };
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

/// Lets an UPDATE increment the version column of its entity.
pub(super) fn add_version(statement: &mut Statement, schema: &Schema) {
    let Some(version) = schema.version else { return };
    let set = " SET ";
    let Some(at) = Captured::of_statement(statement).find(set) else {
        return;
    };
    // Nothing is bound before SET, so that a mark and a placeholder cannot differ in length.
    let quote = if statement.db_backend == DbBackend::MySql {
        '`'
    } else {
        '"'
    };
    let column = format!("{quote}{version}{quote}");
    statement
        .sql
        .insert_str(at + set.len(), &format!("{column} = COALESCE({column}, 0) + 1, "));
}
