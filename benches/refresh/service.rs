//! A service that knows numbers.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use touchable::refresh::{Batch, BoxError, Poller};

static CALLS: AtomicU64 = AtomicU64::new(0);
static POLLED: AtomicU64 = AtomicU64::new(0);

/// Calls that have begun, by all caches of this process.
pub fn calls() -> u64 {
    CALLS.load(Relaxed)
}

/// Items that were asked about.
pub fn polled() -> u64 {
    POLLED.load(Relaxed)
}

pub struct Numbers;

impl Poller for Numbers {
    type Key = u64;
    type Item = u64;

    async fn poll(&self, batch: &mut Batch<u64, u64>) -> Result<(), BoxError> {
        CALLS.fetch_add(1, Relaxed);
        POLLED.fetch_add(batch.len() as u64, Relaxed);
        for slot in batch.slots() {
            let next = **slot.item() + 1;
            slot.update(next);
        }
        Ok(())
    }
}
