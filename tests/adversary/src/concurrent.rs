//! Several writers at once, one statement at a time or as it comes. A reader looks on between any two statements and
//! fills a cache; at rest no entry of it may be wrong.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::future::join_all;
use sea_orm::DbErr;
use tokio::task::JoinHandle;
use touchable_tests::Backend;

use crate::{
    bench::Bench,
    doubt::{Doubt, own, surplus},
    failure::{Failure, FailureKind},
    history::{From, History, Order, Quiet, Step, What, Write, Writer},
    link::{Handles, Link},
    model::content,
    perform::values,
    player::{Ended, Fate, Player, Ticks, Written},
    schema::Schema,
    state::{Fragment, State},
    violation::{Check, Violation},
};

/// What was rendered under which key.
#[derive(Debug, Default)]
struct Cache(BTreeMap<(Fragment, Option<String>), BTreeSet<Vec<String>>>);

impl Cache {
    /// Renders every fragment, record and content from one moment.
    fn fill(&mut self, schema: &Schema, state: &State) {
        for (name, stored) in &state.rows {
            for (at, key) in stored.keys.iter().enumerate() {
                let fragment = (name.clone(), at);
                if let Some(content) = content(schema, state, &fragment) {
                    self.0.entry((fragment, key.clone())).or_default().insert(content);
                }
            }
        }
    }

    /// The fragments that are served wrong now.
    fn stale(&self, schema: &Schema, now: &State, doubt: &Doubt<'_>) -> Vec<(Fragment, String)> {
        let current = now.rows.iter().flat_map(|(name, stored)| {
            stored
                .keys
                .iter()
                .enumerate()
                .map(|(at, key)| ((name.clone(), at), key.clone()))
        });
        current
            .filter(|entry| !doubt.covers(entry))
            .filter_map(|entry| {
                let right = content(schema, now, &entry.0)?;
                let wrong = self.0.get(&entry)?.iter().find(|cached| **cached != right)?;
                let says = format!("{wrong:?} is served, {right:?} would be rendered");
                Some((entry.0, says))
            })
            .collect()
    }
}

/// What a writer leaves behind.
struct Left {
    written: Vec<Written>,
    failures: Vec<((usize, usize), Failure, bool)>,
    after_commit: (Vec<usize>, Vec<usize>),
    false_commits: usize,
    unnoticed: Vec<usize>,
    touch: bool,
}

/// Runs a history with all writers at once.
///
/// # Errors
///
/// When the database refuses something of ours.
pub async fn run(bench: &Arc<Bench>, history: &History) -> Result<Vec<Violation>, DbErr> {
    bench.turns.begin(0);
    bench.reset().await?;
    let handles = Handles::of(bench.db(), &bench.schema);
    let first = bench.state().await?;
    let mut cache = Cache::default();
    cache.fill(&bench.schema, &first);
    let mut doubt = Doubt::of(bench, history);
    doubt.note(&first, (0..history.writers.len()).collect());
    let stalled = matches!(history.order, Order::Stalled(_));
    bench.turns.begin(if stalled { history.writers.len() } else { 0 });
    let ticks = Arc::default();
    let writers: Vec<_> = history
        .writers
        .iter()
        .cloned()
        .enumerate()
        .map(|(number, writer)| {
            let base = handles.link(&writer);
            let (bench, ticks) = (Arc::clone(bench), Arc::clone(&ticks));
            tokio::spawn(async move {
                let turns = bench.turns.clone();
                turns
                    .writer(number, work(&bench, base, number, &writer, ticks))
                    .await
            })
        })
        .collect();
    let mut found = Vec::new();
    let error = Mutex::new(None);
    if let Order::Stalled(choices) = &history.order {
        let look = async || {
            let open = unfinished(&writers);
            match bench.state().await {
                Ok(state) => {
                    cache.fill(&bench.schema, &state);
                    doubt.note(&state, open);
                }
                Err(refused) => *error.lock().unwrap_or_else(PoisonError::into_inner) = Some(refused),
            }
        };
        if bench.turns.conduct(choices, look).await.is_err() {
            found.push(Violation::new(
                Check::Hang,
                None,
                "the writers wait for each other",
            ));
        }
    } else {
        while !writers.iter().all(JoinHandle::is_finished) {
            let open = unfinished(&writers);
            let state = bench.state().await?;
            cache.fill(&bench.schema, &state);
            doubt.note(&state, open);
        }
    }
    bench.turns.begin(0);
    let left: Vec<Left> = join_all(writers)
        .await
        .into_iter()
        .map(|left| left.expect("a writer that does not panic"))
        .collect();
    if let Some(refused) = error.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(refused);
    }
    if let Err(error) = bench.settle().await {
        found.push(Violation::new(Check::Left, None, error.to_string()));
    }
    let now = bench.state().await?;
    doubt.note(&now, BTreeSet::new());
    found.extend(surplus(bench, history, &first, &now));
    let spared = spared(bench, history, &left);
    for (fragment, says) in cache.stale(&bench.schema, &now, &doubt) {
        if spared(&fragment) {
            continue;
        }
        let table = &bench.schema.tables[fragment.0.0];
        found.push(Violation {
            check: Check::Stale,
            after: None,
            idle: false,
            says: format!("{} {}: {says}", table.name, fragment.0.1),
            fragments: vec![fragment],
        });
    }
    judge(bench, history, &left, &now, &mut found);
    if handles.registered() != 0 && !history.writes().any(|write| write.dropped.is_some()) {
        let says = format!("{} saves are announced and not sent", handles.registered());
        found.push(Violation::new(Check::Left, None, says));
    }
    Ok(found)
}

