//! Looks for histories that break a promise, and makes them small.

use std::{
    collections::BTreeMap,
    fmt,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use sea_orm::DbErr;
use tokio::time::timeout;
use touchable_tests::Backend;

use crate::{
    bench::Bench,
    concurrent,
    generate::{self, Mode},
    history::{History, Order},
    known, levels,
    player::refusals,
    schemas,
    script::script,
    serial,
    shrink::smaller,
    violation::{Check, Violation},
};

/// How far a hunt goes.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    /// So many histories on each schema and in each mode.
    Histories(u64),
    /// So long.
    Time(Duration),
}

/// How many seeds a schema's databases are used for.
const SEEDS: usize = 15;
/// How often a history with several writers is tried while it is made smaller.
const TRIES: usize = 3;
/// How many smaller histories are tried for each fault.
const SHRINKING: usize = 600;

/// A promise that is broken, and that no list knows.
#[derive(Debug)]
pub struct Found {
    /// The history's seed.
    pub seed: u64,
    /// Its mode.
    pub mode: Mode,
    /// The smallest history that shows it.
    pub history: History,
    /// What it shows.
    pub violation: Violation,
    /// Where.
    pub backend: Backend,
    /// The history for a reader.
    pub script: String,
}

/// What a hunt has seen.
#[derive(Debug, Default)]
pub struct Report {
    /// How many histories were run, by schema and mode.
    pub histories: BTreeMap<String, u64>,
    /// How many writes the database or a hook has refused in them.
    pub refused: u64,
    /// How many histories ended early: the driver lost its place after a future was dropped.
    pub lost: u64,
    /// How often known kinds were met, and when first.
    pub known: BTreeMap<&'static str, (u64, Duration)>,
    /// The new.
    pub found: Vec<Found>,
}

/// Runs a history.
///
/// # Errors
///
/// When the database refuses something of ours.
pub async fn run(bench: &Arc<Bench>, history: &History) -> Result<Vec<Violation>, DbErr> {
    if history.writes().all(|write| write.dropped.is_none()) {
        return run_whole(bench, history).await;
    }
    // Drivers panic now and then on what a dropped future has left unread.
    let whole = AssertUnwindSafe(run_whole(bench, history)).catch_unwind();
    let outcome = match timeout(PATIENCE, whole).await {
        Ok(outcome) => outcome.ok(),
        Err(_) => None,
    };
    bench.renew().await;
    match outcome {
        // The same of savepoints: that of a statement of ours, which nobody has begun for the application.
        Some(Err(error)) if error.to_string().contains("savepoint") => {
            Ok(vec![Violation::new(Check::Left, None, error.to_string())])
        }
        // The error of a statement that nobody waits for any more comes to the next one, as with SeaORM alone.
        Some(Err(_)) | None => {
            LOST.fetch_add(1, SeqCst);
            Ok(Vec::new())
        }
        Some(violations) => violations,
    }
}

/// How long a history may take in which a future is dropped: a driver may wait for an answer that it has thrown away.
const PATIENCE: Duration = Duration::from_secs(5);
/// Histories that ended early.
static LOST: AtomicU64 = AtomicU64::new(0);

async fn run_whole(bench: &Arc<Bench>, history: &History) -> Result<Vec<Violation>, DbErr> {
    match history.order {
        Order::Serial => serial::run(bench, history).await,
        Order::Levels => levels::run(bench, history).await,
        Order::Stalled(_) | Order::Free => concurrent::run(bench, history).await,
    }
}

/// Runs random histories on a backend and collects what no list knows.
///
/// # Panics
///
/// Panics when the backend is missing or refuses a schema.
pub async fn hunt(backend: Backend, modes: &[Mode], limit: Limit, first_seed: u64, most: usize) -> Report {
    let start = Instant::now();
    let mut report = Report::default();
    let only = std::env::var("TOUCHABLE_SCHEMA").ok();
    let mut seeds = first_seed..;
    loop {
        // A few at a time, so that no schema keeps its databases for long.
        let seeds: Vec<u64> = seeds.by_ref().take(SEEDS).collect();
        for schema in schemas::all(backend) {
            if only.as_ref().is_some_and(|only| only != schema.name) {
                continue;
            }
            let name = schema.name;
            let bench = Bench::create(backend, schema).await;
            let bench = Arc::new(bench.unwrap_or_else(|error| panic!("schema {name}: {error}")));
            for seed in &seeds {
                let is_over = match limit {
                    Limit::Histories(most) => seed - first_seed >= most,
                    Limit::Time(most) => start.elapsed() >= most,
                };
                if !is_over && report.found.len() < most {
                    for mode in modes {
                        look(&bench, *mode, *seed, start, &mut report).await;
                    }
                }
            }
            if let Ok(bench) = Arc::try_unwrap(bench) {
                bench.destroy().await;
            }
        }
        let done = seeds.last().map_or(0, |last| last + 1 - first_seed);
        let is_over = match limit {
            Limit::Histories(most) => done >= most,
            Limit::Time(most) => start.elapsed() >= most,
        };
        if is_over || report.found.len() >= most {
            report.refused = refusals();
            report.lost = LOST.swap(0, SeqCst);
            return report;
        }
    }
}

