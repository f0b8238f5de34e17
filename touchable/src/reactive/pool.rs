//! How many computations run at once.

use std::{fmt, sync::Arc};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const CONCURRENCY: usize = 8;

/// Bounds how many computations of this process run at once. Clones share the bound: give all that ask one slow service the
/// same pool, and what is quick another one.
///
/// ```
/// use touchable::reactive::Pool;
///
/// let external = Pool::named("external").concurrency(4);
/// ```
#[derive(Clone)]
pub struct Pool {
    name: Arc<str>,
    concurrency: usize,
    permits: Arc<Semaphore>,
}

impl Pool {
    /// A pool of 8 computations at once. Two of one name are two pools.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.into(),
            concurrency: CONCURRENCY,
            permits: Arc::new(Semaphore::new(CONCURRENCY)),
        }
    }

    /// So many at once: a new pool, to be cloned afterwards. One without any computes nothing.
    #[must_use]
    pub fn concurrency(self, concurrency: usize) -> Self {
        let concurrency = concurrency.min(Semaphore::MAX_PERMITS);
        Self {
            concurrency,
            permits: Arc::new(Semaphore::new(concurrency)),
            ..self
        }
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(super) const fn size(&self) -> usize {
        self.concurrency
    }

    /// Waits for a place, and takes up to so many.
    pub(super) async fn take(&self, most: usize) -> Places {
        // It is never closed.
        let mut places = Arc::clone(&self.permits).acquire_owned().await.ok();
        let free = self.permits.available_permits().min(most.saturating_sub(1));
        let more = u32::try_from(free).ok();
        if let (Some(places), Some(Ok(more))) = (
            &mut places,
            more.map(|more| Arc::clone(&self.permits).try_acquire_many_owned(more)),
        ) {
            places.merge(more);
        }
        Places(places)
    }
}

/// Places of a pool; they are free again when they are dropped.
pub(super) struct Places(Option<OwnedSemaphorePermit>);

impl Places {
    pub(super) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }

    /// One of them.
    pub(super) fn split(&mut self) -> Option<OwnedSemaphorePermit> {
        self.0.as_mut()?.split(1)
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self::named("default")
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("name", &self.name)
            .field("concurrency", &self.concurrency)
            .field("free", &self.permits.available_permits())
            .finish()
    }
}
