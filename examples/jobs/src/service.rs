//! The other service: it works on jobs, badly.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::time::sleep;

/// It is down for a while in each of these.
const CYCLE: Duration = Duration::from_secs(30);
const DOWN: Duration = Duration::from_secs(6);

/// A service with jobs. A clone is the same service.
#[derive(Clone, Default)]
pub struct Service(Arc<Mutex<State>>);

struct State {
    jobs: HashMap<u64, Progress>,
    last: u64,
    begun: Instant,
}

/// How far a job is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub percent: u8,
    /// It has ended before its end.
    pub failed: bool,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Refused {
    Down,
    /// Ask again after this time.
    Throttled(Duration),
}

impl Default for State {
    fn default() -> Self {
        Self {
            jobs: HashMap::new(),
            last: 0,
            begun: Instant::now(),
        }
    }
}

impl Service {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a job.
    pub fn begin(&self) -> u64 {
        let mut state = self.state();
        state.last += 1;
        let id = state.last;
        // One in fifty is never heard of again.
        if !id.is_multiple_of(50) {
            let progress = Progress {
                percent: 0,
                failed: false,
            };
            state.jobs.insert(id, progress);
        }
        id
    }

    /// Works for a while on all jobs; what is finished is forgotten some time.
    pub fn age(&self) {
        let mut state = self.state();
        for job in state.jobs.values_mut().filter(|job| !job.failed) {
            job.percent = (job.percent + fastrand::u8(..8)).min(100);
            job.failed = job.percent < 100 && fastrand::u32(..200) == 0;
        }
        let last = state.last;
        state.jobs.retain(|id, _| id + 2_000 > last);
    }

    pub fn is_down(&self) -> bool {
        let since = self.state().begun.elapsed().as_millis() % CYCLE.as_millis();
        since > (CYCLE.saturating_sub(DOWN)).as_millis()
    }

    /// How far these jobs are. Those that it does not know are left out.
    pub async fn progress(&self, ids: &[u64]) -> Result<HashMap<u64, Progress>, Refused> {
        sleep(Duration::from_millis(fastrand::u64(20..400))).await;
        if self.is_down() {
            return Err(Refused::Down);
        }
        if fastrand::u32(..60) == 0 {
            return Err(Refused::Throttled(Duration::from_secs(2)));
        }
        let state = self.state();
        Ok(ids
            .iter()
            .filter_map(|id| Some((*id, *state.jobs.get(id)?)))
            .collect())
    }
}
