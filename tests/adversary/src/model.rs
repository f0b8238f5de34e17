//! The rules a second time, over rows in memory: whom a row leads to, what a fragment shows, and which fragments a
//! change explains. Written without the library's planner.

use std::collections::BTreeSet;

use crate::{
    schema::{Hop, Rule, Schema},
    state::{Fragment, Name, State, Stored},
};

/// What a fragment shows, as one text: the row itself in its first fragment, and what each rule brings.
#[must_use]
pub fn content(schema: &Schema, state: &State, fragment: &Fragment) -> Option<Vec<String>> {
    let (name, at) = fragment;
    let row = state.rows.get(name)?;
    let main = is_main(schema, name.0, *at);
    let mut shown = brought(schema, state, fragment, &mut BTreeSet::new());
    if main {
        shown.insert(0, format!("{:?}", row.content));
    }
    Some(shown)
}

/// What rules bring to a fragment, but for rows that it is asked on behalf of.
fn brought(schema: &Schema, state: &State, fragment: &Fragment, within: &mut BTreeSet<Name>) -> Vec<String> {
    let (name, at) = fragment;
    let mut shown = Vec::new();
    within.insert(name.clone());
    for (number, rule) in schema.rules.iter().enumerate() {
        if rule.target() != name.0 || !bumps(schema, rule).contains(at) {
            continue;
        }
        let table = &schema.tables[rule.from];
        for (source, stored) in state.of(rule.from) {
            if source == name
                || table.is_deleted(stored)
                || !leads(schema, state, rule, source).contains(name)
            {
                continue;
            }
            let watched: Vec<_> = table
                .compared()
                .zip(&stored.content)
                .filter(|(column, _)| rule.watches(column))
                .map(|(_, shown)| shown)
                .collect();
            // What fires for every touch shows a nested fragment, which has a key of its own.
            let nested = rule.shows_key().then(|| stored.keys.first());
            shown.push(format!("rule {number} from {source:?}: {watched:?} {nested:?}"));
            // A list of columns that goes on shows what is brought to its row.
            if rule.goes_on && !within.contains(source) {
                shown.extend(brought(schema, state, &(source.clone(), 0), within));
            }
        }
    }
    within.remove(name);
    shown
}

/// Whether this is a key of the fragment that shows the row itself.
fn is_main(schema: &Schema, table: usize, at: usize) -> bool {
    let table = &schema.tables[table];
    at == 0 || (table.version.is_some() && at == table.stamps.len())
}

/// The keys that a rule bumps: the version goes with the touch column.
fn bumps(schema: &Schema, rule: &Rule) -> Vec<usize> {
    let table = &schema.tables[rule.target()];
    let mut bumps = rule.bumps.clone();
    if bumps.contains(&0) && table.version.is_some() {
        bumps.push(table.stamps.len());
    }
    bumps
}

/// The keys that move when a row itself is saved or touched.
fn own(schema: &Schema, name: &Name) -> Vec<Fragment> {
    let table = &schema.tables[name.0];
    let version = table.version.map(|_| table.stamps.len());
    [0].into_iter()
        .chain(version)
        .map(|at| (name.clone(), at))
        .collect()
}

/// The rows that a rule leads to from a row.
#[must_use]
pub fn leads(schema: &Schema, state: &State, rule: &Rule, source: &Name) -> BTreeSet<Name> {
    let mut rows = BTreeSet::from([source.clone()]);
    for hop in &rule.path {
        rows = rows
            .iter()
            .flat_map(|row| behind(schema, state, hop, row))
            .collect();
    }
    rows
}

/// The rows that a hop leads to from a row.
#[must_use]
pub fn behind(schema: &Schema, state: &State, hop: &Hop, name: &Name) -> Vec<Name> {
    let (from, to) = (&schema.tables[name.0], &schema.tables[hop.to]);
    let Some(row) = state.rows.get(name) else {
        return Vec::new();
    };
    let text = |value: &Option<String>| value.as_deref().and_then(plain);
    let is = |stored: &Stored, at: usize, only: &str| text(&stored.content[at]).as_deref() == Some(only);
    if let Some((false, column, only)) = hop.only
        && !is(row, from.column(column), only)
    {
        return Vec::new();
    }
    state
        .of(hop.to)
        .filter(|(_, other)| {
            hop.on.iter().all(|(here, there)| {
                let case = |text: String| if hop.caseless { text.to_lowercase() } else { text };
                let here = text(&row.content[from.column(here)]).map(case);
                here.is_some() && here == text(&other.content[to.column(there)]).map(case)
            })
        })
        .filter(|(_, other)| !matches!(hop.only, Some((true, column, only)) if !is(other, to.column(column), only)))
        .map(|(name, _)| name.clone())
        .collect()
}

/// Text without the quotes that SQLite shows it with; its NULL is none, which is not the empty text.
#[must_use]
pub fn plain(text: &str) -> Option<String> {
    match text {
        "NULL" => None,
        quoted => Some(quoted.trim_matches('\'').to_owned()),
    }
}

