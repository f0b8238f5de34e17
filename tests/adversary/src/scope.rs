//! What the writes of a transaction or savepoint have changed, and which keys that may move, has to move or may leave.

use std::collections::BTreeSet;

use crate::{
    bench::Bench,
    doubt::leads_elsewhere,
    history::{How, Quiet, Stamp, What, Write},
    link::Link,
    model::{Change, ChangeKind, changes, content, explained, follows},
    player::Ended,
    schema::Schema,
    state::{Fragment, State},
};

/// What happened in a transaction or savepoint so far.
#[derive(Debug, Default)]
pub struct Scope {
    /// Changes, where they were seen, and what suppression lets them touch.
    changes: Vec<(Vec<Change>, [State; 2], Quiet)>,
    /// Whether a save changed nothing.
    idle: bool,
    /// Fragments that may stay although what they show has changed.
    exempt: BTreeSet<Fragment>,
    /// Fragments that have to move whatever else may let them stay, if what they show is another in the end.
    due: BTreeSet<Fragment>,
    /// Fragments that another row led to until a write that touches nobody; touches that wait look for them too late.
    unlinked: BTreeSet<Fragment>,
    /// Fragments that may move although nothing has changed.
    allowed: BTreeSet<Fragment>,
}

impl Scope {
    /// Adds a savepoint's, which is released.
    pub fn take(&mut self, inner: Self) {
        self.changes.extend(inner.changes);
        self.idle |= inner.idle;
        self.exempt.extend(inner.exempt);
        self.due.retain(|fragment| !inner.unlinked.contains(fragment));
        self.due.extend(inner.due);
        self.unlinked.extend(inner.unlinked);
        self.allowed.extend(inner.allowed);
    }

    /// Whether a save changed nothing.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.idle
    }

    /// Whether a fragment may stay although what it shows has changed.
    #[must_use]
    pub fn may_stay(&self, fragment: &Fragment) -> bool {
        self.exempt.contains(fragment) && !self.due.contains(fragment)
    }

    /// The fragments whose move is explained.
    #[must_use]
    pub fn explains(&self, schema: &Schema, now: &State) -> BTreeSet<Fragment> {
        let mut explains = self.allowed.clone();
        for (changes, [before, after], quiet) in &self.changes {
            explains.extend(explained(schema, &[before, after, now], changes, |table| {
                quiet.covers(schema, table)
            }));
        }
        explains
    }

    /// Notes what a write has changed, and what that may move.
    pub fn learn(&mut self, bench: &Bench, write: &Write, states: [State; 2], link: &Link, ended: &Ended) {
        let schema = &bench.schema;
        let [before, after] = &states;
        let touch = link.is_touch();
        let changes = done(bench, write, before, after, touch);
        self.idle |= matches!(write.what, What::Update(..))
            && changes.iter().all(|change| change.kind == ChangeKind::Touched);
        let reached = |quiet: Quiet| {
            explained(schema, &[before, after], &changes, |table| {
                quiet.covers(schema, table)
            })
        };
        // What is only touched, as by a save that changes nothing, need not have moved.
        let saved: Vec<Change> = changes
            .iter()
            .filter(|change| change.kind != ChangeKind::Touched)
            .cloned()
            .collect();
        let certain = explained(schema, &[before, after], &saved, |table| {
            write.quiet.covers(schema, table)
        });
        let mut allowed = BTreeSet::new();
        let mut exempt = BTreeSet::new();
        let unhooked =
            !touch && matches!(&write.what, What::Update(_, _, how, ..) if *how == How::WithoutReturning);
        if unhooked || write.what.bypasses() {
            exempt.extend(reached(Quiet::No));
        } else if write.quiet != Quiet::No {
            exempt.extend(&reached(Quiet::No) - &certain);
        }
        if changes.iter().any(|change| leads_elsewhere(schema, change)) {
            self.due.retain(|fragment| !exempt.contains(fragment));
            self.unlinked.extend(exempt.iter().cloned());
        }
        let followed = follows(schema, before, &changes);
        if !followed.is_empty() {
            exempt.extend(&explained(schema, &[before, after], &followed, |_| false) - &certain);
        }
        if matches!(ended, Ended::Dropped) && !touch && !link.is_transaction() {
            // Level 1: a save may be stored without its touches.
            exempt.extend(reached(Quiet::No));
            allowed.extend(exempt.iter().cloned());
        }
        if matches!(ended, Ended::Badly(_)) && !touch {
            // Level 1 touches before a delete, level 2 before any statement, which then may fail.
            allowed.extend(fragments(before, after));
            exempt.extend(fragments(before, after));
        }
        self.due
            .extend(changed(schema, before, after).filter(|fragment| !exempt.contains(fragment)));
        self.exempt.extend(exempt);
        self.allowed.extend(allowed);
        if !write.what.bypasses() {
            self.changes.push((changes, states, write.quiet));
        }
    }
}

/// The changes of a write, by the rows of its table, and the touches that it asks for.
fn done(bench: &Bench, write: &Write, before: &State, after: &State, touch: bool) -> Vec<Change> {
    let schema = &bench.schema;
    let number = write.what.table() as usize % schema.tables.len();
    if let What::Nest(row, nest) = &write.what {
        return nest.changes(bench, *row, [before, after], touch);
    }
    let mut changes = changes(schema, number, before, after);
    let touched = |row: &u8| Change {
        row: bench.name(write.what.table(), *row).clone(),
        kind: ChangeKind::Touched,
    };
    match &write.what {
        // Stamped all the same; on a plain connection as SeaORM does it.
        What::Update(row, .., stamp) if *stamp != Stamp::No || !touch => changes.push(touched(&row.1)),
        What::Touch(row) => changes.push(touched(&row.1)),
        What::TouchAll(_, rows) if rows.is_empty() => {
            changes.extend(after.of(number).map(|(name, _)| Change {
                row: name.clone(),
                kind: ChangeKind::Touched,
            }));
        }
        What::TouchAll(_, rows) => changes.extend(rows.iter().map(touched)),
        _ => {}
    }
    changes
}

impl Quiet {
    /// Whether it keeps a table from being touched.
    #[must_use]
    pub fn covers(self, schema: &Schema, table: usize) -> bool {
        match self {
            Self::No => false,
            Self::All => true,
            Self::On(other) => table == other as usize % schema.tables.len(),
        }
    }
}

/// The fragments of rows that are in both.
pub fn fragments<'a>(base: &'a State, now: &'a State) -> impl Iterator<Item = Fragment> + 'a {
    base.both(now)
        .flat_map(|(name, old, _)| (0..old.keys.len()).map(|at| (name.clone(), at)))
}

/// Those of them that show something else.
pub fn changed<'a>(
    schema: &'a Schema,
    base: &'a State,
    now: &'a State,
) -> impl Iterator<Item = Fragment> + 'a {
    fragments(base, now)
        .filter(move |fragment| content(schema, base, fragment) != content(schema, now, fragment))
}
