//! The cache itself.

use std::{
    fmt, mem,
    sync::{self, Arc, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use tokio::{
    select,
    sync::{Mutex, watch},
    time::timeout,
};

use super::{
    builder::{AutoRefreshBuilder, OnFull, Settings},
    creating::Creating,
    hints::Hints,
    inner::{Inner, retry},
    items::Items,
    keeper,
    observe::{Meters, Stats},
    poller::Poller,
    queue::{Id, Stage},
    watch::Watch,
    worker,
};
use crate::{
    error::{Result, refresh::Failure},
    schedule::{Moment, Task},
};

/// Items that the caller creates and another service finishes, kept in step with it by polling. A clone is the same cache.
///
/// The tasks in the background end with the last clone, or with [`shutdown`](Self::shutdown). A poller that holds a clone keeps them
/// alive: give it [`Hints`] instead, by [`Poller::listen`].
pub struct AutoRefreshCache<P: Poller> {
    inner: Arc<Inner<P>>,
    tasks: Arc<Tasks>,
}

struct Tasks(sync::Mutex<Vec<Task>>);

/// An item, as [`entry`](AutoRefreshCache::entry) finds it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Item<V> {
    /// Its value.
    pub value: Arc<V>,
    /// Whether it is polled.
    pub state: ItemState,
    /// How long ago its last poll ended, whatever came of it; none when there was none.
    pub polled_ago: Option<Duration>,
    /// Polls in a row of which nothing was to be known.
    pub failures: u32,
    /// Why the last of them has failed.
    pub last_error: Option<Arc<str>>,
}

/// Whether an item is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ItemState {
    /// It is polled.
    Live,
    /// The poller has said that nothing more will become of it.
    Terminal,
    /// It has failed too often in a row. [`retry`](AutoRefreshCache::retry) polls it again.
    GivenUp,
}

impl<P: Poller> AutoRefreshCache<P> {
    /// The settings of a cache with this name, which is what logs and metrics call it.
    pub fn builder(name: impl Into<String>, poller: P) -> AutoRefreshBuilder<P> {
        AutoRefreshBuilder::new(name.into(), poller)
    }

    pub(super) fn begin(name: String, poller: P, settings: Settings) -> Self {
        let meters = Meters::new(&name, settings.rate_limit.name().unwrap_or(&name));
        let inner = Arc::new(Inner {
            name: name.into(),
            poller,
            backoff: settings.backoff(),
            limiter: settings.rate_limit.limiter(),
            items: Items::new(),
            turn: Mutex::new(worker::Pass::default()),
            meters,
            creating: Creating::new(),
            success: sync::Mutex::new(None),
            over: watch::Sender::new(false),
            ended: watch::Sender::new(false),
            settings,
        });
        let work = |_| {
            let inner = Arc::clone(&inner);
            Task::spawn(Arc::clone(&inner.name), |stop| worker::work(inner, stop))
        };
        let mut tasks: Vec<Task> = (0..inner.settings.workers).map(work).collect();
        let keeper = Arc::clone(&inner);
        tasks.push(Task::spawn(Arc::clone(&inner.name), |stop| {
            keeper::keep(keeper, stop)
        }));
        if let Some(listening) = inner.poller.listen(Hints::new(&inner)) {
            tasks.push(Task::spawn(Arc::clone(&inner.name), |stop| async move {
                select! {
                    () = listening => {}
                    () = stop.requested() => {}
                }
            }));
        }
        Self {
            inner,
            tasks: Arc::new(Tasks(tasks.into())),
        }
    }

    /// The value of an item, or none. It never waits, not even for a lock.
    #[must_use]
    pub fn get(&self, key: &P::Key) -> Option<Arc<P::Item>> {
        let found = self.inner.items.get(key);
        self.inner.meters.read(found.is_some());
        found
    }

