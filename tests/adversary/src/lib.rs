//! What the authors of the library did not think of: random histories against a small model.
//!
//! ```text
//! seed ──► history ──► on a real database, beside SeaORM alone ──► judged by a model that knows the rules
//!          schema,     statements stalled at their boundaries       (a)–(h), see `violation::Check`
//!          writers,
//!          turns                                                  ──► made small, printed as script and as test
//! ```
//!
//! A history is data (`history`), random ones come from `generate`, `serial`, `levels` and `concurrent` run and judge them,
//! `shrink` makes them small. `schemas` holds entities and their rules written down a second time; `model` knows nothing
//! of the library's planner. `known` lists the kinds of fault that are there today.

pub mod bench;
pub mod concurrent;
pub mod doubt;
pub mod failure;
pub mod generate;
pub mod history;
pub mod hunt;
pub mod judge;
pub mod known;
pub mod levels;
pub mod link;
pub mod look;
pub mod model;
pub mod nest;
pub mod perform;
pub mod player;
pub mod raw;
pub mod schema;
pub mod schemas;
pub mod scope;
pub mod script;
pub mod serial;
pub mod shrink;
pub mod state;
pub mod turns;
pub mod violation;

use touchable_tests::Backend;

use crate::{history::History, hunt::replay};

/// Runs a history that was found.
///
/// # Panics
///
/// Panics with what it shows.
pub fn expect_nothing(backend: Backend, history: &str) {
    let violations = in_runtime(replay(backend, &History::parse(history), 5));
    let says: Vec<_> = violations.iter().map(ToString::to_string).collect();
    assert!(violations.is_empty(), "{}", says.join("\n"));
}

/// Runs something on a runtime with enough threads for stalled writers.
pub fn in_runtime<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(work)
}
