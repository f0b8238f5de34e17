//! What an INSERT says is to happen where a row is there already.

use sea_orm::{
    DbBackend,
    sea_query::{Condition, Expr, ExprTrait, InsertStatement},
};

use super::{
    super::stamps::{always, stamps},
    rows::{Rows, unquote},
};
use crate::{
    clock::Stamp,
    dialect::Captured,
    entity::{Dirty, Touchable, is_null},
    touch::{Assigned, Assignment},
};

/// What is to happen where a row is there already.
#[derive(Debug)]
pub(super) struct Conflict {
    pub target: Target,
    /// Whether the row is updated; else it stays.
    pub updates: bool,
    /// The columns that are set then.
    pub assigned: Vec<String>,
}

/// By what a row is known to be there.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A unique key of these columns.
    Columns(Vec<String>),
    /// An expression or a constraint, or any unique key there is.
    Unknown,
}

const TARGET: &str = " ON CONFLICT ";
const UPDATE: &str = " DO UPDATE SET ";
const DUPLICATE: &str = " ON DUPLICATE KEY UPDATE ";

impl Conflict {
    /// Reads it; `None` when a row that is there is an error.
    pub(super) fn of(backend: DbBackend, insert: &InsertStatement) -> Option<Self> {
        let written = Captured::of(backend, insert);
        if let Some(set) = Set::of(&written) {
            let target = written.find(TARGET).map_or(Target::Unknown, |at| {
                let (_, target) = written.split_at(at + TARGET.len());
                Target::of(&target.sql)
            });
            let stays = |(column, value): &(String, Captured)| unquote(&value.sql) == *column;
            return Some(Self {
                target,
                updates: !set.assignments.iter().all(stays),
                assigned: set.assignments.iter().map(|(column, _)| column.clone()).collect(),
            });
        }
        written.find(TARGET).map(|_| Self {
            target: Target::Unknown,
            updates: false,
            assigned: Vec::new(),
        })
    }
}

impl Target {
    fn of(sql: &str) -> Self {
        let columns = sql.strip_prefix('(').and_then(|sql| sql.split_once(") "));
        let Some((columns, _)) = columns else {
            return Self::Unknown;
        };
        let columns: Vec<&str> = columns.split(", ").collect();
        let is_plain = |name: &&str| {
            name.len() > 2 && name.starts_with('"') && name.ends_with('"') && !name.contains(['(', '\u{1}'])
        };
        if columns.iter().all(is_plain) {
            Self::Columns(columns.into_iter().map(unquote).collect())
        } else {
            Self::Unknown
        }
    }
}

/// The assignments of an upsert.
struct Set {
    before: Captured,
    assignments: Vec<(String, Captured)>,
    after: Captured,
}

impl Set {
    fn of(written: &Captured) -> Option<Self> {
        let at = [UPDATE, DUPLICATE]
            .into_iter()
            .find_map(|words| Some(written.find(words)? + words.len()))?;
        let (before, rest) = written.split_at(at);
        let end = [" WHERE ", " RETURNING "]
            .into_iter()
            .filter_map(|word| rest.find(word))
            .min();
        let (assignments, after) = rest.split_at(end.unwrap_or(rest.sql.len()));
        let assignments = assignments
            .split(", ")
            .iter()
            .map(|assignment| {
                let (column, value) = assignment.split_at(assignment.find(" = ")?);
                let (_, value) = value.split_at(" = ".len());
                Some((unquote(&column.sql), value))
            })
            .collect::<Option<_>>()?;
        Some(Self {
            before,
            assignments,
            after,
        })
    }
}

/// The upsert with what becomes of the touch column and the version of a row that is updated; `None` when its assignments
/// are not written as SeaORM's builders write them.
pub(super) fn stamped<E: Touchable>(
    backend: DbBackend,
    written: &Captured,
    rows: &Rows,
    stamp: Stamp,
) -> Option<Captured> {
    let schema = E::schema();
    let set = Set::of(written)?;
    let (own, others): (Vec<_>, Vec<_>) = set
        .assignments
        .into_iter()
        .filter(|(column, _)| schema.version != Some(column.as_str()))
        .partition(|(column, _)| column == schema.touch);
    let update = Assigned {
        schema,
        backend,
        columns: others
            .iter()
            .map(|(column, value)| Assignment {
                column: column.clone(),
                expr: value.clone().into_expr(backend),
                value: None,
            })
            .collect(),
        always: E::DIRTY == Dirty::Assigned,
    };
    let explicit = own.into_iter().next_back().and_then(|(_, value)| {
        let counts = counts::<E>(&value, backend, rows, stamp)?;
        Some((value.into_expr(backend), counts))
    });
    let mut whole = set.before;
    let mut separator = "";
    let quote = if backend == DbBackend::MySql { '`' } else { '"' };
    let raised = stamps::<E>(&update, stamp, explicit)
        .into_iter()
        .map(|(column, value)| (column.to_owned(), Captured::of_expr(backend, value)));
    for (column, value) in raised.chain(others) {
        whole.push(&format!("{separator}{quote}{column}{quote} = "));
        whole.append(value);
        separator = ", ";
    }
    whole.append(set.after);
    Some(whole)
}

/// When what the touch column is set to is the application's own stamp; `None` when it never is.
fn counts<E: Touchable>(
    value: &Captured,
    backend: DbBackend,
    rows: &Rows,
    stamp: Stamp,
) -> Option<Condition> {
    let is_incoming = value.sql.starts_with("\"excluded\".") || value.sql.starts_with("VALUES(");
    if !is_incoming {
        return Some(always());
    }
    // Of the incoming stamps those are ours that the application left out.
    let ours = E::stamp_value(stamp);
    let stamps = rows.distinct([E::schema().touch]);
    let (filled, own): (Vec<_>, Vec<_>) = stamps.into_iter().flatten().partition(|value| *value == ours);
    if own.iter().all(is_null) {
        return None;
    }
    if filled.is_empty() {
        return Some(always());
    }
    let incoming = value.clone().into_expr(backend);
    Some(Condition::all().add(incoming.ne(Expr::val(ours))))
}