    /// The value of an item; when there is none, it is created.
    ///
    /// `create` runs at most once for callers that ask at the same time, who wait for it; it should be quick, and may not wait for another
    /// thread that creates an item. With `sync_on_create` a new item is polled at once, unless it is terminal.
    ///
    /// # Errors
    /// When there is no room and [`on_full`](AutoRefreshBuilder::on_full) refuses ([`Error::is_full`](crate::Error::is_full)), when `create` asks for the
    /// item that it creates, and after a shutdown.
    pub fn get_or_create(&self, key: &P::Key, create: impl FnOnce() -> P::Item) -> Result<Arc<P::Item>> {
        if let Some(found) = self.get(key) {
            return Ok(found);
        }
        let inner = &self.inner;
        let _creator = inner
            .creating
            .begin(key)
            .map_err(|_| inner.failure(key, |name, key| Failure::CreatesItself { name, key }))?;
        if let Some(found) = inner.items.get(key) {
            return Ok(found);
        }
        if inner.is_over() {
            return Err(inner.failure(key, |name, key| Failure::ShutDown { name, key }));
        }
        if inner.settings.on_full == OnFull::Refuse && inner.items.lock().len() >= inner.settings.capacity {
            return Err(inner.full(key));
        }
        let value = Arc::new(create());
        let is_terminal = inner.poller.is_terminal(&value);
        inner.create(key, &value, is_terminal)?;
        Ok(value)
    }

    /// The value of an item, and what is known of it. It does not count as a read.
    #[must_use]
    pub fn entry(&self, key: &P::Key) -> Option<Item<P::Item>> {
        let queue = self.inner.items.lock();
        let id = queue.find(key)?;
        let entry = queue.get(id)?;
        let facts = entry.facts().clone();
        let state = match queue.stage(id) {
            Stage::Live => ItemState::Live,
            Stage::Finished if facts.given_up => ItemState::GivenUp,
            Stage::Finished => ItemState::Terminal,
        };
        Some(Item {
            value: entry.value()?,
            state,
            polled_ago: facts.polled.map(|polled| Moment::now().since(polled)),
            failures: facts.failures,
            last_error: facts.last_error,
        })
    }

    /// Removes an item; returns its value. What a poll under way says of it is dropped.
    pub fn remove(&self, key: &P::Key) -> Option<Arc<P::Item>> {
        let mut queue = self.inner.items.lock();
        let id = queue.find(key)?;
        queue.take(id)
    }

    /// Puts another value in the place of one that is polled; what a poll under way says of the item is dropped. Returns whether there was
    /// one: an item that is terminal, given up, or not there stays so.
    pub fn update(&self, key: &P::Key, value: P::Item) -> bool {
        let value = Arc::new(value);
        let is_terminal = self.inner.poller.is_terminal(&value);
        let mut queue = self.inner.items.lock();
        let Some(id) = queue.find(key).filter(|id| queue.stage(*id) == Stage::Live) else {
            queue.drop_later(value);
            return false;
        };
        queue.replaced(id);
        self.inner.set(&mut queue, id, value, is_terminal, Moment::now());
        true
    }

    /// Polls an item as soon as the limit allows, before those whose period is over. Returns whether it is one that is polled.
    pub fn sync_soon(&self, key: &P::Key) -> bool {
        self.inner.hint(key, Duration::ZERO)
    }

    /// Polls an item after this time, unless it is polled sooner anyway. Returns whether it is one that is polled.
    pub fn sync_in(&self, key: &P::Key, after: Duration) -> bool {
        self.inner.hint(key, after)
    }

    /// Polls every item, behind new ones, as the limit allows: when any of them may have changed.
    pub fn sync_all(&self) {
        self.inner.hint_all();
    }

    /// Polls an item that was given up again. Returns whether there was one.
    pub fn retry(&self, key: &P::Key) -> bool {
        let mut queue = self.inner.items.lock();
        let id = queue.find(key);
        let again = id.is_some_and(|id| retry(&mut queue, id));
        drop(queue);
        self.inner.items.wake.notify_one();
        again
    }

