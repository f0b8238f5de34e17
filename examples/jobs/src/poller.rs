//! How the service is asked.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use touchable::refresh::{Batch, BoxError, Evicted, Poller};

use crate::service::{Refused, Service};

/// What is known of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    Started,
    Running(u8),
    Done,
    Failed,
}

/// Asks the service.
pub struct Jobs {
    service: Service,
    lost: AtomicU64,
}

impl Jobs {
    pub fn of(service: Service) -> Self {
        Self {
            service,
            lost: AtomicU64::new(0),
        }
    }
}

impl Poller for Jobs {
    type Key = u64;
    type Item = Job;

    async fn poll(&self, batch: &mut Batch<u64, Job>) -> Result<(), BoxError> {
        let ids: Vec<u64> = batch.keys().copied().collect();
        let progress = match self.service.progress(&ids).await {
            Ok(progress) => progress,
            Err(Refused::Throttled(retry_after)) => {
                // Nobody asks before that; these jobs stay as they are.
                batch.throttled(retry_after);
                return Ok(());
            }
            Err(Refused::Down) => return Err("the service is down".into()),
        };
        for slot in batch.slots() {
            match progress.get(slot.key()) {
                None => slot.remove(),
                Some(progress) if progress.failed => slot.update(Job::Failed),
                Some(progress) if progress.percent == 100 => slot.update(Job::Done),
                Some(progress) => slot.update(Job::Running(progress.percent)),
            }
        }
        Ok(())
    }

    fn is_terminal(&self, job: &Job) -> bool {
        matches!(job, Job::Done | Job::Failed)
    }

    fn on_evicted(&self, id: &u64, _: &Arc<Job>, reason: Evicted) {
        // A real application would write it down: nobody asks about this job any more.
        if reason == Evicted::Live && self.lost.fetch_add(1, Relaxed) == 0 {
            eprintln!("job {id} is no longer watched; give the cache more room");
        }
    }
}