/// A change of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The row.
    pub row: Name,
    /// What became of it.
    pub kind: ChangeKind,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It came.
    Created,
    /// It went.
    Deleted,
    /// These columns have another value.
    Updated(Vec<&'static str>),
    /// Nothing but its key moved: an explicit touch, or a stamp of the application's.
    Touched,
}

/// The rows of a table that are not what they were.
#[must_use]
pub fn changes(schema: &Schema, table: usize, before: &State, after: &State) -> Vec<Change> {
    let columns: Vec<_> = schema.tables[table].compared().collect();
    let mut changes = Vec::new();
    for (name, old) in before.of(table) {
        let kind = match after.rows.get(name) {
            None => ChangeKind::Deleted,
            Some(new) if new.content == old.content => continue,
            // Every rule hears of a row that a column deletes, or gives back.
            Some(new) if schema.tables[table].is_deleted(old) != schema.tables[table].is_deleted(new) => {
                ChangeKind::Updated(columns.clone())
            }
            Some(new) => ChangeKind::Updated(
                columns
                    .iter()
                    .zip(old.content.iter().zip(&new.content))
                    .filter(|(_, (old, new))| old != new)
                    .map(|(column, _)| *column)
                    .collect(),
            ),
        };
        changes.push(Change {
            row: name.clone(),
            kind,
        });
    }
    let came = after
        .of(table)
        .filter(|(name, _)| !before.rows.contains_key(*name));
    changes.extend(came.map(|(name, _)| Change {
        row: name.clone(),
        kind: ChangeKind::Created,
    }));
    changes
}

/// What the database does to other rows of its own accord when these are deleted. It fires no rule of theirs.
#[must_use]
pub fn follows(schema: &Schema, state: &State, deleted: &[Change]) -> Vec<Change> {
    let mut all = Vec::new();
    let mut gone: Vec<Name> = deleted
        .iter()
        .filter(|change| change.kind == ChangeKind::Deleted)
        .map(|change| change.row.clone())
        .collect();
    while let Some(name) = gone.pop() {
        let table = &schema.tables[name.0];
        for hop in &table.unlinks {
            let rows = behind(schema, state, hop, &name).into_iter();
            let kind = ChangeKind::Updated(hop.on.iter().map(|(_, there)| *there).collect());
            all.extend(rows.map(|row| Change {
                row,
                kind: kind.clone(),
            }));
        }
        for hop in &table.takes {
            for row in behind(schema, state, hop, &name) {
                gone.push(row.clone());
                let kind = ChangeKind::Deleted;
                all.push(Change { row, kind });
            }
        }
    }
    all
}

/// The rules that a change fires.
fn fired<'a>(schema: &'a Schema, change: &'a Change) -> impl Iterator<Item = &'a Rule> {
    let from = change.row.0;
    let leads = move |rule: &Rule, column: &str| {
        let hop = &rule.path[0];
        hop.on.iter().any(|(here, _)| *here == column)
    };
    schema.rules.iter().filter(move |rule| {
        rule.from == from
            && match &change.kind {
                ChangeKind::Created | ChangeKind::Deleted => true,
                ChangeKind::Updated(columns) => columns
                    .iter()
                    .any(|column| rule.watches(column) || leads(rule, column)),
                ChangeKind::Touched => rule.cascades(),
            }
    })
}

/// Every fragment whose move these changes explain, looked at in all of these states; `quiet` tables are neither
/// touched nor passed through.
#[must_use]
pub fn explained(
    schema: &Schema,
    states: &[&State],
    changes: &[Change],
    quiet: impl Fn(usize) -> bool,
) -> BTreeSet<Fragment> {
    let leads = |rule: &Rule, source: &Name| {
        let states = states.iter();
        states
            .flat_map(|state| leads(schema, state, rule, source))
            .collect()
    };
    reached(schema, changes, quiet, leads)
}

/// Every fragment that these changes move where rules lead to these rows.
#[must_use]
pub fn reached(
    schema: &Schema,
    changes: &[Change],
    quiet: impl Fn(usize) -> bool,
    leads: impl Fn(&Rule, &Name) -> BTreeSet<Name>,
) -> BTreeSet<Fragment> {
    let mut reached = BTreeSet::new();
    let mut touched: BTreeSet<Name> = BTreeSet::new();
    let mut follow = |rule: &Rule, source: &Name, touched: &mut BTreeSet<Name>| {
        if !quiet(rule.target()) {
            for name in leads(rule, source) {
                reached.extend(bumps(schema, rule).into_iter().map(|at| (name.clone(), at)));
                touched.insert(name);
            }
        }
    };
    for change in changes {
        for rule in fired(schema, change) {
            follow(rule, &change.row, &mut touched);
        }
    }
    let mut done = BTreeSet::new();
    while let Some(name) = touched.pop_first() {
        let rules = schema.rules.iter();
        if done.insert(name.clone()) {
            rules
                .filter(|rule| rule.from == name.0 && rule.cascades())
                .for_each(|rule| follow(rule, &name, &mut touched));
        }
    }
    reached.extend(changes.iter().flat_map(|change| own(schema, &change.row)));
    reached
}