/// The writers who may still commit something.
fn unfinished<T>(writers: &[JoinHandle<T>]) -> BTreeSet<usize> {
    let writers = writers.iter().enumerate();
    writers
        .filter(|(_, writer)| !writer.is_finished())
        .map(|(number, _)| number)
        .collect()
}

/// What writes in plain transactions leave that the database has refused without ending them. What such a save has touched stays
/// touched: its own row, which would have moved, may show those rows, and so may what it was not to touch.
fn spared(bench: &Bench, history: &History, left: &[Left]) -> impl Fn(&Fragment) -> bool {
    let has_ended = bench.backend == Backend::Postgres;
    let plain = left.iter().filter(|writer| !writer.touch && !has_ended);
    let refused = plain.flat_map(|writer| &writer.failures);
    let writes: Vec<&Write> = refused
        .filter_map(
            |((writer, step), ..)| match history.writers[*writer].steps.get(*step)? {
                Step::Write(write) => Some(write),
                _ => None,
            },
        )
        .collect();
    let own: BTreeSet<Fragment> = writes.iter().flat_map(|write| own(bench, write)).collect();
    let quiet: Vec<Quiet> = writes.iter().map(|write| write.quiet).collect();
    let schema = &bench.schema;
    move |fragment| {
        let table = fragment.0.0;
        own.contains(fragment) || quiet.iter().any(|quiet| quiet.covers(schema, table))
    }
}

/// A writer's work.
async fn work(bench: &Bench, base: Link, number: usize, writer: &Writer, ticks: Ticks) -> Left {
    let mut player =
        Player::new(&bench.schema, base, format!("w{number}"), ticks).strict(writer.touch && writer.strict);
    let mut failures = Vec::new();
    for (at, step) in writer.steps.iter().enumerate() {
        bench.turns.stop();
        if let Ended::Badly(failure) = player.step(at, step).await {
            let in_transaction = player.in_transaction() || matches!(step, Step::Commit);
            failures.push(((number, at), failure, in_transaction));
        }
    }
    bench.turns.stop();
    for end in player.finish().await {
        if let Ended::Badly(failure) = end {
            failures.push(((number, writer.steps.len()), failure, true));
        }
    }
    Left {
        after_commit: player.after_commit(),
        false_commits: player.false_commits,
        unnoticed: player.unnoticed,
        written: player.written,
        failures,
        touch: writer.touch,
    }
}

fn judge(bench: &Bench, history: &History, left: &[Left], now: &State, found: &mut Vec<Violation>) {
    for writer in left {
        for (at, failure, in_transaction) in &writer.failures {
            let check = match failure.kind {
                // Of transactions that the application has opened, or SeaORM for a nested save.
                FailureKind::Contention if is_nested(history, *at) => continue,
                // A statement of the application's alone: it may be refused, and is the application's to repeat.
                FailureKind::Contention | FailureKind::Bypass if is_bypass(history, *at) => continue,
                FailureKind::Contention
                    if *in_transaction && !is_busy_by_itself(bench, history, *at, failure) =>
                {
                    continue;
                }
                FailureKind::Contention => Check::Contention,
                FailureKind::Data | FailureKind::Refused => continue,
                FailureKind::Bypass | FailureKind::Other => Check::Failed,
            };
            found.push(Violation::new(check, Some(*at), failure.says.clone()));
        }
    }
    for (number, writer) in left.iter().enumerate() {
        let (ran, due) = &writer.after_commit;
        if ran != due {
            let says = format!("work of the steps {ran:?} ran, it should have been that of {due:?}");
            found.push(Violation::new(Check::AfterCommit, Some((number, 0)), says));
        }
        if writer.touch && writer.false_commits > 0 {
            let says = "the commit says that all is well; the server had rolled back";
            found.push(Violation::new(Check::FalseCommit, Some((number, 0)), says));
        }
        found.extend(
            writer
                .unnoticed
                .iter()
                .map(|step| Violation::unnoticed((number, *step))),
        );
    }
    lost_notes(bench, history, left, now, found);
}

