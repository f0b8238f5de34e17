//! What is known of several writers at once, from their steps alone: which keys may serve what is old, because a write
//! touches nobody, and which fragments no write can have moved.

use std::{collections::BTreeSet, slice};

use crate::{
    bench::Bench,
    history::{From, History, Quiet, Step, What, Write},
    model::{Change, ChangeKind, behind, explained, follows, reached},
    perform::values,
    schema::{Rule, Schema, Table},
    state::{Fragment, Name, State},
    violation::{Check, Violation},
};

/// A fragment and its key.
type Entry = (Fragment, Option<String>);

/// A write that leaves keys where they are.
#[derive(Debug)]
struct Source {
    writer: usize,
    changes: Vec<Change>,
    /// What it touches all the same; nothing at all when it bypasses the rules.
    touches: Option<Quiet>,
}

/// Keys that may serve what is old.
#[derive(Debug)]
pub struct Doubt<'a> {
    schema: &'a Schema,
    sources: Vec<Source>,
    /// Who had not ended at the last look.
    open: BTreeSet<usize>,
    entries: BTreeSet<Entry>,
}

impl<'a> Doubt<'a> {
    /// Of a history that has not begun.
    #[must_use]
    pub fn of(bench: &'a Bench, history: &History) -> Self {
        let sources = numbered(history)
            .filter(|(_, write)| {
                write.what.bypasses() || write.quiet != Quiet::No || takes_others(bench, write)
            })
            .map(|(writer, write)| Source {
                writer,
                changes: planned(bench, write),
                touches: (!write.what.bypasses()).then_some(write.quiet),
            });
        Self {
            schema: &bench.schema,
            sources: sources.collect(),
            open: BTreeSet::new(),
            entries: BTreeSet::new(),
        }
    }

    /// Notes the keys that such writes have not moved, with the writers who were at work before this look: a commit may
    /// lie between it and the last one. What moves after its writer has ended has to be right again.
    pub fn note(&mut self, state: &State, open: BTreeSet<usize>) {
        for source in &self.sources {
            if self.open.contains(&source.writer) || open.contains(&source.writer) {
                let stay = source.stay(self.schema, state).into_iter();
                self.entries.extend(stay.filter_map(|fragment| {
                    let key = state.rows.get(&fragment.0)?.keys[fragment.1].clone();
                    Some((fragment, key))
                }));
            }
        }
        self.open = open;
    }

    /// Whether this key may serve what is old.
    #[must_use]
    pub fn covers(&self, entry: &Entry) -> bool {
        self.entries.contains(entry)
    }
}

impl Source {
    /// The fragments that it would have moved. A change that it makes moves what it may touch all the same; which of its
    /// changes it makes is unknown.
    fn stay(&self, schema: &Schema, state: &State) -> BTreeSet<Fragment> {
        let changes = self.changes.iter().map(slice::from_ref);
        changes
            .flat_map(|change| self.stay_after(schema, state, change))
            .collect()
    }

    fn stay_after(&self, schema: &Schema, state: &State, change: &[Change]) -> BTreeSet<Fragment> {
        let moved = |quiet: Quiet| explained(schema, &[state], change, |table| quiet.covers(schema, table));
        let followed = follows(schema, state, change);
        let all = &moved(Quiet::No) | &explained(schema, &[state], &followed, |_| false);
        match self.touches {
            None => all,
            Some(quiet) => &all - &moved(quiet),
        }
    }
}

/// Whether the database may do more than it says.
fn takes_others(bench: &Bench, write: &Write) -> bool {
    let table = &bench.schema.tables[write.what.table() as usize % bench.schema.tables.len()];
    let deletes = matches!(write.what, What::Delete(..) | What::DeleteMany(..));
    deletes && !(table.takes.is_empty() && table.unlinks.is_empty())
}

/// The writes with the numbers of their writers.
fn numbered(history: &History) -> impl Iterator<Item = (usize, &Write)> {
    let steps = history
        .writers
        .iter()
        .enumerate()
        .flat_map(|(number, writer)| writer.steps.iter().map(move |step| (number, step)));
    steps.filter_map(|(number, step)| match step {
        Step::Write(write) => Some((number, write)),
        _ => None,
    })
}

