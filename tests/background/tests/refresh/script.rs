//! A service that does as it is told, and notes what it was asked.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::BoxFuture;
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep},
};
use touchable::refresh::{AutoRefreshBuilder, AutoRefreshCache, Batch, BoxError, Evicted, Poller};

pub const SECOND: Duration = Duration::from_secs(1);

/// A period that is not met by chance.
pub const PERIOD: Duration = Duration::from_secs(100);

type Answer = dyn for<'b> Fn(&'b mut Batch<u32, u32>) -> BoxFuture<'b, Result<(), BoxError>> + Send + Sync;

/// A poller of numbers. They are terminal from `last` on.
pub struct Numbers {
    answer: Box<Answer>,
    last: u32,
    pub asked: Asked,
}

/// When a call began, and its keys.
type Call = (Instant, Vec<u32>);

/// What was asked, and when.
#[derive(Clone, Default)]
pub struct Asked {
    calls: Arc<Mutex<Vec<Call>>>,
    evicted: Arc<Mutex<Vec<(u32, Evicted)>>>,
}

impl Asked {
    /// The keys of each call.
    pub fn calls(&self) -> Vec<Vec<u32>> {
        let calls = self.calls.lock().unwrap();
        calls.iter().map(|(_, keys)| keys.clone()).collect()
    }

    /// When each call began.
    pub fn times(&self) -> Vec<Instant> {
        self.calls.lock().unwrap().iter().map(|(at, _)| *at).collect()
    }

    pub fn count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    pub fn evicted(&self) -> Vec<(u32, Evicted)> {
        self.evicted.lock().unwrap().clone()
    }
}

impl Poller for Numbers {
    type Key = u32;
    type Item = u32;

    async fn poll(&self, batch: &mut Batch<u32, u32>) -> Result<(), BoxError> {
        let keys = batch.keys().copied().collect();
        self.asked.calls.lock().unwrap().push((Instant::now(), keys));
        (self.answer)(batch).await
    }

    fn is_terminal(&self, item: &u32) -> bool {
        *item >= self.last
    }

    fn on_evicted(&self, key: &u32, _: &Arc<u32>, reason: Evicted) {
        self.asked.evicted.lock().unwrap().push((*key, reason));
    }
}

/// A service that answers so.
pub fn service(
    answer: impl for<'b> Fn(&'b mut Batch<u32, u32>) -> BoxFuture<'b, Result<(), BoxError>>
    + Send
    + Sync
    + 'static,
) -> Numbers {
    Numbers {
        answer: Box::new(answer),
        last: u32::MAX,
        asked: Asked::default(),
    }
}

impl Numbers {
    pub fn terminal_from(self, last: u32) -> Self {
        Self { last, ..self }
    }
}

/// Each number is one more each time it is asked for.
pub fn counting() -> Numbers {
    service(|batch| {
        Box::pin(async move {
            for slot in batch.slots() {
                let next = **slot.item() + 1;
                slot.update(next);
            }
            Ok(())
        })
    })
}

/// The same, each call after so long.
pub fn slowly_counting(time: Duration) -> Numbers {
    service(move |batch| {
        Box::pin(async move {
            sleep(time).await;
            for slot in batch.slots() {
                let next = **slot.item() + 1;
                slot.update(next);
            }
            Ok(())
        })
    })
}

/// The same, each call once it may.
pub fn counting_behind(gate: &Arc<Semaphore>) -> Numbers {
    let gate = Arc::clone(gate);
    service(move |batch| {
        let gate = Arc::clone(&gate);
        Box::pin(async move {
            gate.acquire().await?.forget();
            for slot in batch.slots() {
                let next = **slot.item() + 1;
                slot.update(next);
            }
            Ok(())
        })
    })
}

pub fn builder(numbers: Numbers) -> (AutoRefreshBuilder<Numbers>, Asked) {
    let asked = numbers.asked.clone();
    let builder = AutoRefreshCache::builder("numbers", numbers).resync_period(PERIOD);
    (builder, asked)
}

/// Lets everybody do what can be done at this moment.
pub async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// A cache with the default settings but for its period.
pub fn cache(numbers: Numbers) -> (AutoRefreshCache<Numbers>, Asked) {
    let (builder, asked) = builder(numbers);
    (builder.start().unwrap(), asked)
}

/// Waits until so many calls have begun.
pub async fn until_asked(asked: &Asked, times: usize) {
    while asked.count() < times {
        sleep(Duration::from_millis(1)).await;
    }
}
