//! What shapes ask of a violation and its history.

use touchable_tests::Backend;

use crate::{
    history::{History, Isolation, Order, Quiet, Step, What, Write, Writer},
    player::is_refused,
    schema::{Schema, Table},
    violation::{Check, Violation},
};

/// A violation and where it was seen.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The schema.
    pub schema: &'a Schema,
    /// The kind of database.
    pub backend: Backend,
    /// The history.
    pub history: &'a History,
    /// The violation.
    pub violation: &'a Violation,
}

impl<'a> Seen<'a> {
    /// Whether it broke one of these promises.
    #[must_use]
    pub fn is(&self, checks: &[Check]) -> bool {
        checks.contains(&self.violation.check)
    }

    /// Whether its words have these in them.
    #[must_use]
    pub fn says(&self, words: &str) -> bool {
        self.violation.says.contains(words)
    }

    /// Whether several writers were at work at once.
    #[must_use]
    pub const fn is_concurrent(&self) -> bool {
        matches!(self.history.order, Order::Stalled(_) | Order::Free)
    }

    /// Whether some write is like this.
    #[must_use]
    pub fn any(&self, like: impl Fn(&Write) -> bool) -> bool {
        self.history.writes().any(like)
    }

    /// Whether a hook of the application's refused something.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.any(|write| is_refused(self.schema, &write.what, ""))
    }

    /// Whether what it is about is a row of a table whose rows are deleted, by a write or with another row, and inserted.
    #[must_use]
    pub fn is_used_again(&self) -> bool {
        let number = |write: &Write| write.what.table() as usize % self.schema.tables.len();
        let of = |table: usize| self.violation.fragments.iter().any(|(name, _)| name.0 == table);
        let inserts = |write: &Write| {
            matches!(write.what, What::Insert(..) | What::InsertMany(..)) && of(number(write))
        };
        let deletes = |write: &Write| {
            matches!(write.what, What::Delete(..) | What::DeleteMany(..))
                && (of(number(write)) || !self.table(write).takes.is_empty())
        };
        self.any(inserts) && self.any(deletes)
    }

    /// Whether a transaction may look through its first snapshot, while another writer changes what leads somewhere.
    #[must_use]
    pub fn keeps_its_snapshot(&self) -> bool {
        let keeps = |writer: &Writer| {
            let kept = |step: &Step| {
                matches!(
                    step,
                    Step::Begin(Isolation::RepeatableRead | Isolation::Serializable)
                )
            };
            writer.steps.iter().any(kept)
        };
        let leads = |step: &Step| match step {
            Step::Write(write) => match &write.what {
                What::Insert(..) | What::InsertMany(..) | What::Nest(..) => true,
                What::Update(_, _, _, sets, _)
                | What::UpdateMany(_, _, sets)
                | What::Bypass(_, sets)
                | What::Raw(_, sets) => {
                    let columns = &self.table(write).columns;
                    sets.iter()
                        .any(|(column, _)| columns[usize::from(*column) % columns.len()].leads)
                }
                _ => false,
            },
            _ => false,
        };
        let writers = &self.history.writers;
        writers.iter().enumerate().any(|(at, writer)| {
            let mut others = writers.iter().enumerate().filter(|(other, _)| *other != at);
            keeps(writer) && others.any(|(_, other)| other.steps.iter().any(leads))
        })
    }

    /// Whether a transaction changes a row past the rules, and then suppresses touches of a save of that row.
    #[must_use]
    pub fn suppresses_behind_a_bypass(&self) -> bool {
        self.history.writers.iter().any(|writer| {
            let mut bypassed = Vec::new();
            writer.steps.iter().any(|step| match step {
                Step::Commit | Step::Rollback => {
                    bypassed.clear();
                    false
                }
                Step::Write(write) => match &write.what {
                    What::Bypass(row, _) | What::Raw(row, _) => {
                        bypassed.push(*row);
                        false
                    }
                    What::Update(row, ..) | What::Delete(row, ..) => {
                        write.quiet != Quiet::No && bypassed.contains(row)
                    }
                    _ => false,
                },
                _ => false,
            })
        })
    }

    /// The table of a write.
    #[must_use]
    pub fn table(&self, write: &Write) -> &'a Table {
        &self.schema.tables[write.what.table() as usize % self.schema.tables.len()]
    }

    /// Whether the schema has computed columns.
    #[must_use]
    pub fn is_computed(&self) -> bool {
        self.schema.tables.iter().any(|table| !table.generated.is_empty())
    }
}

impl History {
    /// Whether it asks for what is not promised: on a plain connection, several writers at once outside of
    /// transactions.
    #[must_use]
    pub fn is_beyond_promises(&self) -> bool {
        let outside = |writer: &Writer| {
            let mut depth = 0;
            writer.steps.iter().any(|step| {
                match step {
                    Step::Begin(_) => depth += 1,
                    Step::Commit | Step::Rollback => depth -= i32::from(depth > 0),
                    _ => {}
                }
                matches!(step, Step::Write(_)) && depth == 0
            })
        };
        let concurrent = matches!(self.order, Order::Stalled(_) | Order::Free);
        concurrent && self.writers.iter().any(|writer| !writer.touch && outside(writer))
    }
}
