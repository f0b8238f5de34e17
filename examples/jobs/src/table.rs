//! What is shown.

use std::{
    io::{IsTerminal, stdout},
    time::Instant,
};

use touchable::refresh::{AutoRefreshCache, ItemState, Stats};

use crate::{
    poller::{Job, Jobs},
    service::Service,
};

/// A table that is drawn again and again; where nobody looks at a terminal, a line each time.
pub struct Table {
    limit: f64,
    before: Stats,
    shown: Instant,
    drawn: bool,
}

impl Table {
    pub fn new(limit: f64) -> Self {
        Self {
            limit,
            before: Stats::default(),
            shown: Instant::now(),
            drawn: false,
        }
    }

    pub fn show(&mut self, jobs: &AutoRefreshCache<Jobs>, service: &Service) {
        let stats = jobs.stats();
        let passed = self.shown.elapsed().as_secs_f64().max(0.001);
        #[expect(clippy::cast_precision_loss, reason = "far fewer")]
        let rate = stats.calls.saturating_sub(self.before.calls) as f64 / passed;
        (self.before, self.shown) = (stats, Instant::now());
        let (mut started, mut running, mut done, mut failed, mut given_up) = (0, 0, 0, 0, 0);
        for item in jobs.keys().iter().filter_map(|id| jobs.entry(id)) {
            match (item.state, &*item.value) {
                (ItemState::GivenUp, _) => given_up += 1,
                (_, Job::Started) => started += 1,
                (_, Job::Running(_)) => running += 1,
                (_, Job::Done) => done += 1,
                (_, Job::Failed) => failed += 1,
            }
        }
        let state = if service.is_down() { "down" } else { "up" };
        let (limit, queued, lag) = (self.limit, stats.queued, stats.lag.as_secs_f64());
        let (evicted, longest) = (stats.evicted, stats.longest_call.as_secs_f64());
        if !stdout().is_terminal() {
            println!(
                "service {state}: {started} started, {running} running, {done} done, {failed} failed, {given_up} given up; \
                 {rate:.1} of {limit} calls a second, {queued} queued, {lag:.1} s late, {evicted} evicted"
            );
            return;
        }
        if std::mem::replace(&mut self.drawn, true) {
            // To where the table began.
            print!("\x1b[8A");
        }
        for (name, value) in [
            ("service", state.to_owned()),
            ("started", started.to_string()),
            ("running", running.to_string()),
            ("done, failed", format!("{done}, {failed}")),
            ("given up", given_up.to_string()),
            (
                "calls a second",
                format!("{rate:.1} of {limit} at most, the longest {longest:.1} s"),
            ),
            ("queued", format!("{queued}, the first is {lag:.1} s late")),
            ("evicted", evicted.to_string()),
        ] {
            println!("\x1b[2K{name:>16}  {value}");
        }
    }
}