/// What a write changes at most.
fn planned(bench: &Bench, write: &Write) -> Vec<Change> {
    let of = write.what.table();
    let number = of as usize % bench.schema.tables.len();
    let table = &bench.schema.tables[number];
    let change = |row: &Name, kind: &ChangeKind| Change {
        row: row.clone(),
        kind: kind.clone(),
    };
    let one = |row: u8, kind: ChangeKind| vec![change(bench.name(of, row), &kind)];
    let many = |rows: &[u8], kind: ChangeKind| {
        let rows: Vec<&Name> = match rows {
            [] => bench.names[number].iter().collect(),
            rows => rows.iter().map(|row| bench.name(of, *row)).collect(),
        };
        rows.into_iter().map(|row| change(row, &kind)).collect()
    };
    let updated = |sets: &[(u8, u8)]| ChangeKind::Updated(columns(table, sets));
    match &write.what {
        What::Update(row, From::Reset, ..) | What::Insert(row, ..) => one(row.1, ChangeKind::Created),
        // On a plain connection it is stamped whatever it sets.
        What::Update(row, _, _, sets, _) => {
            [one(row.1, updated(sets)), one(row.1, ChangeKind::Touched)].concat()
        }
        What::Bypass(row, sets) | What::Raw(row, sets) => one(row.1, updated(sets)),
        // It may reach every row of its tables.
        What::Nest(..) => bench
            .names
            .iter()
            .flatten()
            .map(|row| change(row, &ChangeKind::Created))
            .collect(),
        What::Delete(row, _) => one(row.1, ChangeKind::Deleted),
        What::Touch(row) => one(row.1, ChangeKind::Touched),
        What::InsertMany(_, rows, _) => {
            let rows: Vec<u8> = rows.iter().map(|(row, _)| *row).collect();
            many(&rows, ChangeKind::Created)
        }
        What::UpdateMany(_, rows, sets) => many(rows, updated(sets)),
        What::DeleteMany(_, rows) => many(rows, ChangeKind::Deleted),
        What::TouchAll(_, rows) => many(rows, ChangeKind::Touched),
    }
}

/// The keys of the rows that a write names.
#[must_use]
pub fn own(bench: &Bench, write: &Write) -> Vec<Fragment> {
    let rows = planned(bench, write).into_iter();
    rows.flat_map(|change| keys(&bench.schema, &change.row).collect::<Vec<_>>())
        .collect()
}

/// The columns that are another with these sets.
fn columns(table: &Table, sets: &[(u8, u8)]) -> Vec<&'static str> {
    let set = values(table, sets, "").into_iter();
    let columns: Vec<_> = set
        .map(|(at, _)| table.columns[at].name)
        .chain(table.generated.iter().copied())
        .collect();
    // A column that deletes its row fires every rule.
    if table.deleted.is_some_and(|column| columns.contains(&column)) {
        return table.compared().collect();
    }
    columns
}

/// The fragments that have moved, and that no write leads to.
#[must_use]
pub fn surplus(bench: &Bench, history: &History, first: &State, now: &State) -> Option<Violation> {
    let schema = &bench.schema;
    let writes: Vec<(&Write, Vec<Change>)> = history
        .writes()
        .map(|write| (write, planned(bench, write)))
        .collect();
    let changes = writes.iter().flat_map(|(_, changes)| changes);
    let loose: BTreeSet<usize> = changes
        .filter(|change| leads_elsewhere(schema, change))
        .map(|change| change.row.0)
        .collect();
    let leads = |rule: &Rule, source: &Name| {
        let mut rows = BTreeSet::from([source.clone()]);
        for hop in &rule.path {
            let next = |row: &Name| {
                if loose.contains(&row.0) || loose.contains(&hop.to) {
                    bench.names[hop.to].clone()
                } else {
                    behind(schema, first, hop, row)
                }
            };
            rows = rows.iter().flat_map(next).collect();
        }
        rows
    };
    let mut may_move = BTreeSet::new();
    for (write, changes) in &writes {
        if !write.what.bypasses() {
            let covers = |table| write.quiet.covers(schema, table);
            may_move.extend(reached(schema, changes, covers, leads));
        }
        // A new row has new keys, and one that is saved as a whole those of the model.
        let whole = changes.iter().filter(|change| change.kind == ChangeKind::Created);
        may_move.extend(whole.flat_map(|change| keys(schema, &change.row)));
    }
    let surplus: Vec<Fragment> = first.moved(now).difference(&may_move).cloned().collect();
    (!surplus.is_empty()).then(|| Violation {
        fragments: surplus.clone(),
        ..Violation::new(
            Check::Surplus,
            None,
            format!("moved, and no write leads to it: {surplus:?}"),
        )
    })
}

/// Whether rules lead to other rows after it.
#[must_use]
pub fn leads_elsewhere(schema: &Schema, change: &Change) -> bool {
    let columns = match &change.kind {
        ChangeKind::Touched => return false,
        ChangeKind::Created | ChangeKind::Deleted => return true,
        ChangeKind::Updated(columns) => columns,
    };
    schema.rules.iter().any(|rule| {
        let from = [rule.from].into_iter().chain(rule.path.iter().map(|hop| hop.to));
        from.zip(&rule.path).any(|(from, hop)| {
            let ends = hop
                .on
                .iter()
                .flat_map(|(here, there)| [(from, *here), (hop.to, *there)]);
            let only = hop
                .only
                .iter()
                .map(|(behind, column, _)| (if *behind { hop.to } else { from }, *column));
            ends.chain(only)
                .any(|(table, column)| table == change.row.0 && columns.contains(&column))
        })
    })
}

/// All keys of a row.
fn keys<'a>(schema: &'a Schema, row: &'a Name) -> impl Iterator<Item = Fragment> + 'a {
    let keys = schema.tables[row.0].keyed().enumerate();
    keys.map(|(at, _)| (row.clone(), at))
}