/// Runs one history, and notes what it shows.
async fn look(bench: &Arc<Bench>, mode: Mode, seed: u64, start: Instant, report: &mut Report) {
    let history = generate::history(&bench.schema, bench.backend, mode, seed);
    let place = format!("{} {mode:?}", bench.schema.name);
    *report.histories.entry(place).or_default() += 1;
    let violations = run(bench, &history).await.unwrap_or_else(|error| {
        let script = script(&bench.schema, &history);
        panic!("{error}, in the history of seed {seed} ({mode:?}):\n{script}")
    });
    for violation in violations {
        if let Some(kind) = known::kind(&bench.schema, bench.backend, &history, &violation) {
            let entry = report.known.entry(kind.name).or_insert((0, start.elapsed()));
            entry.0 += 1;
        } else {
            let found = shrink(bench, &history, &violation, mode, seed).await;
            eprintln!("{found}");
            report.found.push(found);
            break;
        }
    }
}

/// Makes a history smaller for as long as it breaks the same promise in a way that no list knows.
async fn shrink(
    bench: &Arc<Bench>,
    history: &History,
    violation: &Violation,
    mode: Mode,
    seed: u64,
) -> Found {
    let mut smallest = (history.clone(), violation.clone());
    let mut left = SHRINKING;
    'smaller: loop {
        for candidate in smaller(&smallest.0) {
            if left == 0 {
                break 'smaller;
            }
            left -= 1;
            if let Some(violation) = shows(bench, &candidate, violation.check).await {
                smallest = (candidate, violation);
                continue 'smaller;
            }
        }
        break;
    }
    let (history, violation) = smallest;
    Found {
        seed,
        mode,
        script: script(&bench.schema, &history),
        history,
        violation,
        backend: bench.backend,
    }
}

/// The violation of this promise, of which no list knows, when the history shows one.
async fn shows(bench: &Arc<Bench>, history: &History, check: Check) -> Option<Violation> {
    if history.is_beyond_promises() {
        return None;
    }
    let tries = if matches!(history.order, Order::Serial | Order::Levels) {
        1
    } else {
        TRIES
    };
    for _ in 0..tries {
        let violations = run(bench, history).await.ok()?;
        let new = |violation: &Violation| {
            violation.check == check
                && known::kind(&bench.schema, bench.backend, history, violation).is_none()
        };
        if let Some(violation) = violations.into_iter().find(new) {
            return Some(violation);
        }
    }
    None
}

/// Runs one history in databases of its own, and returns what it shows.
///
/// # Panics
///
/// Panics when the backend does not know the schema.
pub async fn replay(backend: Backend, history: &History, tries: usize) -> Vec<Violation> {
    let schema = schemas::all(backend)
        .into_iter()
        .find(|schema| schema.name == history.schema);
    let schema = schema.unwrap_or_else(|| panic!("no schema {} on {backend:?}", history.schema));
    let bench = Arc::new(Bench::create(backend, schema).await.expect("the schema's tables"));
    let mut violations = Vec::new();
    for _ in 0..tries {
        violations = run(&bench, history).await.expect("a readable database");
        if !violations.is_empty() {
            break;
        }
    }
    if let Ok(bench) = Arc::try_unwrap(bench) {
        bench.destroy().await;
    }
    violations
}

impl Found {
    /// A test to paste.
    #[must_use]
    pub fn as_test(&self) -> String {
        format!(
            "#[test]\nfn found_{}() {{\n    touchable_adversary::expect_nothing(Backend::{:?}, r#\"{}\"#);\n}}",
            self.seed,
            self.backend,
            self.history.to_ron()
        )
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "== {}", self.violation)?;
        writeln!(
            f,
            "{:?}, seed {} ({:?}), {}",
            self.backend, self.seed, self.mode, self.script
        )?;
        writeln!(f, "{}", self.as_test())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, histories) in &self.histories {
            writeln!(f, "{histories:>7} histories: {place}")?;
        }
        for (kind, (times, first)) in &self.known {
            writeln!(
                f,
                "{times:>7} times: {kind}, first after {:.1} s",
                first.as_secs_f64()
            )?;
        }
        writeln!(f, "{:>7} writes refused, by the database or a hook", self.refused)?;
        writeln!(f, "{:>7} histories lost, where a future was dropped", self.lost)?;
        writeln!(f, "{:>7} new", self.found.len())
    }
}
