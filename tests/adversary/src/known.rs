//! The kinds of fault that the library has today. Each is told by its shape, and asserted to be there still; what is
//! mended is taken off this list.

use std::collections::BTreeSet;

use touchable_tests::Backend;

use crate::{
    history::{History, Order, Quiet, Row, Stamp, Step, What, Write, Writer},
    schema::Schema,
    violation::{Check, Violation},
};

/// A kind of fault.
#[derive(Debug)]
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// Whether a violation of a history is of this kind.
    pub shape: fn(&Schema, Backend, &History, &Violation) -> bool,
    /// A history that shows it, and where; none when it takes luck.
    pub shown: Option<(&'static [Backend], &'static str)>,
}

/// All of them.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "K2 a save is known by its stamp, which the application can round or repeat",
        shape: |_, _, history, violation| {
            history.writes().any(|write| {
                matches!(
                    write.what,
                    What::Update(.., Stamp::Now | Stamp::Repeated)
                        | What::Insert(.., Stamp::Now | Stamp::Repeated)
                )
            }) && violation.check != Check::Fell
        },
        shown: None,
    },
    Kind {
        name: "K6 an unwatched column that is set to its stored value moves the row's stamp",
        shape: |_, _, history, violation| {
            violation.check == Check::Surplus
                && on_touch(history).any(|write| matches!(write.what, What::Update(..)))
                && violation.fragments.len() == 1
        },
        shown: None,
    },
    Kind {
        name: "N1 a delete that the database refuses in a transaction has touched",
        shape: |_, backend, history, violation| {
            violation.check == Check::Surplus
                && backend != Backend::Postgres
                && has_transaction(history)
                && history
                    .writes()
                    .any(|write| matches!(write.what, What::Delete(..)))
        },
        shown: None,
    },
    Kind {
        name: "K12 suppression is judged at the commit",
        shape: |_, _, history, violation| {
            matches!(violation.check, Check::Surplus | Check::Stale)
                && has_transaction(history)
                && history.writes().any(|write| write.quiet != Quiet::No)
        },
        shown: None,
    },
    Kind {
        name: "K8 an upsert: children of changed rows, old parents, and the stamp",
        shape: |_, _, history, violation| {
            matches!(violation.check, Check::Stale | Check::Surplus | Check::Levels)
                && history
                    .writes()
                    .any(|write| matches!(write.what, What::InsertMany(_, _, Some(_))))
        },
        shown: None,
    },
    Kind {
        name: "K10 SQLite: a transaction that we let read before it writes",
        shape: |_, backend, _, violation| {
            backend == Backend::Sqlite
                && violation.check == Check::Contention
                && violation.says.contains("locked")
        },
        shown: None,
    },
    Kind {
        name: "K11 what we send outside a transaction is not tried again",
        shape: |_, backend, _, violation| backend != Backend::Sqlite && violation.check == Check::Contention,
        shown: None,
    },
    Kind {
        name: "K2 saves of one row at once: the notes of the one are met by the other",
        shape: |_, _, history, violation| {
            violation.check == Check::Stale && is_concurrent(history) && meet(history)
        },
        shown: None,
    },
    Kind {
        name: "N3 a partial save on a connection of ours falls below a stamp that is ahead of the clock",
        shape: |_, _, history, violation| {
            violation.check == Check::Fell
                && history.writes().any(|write| {
                    matches!(
                        write.what,
                        What::Update(.., Stamp::Repeated) | What::Insert(.., Stamp::Repeated)
                    )
                })
        },
        shown: None,
    },
    Kind {
        name: "K13 a commit that was none",
        shape: |_, backend, history, violation| {
            matches!(violation.check, Check::FalseCommit | Check::AfterCommit)
                && backend != Backend::Sqlite
                && has_transaction(history)
        },
        shown: None,
    },
];

fn is_concurrent(history: &History) -> bool {
    matches!(history.order, Order::Stalled(_) | Order::Free)
}

/// Whether two writers save the same row.
fn meet(history: &History) -> bool {
    let saved = |writer: &Writer| -> BTreeSet<Row> {
        let rows = writer.steps.iter().filter_map(|step| match step {
            Step::Write(write) => match &write.what {
                What::Update(row, ..) => Some(*row),
                _ => None,
            },
            _ => None,
        });
        rows.collect()
    };
    let mut seen = BTreeSet::new();
    history
        .writers
        .iter()
        .any(|writer| !saved(writer).into_iter().all(|row| seen.insert(row)))
}

/// What is not promised: on a plain connection, several writers at once outside of transactions.
#[must_use]
pub fn is_documented(history: &History) -> bool {
    is_concurrent(history)
        && history
            .writers
            .iter()
            .filter(|writer| !writer.touch)
            .any(|writer| {
                let mut depth = 0;
                writer.steps.iter().any(|step| {
                    match step {
                        Step::Begin(_) => depth += 1,
                        Step::Commit | Step::Rollback => depth -= i32::from(depth > 0),
                        _ => {}
                    }
                    matches!(step, Step::Write(_)) && depth == 0
                })
            })
}

/// Whether it has a transaction of the application's.
fn has_transaction(history: &History) -> bool {
    history.order == Order::Levels || history.steps().any(|step| matches!(step, Step::Begin(_)))
}

/// The writes on connections of ours.
fn on_touch(history: &History) -> impl Iterator<Item = &Write> {
    history
        .writers
        .iter()
        .filter(|writer| writer.touch || history.order == Order::Levels)
        .flat_map(|writer| &writer.steps)
        .filter_map(|step| match step {
            Step::Write(write) => Some(write),
            _ => None,
        })
}

/// The kind that a violation is of.
#[must_use]
pub fn kind(
    schema: &Schema,
    backend: Backend,
    history: &History,
    violation: &Violation,
) -> Option<&'static Kind> {
    KINDS
        .iter()
        .find(|kind| (kind.shape)(schema, backend, history, violation))
}