    /// The same of all that were given up; returns how many there were.
    #[expect(clippy::must_use_candidate, reason = "it is called to poll them")]
    pub fn retry_all(&self) -> usize {
        let mut queue = self.inner.items.lock();
        let all: Vec<Id> = queue.ids().collect();
        let again = all.into_iter().filter(|id| retry(&mut queue, *id)).count();
        drop(queue);
        self.inner.items.wake.notify_one();
        again
    }

    /// The values of an item, one after the other; none when there is no item.
    #[must_use]
    pub fn watch(&self, key: &P::Key) -> Option<Watch<P::Item>> {
        let queue = self.inner.items.lock();
        queue.watch(queue.find(key)?).map(Watch::new)
    }

    /// Waits until an item is what is asked for, and returns it. It is asked of the current value first.
    ///
    /// # Errors
    /// When there is no item, or it leaves ([`Error::is_item_missing`](crate::Error::is_item_missing)); when it is terminal without being that, or given up; after a
    /// shutdown; or when it did not become that in this time ([`Error::is_not_in_time`](crate::Error::is_not_in_time)).
    pub async fn wait_until(
        &self,
        key: &P::Key,
        mut is_it: impl FnMut(&P::Item) -> bool + Send,
        longest: Duration,
    ) -> Result<Arc<P::Item>> {
        let missing = || {
            self.inner
                .failure(key, |name, key| Failure::Missing { name, key })
        };
        let mut watch = self.watch(key).ok_or_else(missing)?;
        let becomes = async {
            while let Some(value) = watch.next().await {
                if is_it(&value) {
                    return Ok(value);
                }
                let state = self.entry(key).map(|item| item.state);
                match state {
                    // It is so with a value that is still to be looked at.
                    _ if watch.has_changed() => {}
                    Some(ItemState::GivenUp) => {
                        return Err(self
                            .inner
                            .failure(key, |name, key| Failure::GivenUp { name, key }));
                    }
                    Some(ItemState::Terminal) => {
                        return Err(self
                            .inner
                            .failure(key, |name, key| Failure::Finished { name, key }));
                    }
                    _ => {}
                }
            }
            Err(missing())
        };
        let mut over = self.inner.ended.subscribe();
        let ends = async {
            select! {
                biased;
                done = becomes => done,
                // An error says that there is no cache any more.
                _ = over.wait_for(|over| *over) => {
                    Err(self.inner.failure(key, |name, key| Failure::ShutDown { name, key }))
                }
            }
        };
        timeout(longest, ends).await.unwrap_or_else(|_| {
            Err(self.inner.failure(key, |name, key| Failure::NotInTime {
                name,
                key,
                waited: longest,
            }))
        })
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.items.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The keys of all items.
    #[must_use]
    pub fn keys(&self) -> Vec<P::Key> {
        self.inner.keys()
    }

    /// What there is and was done.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.inner.stats()
    }

    /// What the cache is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Begins no more calls, and waits until those under way have ended: no longer than the `poll_timeout`. Items stay readable; new
    /// ones are refused. It ends the tasks of all clones, and those who wait for items are told. A future that is dropped ends
    /// calls at once. Inside a call it would wait for itself.
    pub async fn shutdown(self) {
        self.inner.over.send_replace(true);
        let tasks = mem::take(&mut *self.tasks.0.lock().unwrap_or_else(PoisonError::into_inner));
        join_all(tasks.into_iter().map(Task::shutdown)).await;
        self.inner.ended.send_replace(true);
    }
}

impl<P: Poller> Clone for AutoRefreshCache<P> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            tasks: Arc::clone(&self.tasks),
        }
    }
}

impl<P: Poller> fmt::Debug for AutoRefreshCache<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AutoRefreshCache")
            .field("name", &self.inner.name)
            .field("items", &self.len())
            .finish_non_exhaustive()
    }
}
