//! Two or more ways to do one thing, timed in turns.
//!
//! Criterion and divan time one candidate after the other. On a machine that others use too the load moves between
//! the two, and a quotient of their times moves with it. Here every round times each candidate once, in an order that
//! rotates; a quotient is taken within a round, where the load is nearly the same, and its median over all rounds is
//! the figure. Noise cancels, and outliers (a checkpoint, an autovacuum) do not count.

use std::{
    fmt,
    time::{Duration, Instant},
};

use futures_util::future::LocalBoxFuture;

/// The rounds before time is taken: statements are prepared and caches filled.
const WARM_UP: u64 = 20;

/// The fewest rounds, however long they take.
const FEWEST: usize = 15;

/// The parts into which the rounds are divided to see how far a figure wanders within the run.
const PARTS: usize = 5;

/// What a ratio should be.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    AtMost(f64),
    AtLeast(f64),
}

/// A finished figure.
#[derive(Debug)]
pub struct Ratio {
    name: String,
    value: f64,
    goal: Goal,
}

/// Candidates to be timed against the first of them.
pub struct Race<'a> {
    name: String,
    candidates: Vec<Candidate<'a>>,
}

struct Candidate<'a> {
    name: &'static str,
    goal: Option<Goal>,
    lap: Box<dyn FnMut(u64) -> LocalBoxFuture<'a, ()> + 'a>,
}

impl<'a> Race<'a> {
    /// A race of `ours`. A lap gets a number that no other has, to write something new each time.
    pub fn of(name: impl Into<String>, ours: impl FnMut(u64) -> LocalBoxFuture<'a, ()> + 'a) -> Self {
        Self {
            name: name.into(),
            candidates: vec![Candidate {
                name: "ours",
                goal: None,
                lap: Box::new(ours),
            }],
        }
    }

    /// Adds a baseline; the figure is the time of ours divided by its own.
    #[must_use]
    pub fn against(
        mut self,
        name: &'static str,
        goal: Goal,
        lap: impl FnMut(u64) -> LocalBoxFuture<'a, ()> + 'a,
    ) -> Self {
        self.candidates.push(Candidate {
            name,
            goal: Some(goal),
            lap: Box::new(lap),
        });
        self
    }

    /// Runs rounds for so long and prints the medians.
    pub async fn run(mut self, patience: Duration) -> Vec<Ratio> {
        let mut rounds = Vec::new();
        let mut n = 0;
        let mut start = Instant::now();
        while n < WARM_UP || rounds.len() < FEWEST || start.elapsed() < patience {
            if n == WARM_UP {
                start = Instant::now();
                rounds.clear();
            }
            rounds.push(self.round(n).await);
            n += 1;
        }
        self.report(&rounds)
    }

    /// The time of each candidate, in microseconds.
    async fn round(&mut self, n: u64) -> Vec<f64> {
        let count = self.candidates.len();
        let mut times = vec![0.0; count];
        for turn in 0..count {
            // In the next round somebody else begins, and in every second the order is turned round.
            let turn = if n.is_multiple_of(2) {
                turn
            } else {
                count - 1 - turn
            };
            let at = (turn + usize::try_from(n / 2).unwrap_or_default()) % count;
            let lap = (self.candidates[at].lap)(n);
            let start = Instant::now();
            lap.await;
            times[at] = start.elapsed().as_secs_f64() * 1e6;
        }
        times
    }

    fn report(&self, rounds: &[Vec<f64>]) -> Vec<Ratio> {
        print!("{:<44}", format!("{} ({} rounds)", self.name, rounds.len()));
        let mut ratios = Vec::new();
        for (at, candidate) in self.candidates.iter().enumerate() {
            let time = median(rounds.iter().map(|round| round[at]));
            print!("  {} {time:.0} µs", candidate.name);
            let Some(goal) = candidate.goal else { continue };
            let quotient = |rounds: &[Vec<f64>]| median(rounds.iter().map(|round| round[0] / round[at]));
            let parts = rounds.chunks(rounds.len().div_ceil(PARTS)).map(quotient);
            let (low, high) = parts.fold((f64::MAX, f64::MIN), |(low, high), part| {
                (low.min(part), high.max(part))
            });
            print!(" ({low:.3}..{high:.3})");
            ratios.push(Ratio {
                name: format!("{}-vs-{}", self.name, candidate.name),
                value: quotient(rounds),
                goal,
            });
        }
        println!();
        ratios
    }
}

impl Ratio {
    /// A figure that no race has found.
    pub fn new(name: impl Into<String>, value: f64, goal: Goal) -> Self {
        Self {
            name: name.into(),
            value,
            goal,
        }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ratio {} {:.3} goal {}", self.name, self.value, self.goal)
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(value) => write!(f, "<= {value}"),
            Self::AtLeast(value) => write!(f, ">= {value}"),
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
