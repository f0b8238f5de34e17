//! What shapes ask of a violation and its history.

use std::collections::BTreeSet;

use touchable_tests::Backend;

use crate::{
    history::{From, History, Isolation, Order, Quiet, Row, Stamp, Step, What, Write, Writer},
    perform::values,
    player::is_refused,
    schema::{Schema, Table, Watches},
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

    /// Whether the application opened a transaction.
    #[must_use]
    pub fn in_transaction(&self) -> bool {
        let begins = |step: &Step| matches!(step, Step::Begin(_));
        self.history.order == Order::Levels || self.history.steps().any(begins)
    }

    /// Whether the application opened one at another isolation level than the database's own.
    #[must_use]
    pub fn is_isolated(&self) -> bool {
        let other = |step: &Step| {
            matches!(
                step,
                Step::Begin(Isolation::RepeatableRead | Isolation::Serializable)
            )
        };
        self.history.steps().any(other)
    }

    /// Whether some write is like this.
    #[must_use]
    pub fn any(&self, like: impl Fn(&Write) -> bool) -> bool {
        self.history.writes().any(like)
    }

    /// Whether some write on a connection of ours is like this.
    #[must_use]
    pub fn any_of_ours(&self, like: impl Fn(&Write) -> bool) -> bool {
        let ours = |writer: &&Writer| writer.touch || self.history.order == Order::Levels;
        let steps = self
            .history
            .writers
            .iter()
            .filter(ours)
            .flat_map(|writer| &writer.steps);
        steps
            .filter_map(|step| match step {
                Step::Write(write) => Some(write),
                _ => None,
            })
            .any(like)
    }

    /// Whether the application set a stamp of its own.
    #[must_use]
    pub fn is_stamped(&self) -> bool {
        self.any(|write| {
            matches!(
                write.what,
                What::Update(.., Stamp::Now | Stamp::Repeated)
                    | What::Insert(.., Stamp::Now | Stamp::Repeated)
            )
        })
    }

    /// Whether a hook of the application's refused something.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.any(|write| is_refused(self.schema, &write.what, ""))
    }

    /// Whether something was suppressed.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.any(|write| write.quiet != Quiet::No)
    }

    /// Whether all fragments are of one row.
    #[must_use]
    pub fn is_about_one_row(&self) -> bool {
        let mut names = self.violation.fragments.iter().map(|(name, _)| name);
        let first = names.next();
        names.all(|name| Some(name) == first)
    }

    /// Whether an update sets nothing, or what the row has already from its seed.
    #[must_use]
    pub fn sets_nothing(&self) -> bool {
        self.any(|write| {
            let What::Update(row, _, _, sets, _) = &write.what else {
                return false;
            };
            let table = self.table(write);
            values(table, sets, "").iter().all(|(at, value)| {
                let column = &table.columns[*at];
                let seed = column.seeds.get(row.1 as usize).copied().unwrap_or_default();
                column.values.get(seed as usize) == Some(value)
            })
        })
    }

    /// Whether a future was dropped.
    #[must_use]
    pub fn is_dropped(&self) -> bool {
        self.any(|write| write.dropped.is_some())
    }

    /// The table of a write.
    #[must_use]
    pub fn table(&self, write: &Write) -> &'a Table {
        &self.schema.tables[write.what.table() as usize % self.schema.tables.len()]
    }

    /// Whether a write sets a column that an association reads: a foreign key, or a condition.
    #[must_use]
    pub fn leads(&self, write: &Write) -> bool {
        let (What::Update(_, _, _, sets, _) | What::UpdateMany(_, _, sets)) = &write.what else {
            return matches!(write.what, What::Insert(..) | What::InsertMany(..));
        };
        let table = self.table(write);
        let sets = values(table, sets, "");
        let conditions = self.schema.rules.iter().flat_map(|rule| &rule.path);
        let conditions: Vec<_> = conditions
            .filter_map(|hop| hop.only.map(|(_, column, _)| column))
            .collect();
        sets.iter().any(|(at, _)| {
            let column = &table.columns[*at];
            column.leads || conditions.contains(&column.name)
        })
    }

    /// Whether an association has a condition.
    #[must_use]
    pub fn is_conditional(&self) -> bool {
        let mut hops = self.schema.rules.iter().flat_map(|rule| &rule.path);
        hops.any(|hop| hop.only.is_some())
    }

    /// Whether an association is named by several columns.
    #[must_use]
    pub fn is_composite(&self) -> bool {
        let mut hops = self.schema.rules.iter().flat_map(|rule| &rule.path);
        hops.any(|hop| hop.on.len() > 1)
    }

    /// Whether the schema has computed columns.
    #[must_use]
    pub fn is_computed(&self) -> bool {
        self.schema.tables.iter().any(|table| !table.generated.is_empty())
    }

    /// Whether one table's row is saved by two writers.
    #[must_use]
    pub fn writers_meet(&self) -> bool {
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
        let mut writers = self.history.writers.iter();
        writers.any(|writer| !saved(writer).into_iter().all(|row| seen.insert(row)))
    }

    /// Whether a row is saved from what may not be stored any more: read earlier, or never.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.any_of_ours(|write| {
            matches!(
                write.what,
                What::Update(_, From::Loaded | From::Reset | From::Partial, ..)
                    | What::Delete(_, From::Loaded | From::Reset | From::Partial)
            )
        }) || self.is_concurrent()
    }

    /// Whether a rule watches everything in a circle.
    #[must_use]
    pub fn has_circle(&self) -> bool {
        let any = |from: usize, to: usize| {
            let mut rules = self.schema.rules.iter();
            rules.any(|rule| matches!(rule.watches, Watches::Any) && rule.from == from && rule.target() == to)
        };
        let tables = 0..self.schema.tables.len();
        tables
            .clone()
            .any(|a| tables.clone().any(|b| any(a, b) && any(b, a)))
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