fn is_bypass(history: &History, at: (usize, usize)) -> bool {
    what(history, at).is_some_and(What::bypasses)
}

fn is_nested(history: &History, at: (usize, usize)) -> bool {
    matches!(what(history, at), Some(What::Nest(..)))
}

fn what(history: &History, at: (usize, usize)) -> Option<&What> {
    match history.writers[at.0].steps.get(at.1)? {
        Step::Write(write) => Some(&write.what),
        _ => None,
    }
}

/// SQLite refuses at once a transaction that has read and then writes, when another has written in between. Whose first
/// statement is a write of the application's never meets that.
fn is_busy_by_itself(bench: &Bench, history: &History, at: (usize, usize), failure: &Failure) -> bool {
    if bench.backend != Backend::Sqlite || !failure.says.contains("locked") {
        return false;
    }
    let steps = &history.writers[at.0].steps[..at.1.min(history.writers[at.0].steps.len())];
    let begin = steps.iter().rposition(|step| matches!(step, Step::Begin(_)));
    let reads = |step: &Step| match step {
        Step::Load(_) | Step::Lock(_) => true,
        Step::Write(write) => matches!(
            write.what,
            What::Update(_, From::Fresh | From::Loaded | From::Reset, ..)
                | What::Delete(..)
                | What::Touch(_)
                | What::Nest(..)
        ),
        _ => false,
    };
    let current = history.writers[at.0].steps.get(at.1);
    !begin.is_some_and(|begin| steps[begin..].iter().chain(current).any(reads))
}

/// The last note of a row has to be one of a write that nothing came after; one of a write that failed is nowhere.
fn lost_notes(bench: &Bench, history: &History, left: &[Left], now: &State, found: &mut Vec<Violation>) {
    let schema = &bench.schema;
    let mut notes: BTreeMap<String, (&Written, (usize, usize))> = BTreeMap::new();
    let mut by_row: BTreeMap<_, Vec<&Written>> = BTreeMap::new();
    let mut unsure = BTreeSet::new();
    for (number, writer) in left.iter().enumerate() {
        for written in &writer.written {
            let Step::Write(write) = &history.writers[number].steps[written.step] else {
                continue;
            };
            let token = format!("w{number}.{}", written.step);
            let (What::Update(row, _, _, sets, _) | What::Bypass(row, sets) | What::Raw(row, sets)) =
                &write.what
            else {
                // Rows that come and go, and writes of many rows, are left to serial histories.
                if matches!(write.what, What::Nest(..)) {
                    unsure.extend(0..schema.tables.len());
                }
                unsure.insert(write.what.table() as usize % schema.tables.len());
                continue;
            };
            let table = &schema.tables[row.0 as usize % schema.tables.len()];
            if !values(table, sets, &token)
                .iter()
                .any(|(at, _)| table.columns[*at].is_note())
            {
                if matches!(write.what, What::Update(_, From::Reset, ..)) {
                    unsure.insert(row.0 as usize % schema.tables.len());
                }
                continue;
            }
            notes.insert(token, (written, (number, written.step)));
            by_row
                .entry(bench.name(row.0, row.1).clone())
                .or_default()
                .push(written);
        }
    }
    for (name, stored) in &now.rows {
        let table = &schema.tables[name.0];
        let note = stored.content[table.column("note")]
            .as_deref()
            .unwrap_or_default();
        let note = note.trim_matches('\'');
        let last = notes.get(note);
        if let Some((written, at)) = last
            && written.fate == Fate::RolledBack
        {
            let says = format!("{} {} holds the note of a write that failed", table.name, name.1);
            found.push(Violation::new(Check::Stored, Some(*at), says));
        }
        if unsure.contains(&name.0) {
            continue;
        }
        let kept = by_row
            .get(name)
            .into_iter()
            .flatten()
            .filter(|written| written.fate == Fate::Committed && matches!(written.ended, Ended::Well));
        let mut kept = kept.peekable();
        if kept.peek().is_none() {
            continue;
        }
        // Within a transaction the row may be written long before the commit: only writes of their own are in order.
        let overtaken = last.is_none_or(|(last, _)| {
            !last.in_transaction && kept.any(|other| !other.in_transaction && other.during.0 > last.during.1)
        });
        if overtaken {
            let says = format!(
                "{} {} holds {note:?}, and a later write had succeeded",
                table.name, name.1
            );
            found.push(Violation::new(Check::Stored, None, says));
        }
    }
}
