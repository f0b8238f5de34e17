//! The same writes on each of the four levels: they have to move the same rows.

use std::sync::Arc;

use sea_orm::DbErr;

use crate::{
    bench::Bench,
    history::{History, Isolation, Step, What, Write},
    serial::{self, Moved},
    state::Fragment,
    violation::{Check, Violation},
};

/// Runs the writes of the first writer on each level.
///
/// # Errors
///
/// When the database refuses something of ours.
pub async fn run(bench: &Arc<Bench>, history: &History) -> Result<Vec<Violation>, DbErr> {
    let mut found = Vec::new();
    let mut seen: Vec<(usize, Vec<Moved>)> = Vec::new();
    for (level, touch, transaction) in [
        (1, false, false),
        (2, false, true),
        (3, true, false),
        (4, true, true),
    ] {
        let history = at_level(history, touch, transaction);
        let (violations, moved) = serial::play(bench, &history).await?;
        found.extend(violations.into_iter().map(|violation| Violation {
            says: format!("level {level}: {}", violation.says),
            ..violation
        }));
        seen.push((level, moved));
    }
    let writes: Vec<&Write> = history.writes().collect();
    let (_, first) = &seen[2];
    for (level, moved) in &seen {
        for (number, (here, there)) in moved.iter().zip(first).enumerate() {
            let (Some(write), Some(here), Some(there)) = (writes.get(number), here, there) else {
                continue;
            };
            let odd: Vec<_> = here
                .symmetric_difference(there)
                .filter(|fragment| !is_own(bench, write, fragment))
                .cloned()
                .collect();
            if !odd.is_empty() {
                let says = format!("write {number} moves {here:?} on level {level} and {there:?} on level 3");
                found.push(Violation {
                    fragments: odd,
                    ..Violation::new(Check::Levels, Some((0, number)), says)
                });
            }
        }
    }
    Ok(found)
}

/// Only its writes, each in a transaction of its own or in none.
fn at_level(history: &History, touch: bool, transaction: bool) -> History {
    let mut history = history.clone();
    history.writers.truncate(1);
    for writer in &mut history.writers {
        writer.touch = touch;
        // What is refused on two levels only leaves other rows behind.
        writer.strict = false;
        writer
            .steps
            .retain(|step| matches!(step, Step::Write(_) | Step::Load(_)));
        writer.steps = writer
            .steps
            .drain(..)
            .flat_map(|step| match step {
                Step::Write(_) if transaction => vec![Step::Begin(Isolation::Default), step, Step::Commit],
                step => vec![step],
            })
            .collect();
    }
    history
}

/// The row that is saved: SeaORM stamps it also where nothing has changed.
fn is_own(bench: &Bench, write: &Write, fragment: &Fragment) -> bool {
    match &write.what {
        What::Update(row, ..) => fragment.0 == *bench.name(row.0, row.1),
        What::Nest(row, nest) => nest
            .rows(&bench.schema, *row)
            .any(|row| fragment.0 == *bench.name(row.0, row.1)),
        _ => false,
    }
}
