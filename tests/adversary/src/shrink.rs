//! The smallest history that still shows a fault.

use crate::history::{From, History, How, Isolation, Nest, Order, Quiet, Set, Stamp, Step, What, Write};

/// Histories that are a little smaller than this one, the much smaller ones first.
#[must_use]
pub fn smaller(history: &History) -> Vec<History> {
    let mut all = Vec::new();
    let mut with = |change: &mut dyn FnMut(&mut History)| {
        let mut copy = history.clone();
        change(&mut copy);
        if copy != *history {
            all.push(copy);
        }
    };
    if history.writers.len() > 1 {
        for writer in 0..history.writers.len() {
            with(&mut |copy| drop(copy.writers.remove(writer)));
        }
    }
    for writer in 0..history.writers.len() {
        with(&mut |copy| copy.writers[writer].strict = false);
        let steps = history.writers[writer].steps.len();
        if steps > 3 {
            with(&mut |copy| copy.writers[writer].steps.truncate(steps / 2));
            with(&mut |copy| drop(copy.writers[writer].steps.drain(..steps / 2)));
        }
        for step in (0..steps).rev() {
            with(&mut |copy| drop(copy.writers[writer].steps.remove(step)));
        }
    }
    if let Order::Stalled(choices) = &history.order {
        with(&mut |copy| copy.order = Order::Stalled(choices[..choices.len() / 2].into()));
        for at in (0..choices.len()).rev() {
            with(&mut |copy| {
                if let Order::Stalled(choices) = &mut copy.order {
                    choices.remove(at);
                }
            });
            with(&mut |copy| {
                if let Order::Stalled(choices) = &mut copy.order {
                    choices[at] = choices[at].min(1).saturating_sub(1);
                }
            });
        }
    }
    for writer in 0..history.writers.len() {
        for step in 0..history.writers[writer].steps.len() {
            for simpler in simpler(&history.writers[writer].steps[step]) {
                with(&mut |copy| copy.writers[writer].steps[step] = simpler.clone());
            }
        }
    }
    all
}

/// Simpler forms of a step.
fn simpler(step: &Step) -> Vec<Step> {
    match step {
        Step::Begin(isolation) if *isolation != Isolation::Default => vec![Step::Begin(Isolation::Default)],
        Step::Write(write) => simpler_write(write).into_iter().map(Step::Write).collect(),
        _ => Vec::new(),
    }
}

fn simpler_write(write: &Write) -> Vec<Write> {
    let mut all = Vec::new();
    if write.quiet != Quiet::No {
        all.push(Write {
            quiet: Quiet::No,
            ..write.clone()
        });
    }
    if let Some(waits) = write.dropped {
        all.push(Write {
            dropped: None,
            ..write.clone()
        });
        if waits > 0 {
            all.push(Write {
                dropped: Some(waits - 1),
                ..write.clone()
            });
        }
    }
    let whats: Vec<What> = match &write.what {
        What::Update(row, from, how, sets, stamp) => {
            let mut whats: Vec<_> = fewer(sets)
                .into_iter()
                .map(|sets| What::Update(*row, *from, *how, sets, *stamp))
                .collect();
            if *stamp != Stamp::No {
                whats.push(What::Update(*row, *from, *how, sets.clone(), Stamp::No));
            }
            if *how != How::Update {
                whats.push(What::Update(*row, *from, How::Update, sets.clone(), *stamp));
            }
            if *from != From::Fresh {
                whats.push(What::Update(*row, From::Fresh, *how, sets.clone(), *stamp));
            }
            whats
        }
        What::Insert(row, sets, stamp) => {
            let mut whats: Vec<_> = fewer(sets)
                .into_iter()
                .map(|sets| What::Insert(*row, sets, *stamp))
                .collect();
            if *stamp != Stamp::No {
                whats.push(What::Insert(*row, sets.clone(), Stamp::No));
            }
            whats
        }
        What::Delete(row, from) if *from != From::Fresh => vec![What::Delete(*row, From::Fresh)],
        What::InsertMany(table, rows, conflict) => fewer_new(*table, rows, conflict.as_ref()),
        What::UpdateMany(table, list, sets) => fewer_rows(list)
            .into_iter()
            .map(|list| What::UpdateMany(*table, list, sets.clone()))
            .chain(
                fewer(sets)
                    .into_iter()
                    .map(|sets| What::UpdateMany(*table, list.clone(), sets)),
            )
            .collect(),
        What::DeleteMany(table, list) => fewer_rows(list)
            .into_iter()
            .map(|list| What::DeleteMany(*table, list))
            .collect(),
        What::TouchAll(table, list) => fewer_rows(list)
            .into_iter()
            .map(|list| What::TouchAll(*table, list))
            .collect(),
        What::Bypass(row, sets) => fewer(sets)
            .into_iter()
            .map(|sets| What::Bypass(*row, sets))
            .collect(),
        What::Raw(row, sets) => fewer(sets)
            .into_iter()
            .map(|sets| What::Raw(*row, sets))
            .collect(),
        What::Nest(row, nest) => simpler_nest(nest)
            .into_iter()
            .map(|nest| What::Nest(*row, nest))
            .collect(),
        What::Delete(..) | What::Touch(_) => Vec::new(),
    };
    all.extend(whats.into_iter().map(|what| Write {
        what,
        ..write.clone()
    }));
    all
}

/// One set less.
fn fewer(sets: &[Set]) -> Vec<Vec<Set>> {
    (0..sets.len())
        .map(|at| [&sets[..at], &sets[at + 1..]].concat())
        .collect()
}

/// One new row, or one set of it, or one column less.
fn fewer_new(table: u8, rows: &[(u8, Vec<Set>)], conflict: Option<&Vec<u8>>) -> Vec<What> {
    let mut whats = Vec::new();
    for at in 0..rows.len() {
        if rows.len() > 1 {
            let mut rows = rows.to_vec();
            rows.remove(at);
            whats.push(What::InsertMany(table, rows, conflict.cloned()));
        }
        for sets in fewer(&rows[at].1) {
            let mut rows = rows.to_vec();
            rows[at].1 = sets;
            whats.push(What::InsertMany(table, rows, conflict.cloned()));
        }
    }
    for columns in conflict.iter().flat_map(|columns| fewer_rows(columns)) {
        whats.push(What::InsertMany(table, rows.to_vec(), Some(columns)));
    }
    whats
}

/// A relation, a row or a set less.
fn simpler_nest(nest: &Nest) -> Vec<Nest> {
    let mut all = Vec::new();
    let mut with = |change: &mut dyn FnMut(&mut Nest)| {
        let mut copy = nest.clone();
        change(&mut copy);
        all.push(copy);
    };
    for at in 0..nest.sets.len() {
        with(&mut |copy| _ = copy.sets.remove(at));
    }
    for at in 0..nest.relations.len() {
        with(&mut |copy| drop(copy.relations.remove(at)));
        for row in 0..nest.relations[at].rows.len() {
            with(&mut |copy| drop(copy.relations[at].rows.remove(row)));
            for set in 0..nest.relations[at].rows[row].1.len() {
                with(&mut |copy| _ = copy.relations[at].rows[row].1.remove(set));
            }
        }
    }
    all
}

/// One row or column less; never none, which would mean all.
fn fewer_rows(list: &[u8]) -> Vec<Vec<u8>> {
    (0..list.len())
        .map(|at| [&list[..at], &list[at + 1..]].concat())
        .filter(|list| !list.is_empty())
        .collect()
}
