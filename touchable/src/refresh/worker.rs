//! Workers: each makes one call at a time.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use tokio::{
    select,
    time::{Instant, sleep, timeout},
};
use tracing::Instrument;

use super::{
    batch::{Answer, Answered, Batch},
    cache::Inner,
    items::{Entry, Locked},
    observe::{Called, Polled},
    poller::{BoxError, Evicted, Poller},
    queue::{Claimed, Class, Due, Queue},
};
use crate::schedule::{Moment, Stop, caught};

/// With a call, items go along that are due within such a part of the period.
const EARLY: u32 = 10;
/// Without anything to do, a worker looks again after such a time.
const IDLE: Duration = Duration::from_hours(1);
/// The longest text that is kept of an error.
const MOST_TEXT: usize = 1_000;

/// Whether the limiter has let a call pass that has not begun yet: what it was for had gone meanwhile.
#[derive(Debug, Default)]
pub(super) struct Pass(bool);

/// An item that a call asks about, and its value when the call began.
type Item<P> = (
    Claimed<<P as Poller>::Key, Arc<Entry<<P as Poller>::Item>>>,
    Arc<<P as Poller>::Item>,
);

pub(super) async fn work<P: Poller>(inner: Arc<Inner<P>>, stop: Stop) {
    loop {
        let items = select! {
            biased;
            () = stop.requested() => return,
            items = inner.wait_for_items() => items,
        };
        let polling = Polling {
            inner: &inner,
            items,
            began: Instant::now(),
        };
        // A call whose cache is gone is cancelled, and its items are given back.
        let polled = select! {
            biased;
            () = stop.gone() => return drop(polling),
            polled = polling.call() => polled,
        };
        polling.settle(polled);
    }
}

/// What a call has said.
struct Said<V> {
    called: Called,
    /// In the order of the items.
    answers: Vec<Answered<V>>,
    /// Why there is no answer where there is none.
    problem: Option<Arc<str>>,
}

/// A call under way. However it ends, its items are not under way any more.
struct Polling<'a, P: Poller> {
    inner: &'a Inner<P>,
    items: Vec<Item<P>>,
    began: Instant,
}

impl<P: Poller> Inner<P> {
    /// Waits until something is due and the limiter lets a call pass, and claims what the call asks about.
    ///
    /// One worker waits at a time; dropped, it has claimed nothing.
    async fn wait_for_items(&self) -> Vec<Item<P>> {
        let mut pass = self.turn.lock().await;
        loop {
            self.wait_while(
                |queue, now| queue.next_due().is_none_or(|due| due > now),
                Queue::next_due,
            )
            .await;
            if !pass.0 {
                // Time goes on for items that leave meanwhile.
                select! {
                    biased;
                    () = self.limiter.acquire() => {}
                    () = self.wait_while(|_, _| true, |_| None) => {}
                }
                pass.0 = true;
            }
            let items = self.claim();
            if !items.is_empty() {
                pass.0 = false;
                return items;
            }
        }
    }

    /// Waits while something holds, and lets items go whose time is over; looks again `at` a moment, and when it is woken.
    async fn wait_while(
        &self,
        holds: impl Fn(&Queue<P::Key, Arc<Entry<P::Item>>>, Moment) -> bool,
        at: impl Fn(&Queue<P::Key, Arc<Entry<P::Item>>>) -> Option<Moment>,
    ) {
        loop {
            self.expire();
            let now = Moment::now();
            let next = {
                let queue = self.items.lock();
                if !holds(&queue, now) {
                    return;
                }
                at(&queue).into_iter().chain(queue.next_expiry()).min()
            };
            select! {
                () = sleep(next.map_or(IDLE, |next| next.since(now))) => {}
                () = self.items.wake.notified() => {}
            }
        }
    }

    /// Claims what is due, as it is now.
    fn claim(&self) -> Vec<Item<P>> {
        let (now, most) = (Moment::now(), self.settings.batch);
        let early = if most > 1 {
            self.settings.resync_period / EARLY
        } else {
            Duration::ZERO
        };
        let mut items = Vec::new();
        let mut queue = self.items.lock();
        for claimed in queue.claim(now, now + early, most) {
            match claimed.value.value() {
                Some(value) => items.push((claimed, value)),
                None => queue.end(claimed.id, None),
            }
        }
        items
    }

    /// Lets items go whose time is over.
    fn expire(&self) {
        let now = Moment::now();
        let mut expired = Vec::new();
        {
            let mut queue = self.items.lock();
            while let Some(id) = queue.expired(now) {
                let key = queue.key(id).clone();
                let Some(value) = queue.take(id) else { break };
                expired.push((key, value));
            }
        }
        for (key, value) in expired {
            self.tell_evicted(&key, &value, Evicted::Expired);
        }
    }

    pub(super) fn tell_evicted(&self, key: &P::Key, value: &Arc<P::Item>, reason: Evicted) {
        self.meters.evicted(reason);
        let told = catch_unwind(AssertUnwindSafe(|| {
            self.poller.on_evicted(key, value, reason);
        }));
        if told.is_err() {
            tracing::error!(name = &*self.name, ?key, "`on_evicted` panicked");
        }
    }
}

impl<P: Poller> Polling<'_, P> {
    async fn call(&self) -> Said<P::Item> {
        let inner = self.inner;
        let items = self.items.iter();
        let mut batch = Batch::new(items.map(|(item, value)| (item.key.clone(), Arc::clone(value))));
        let limit = inner.settings.poll_timeout;
        let span = inner.meters.span(batch.len());
        // The call itself may panic, and so may the error's text.
        let polling = caught(async {
            let polled: Result<(), BoxError> = inner.poller.poll(&mut batch).await;
            polled.map_err(|error| error.to_string())
        });
        let done = timeout(limit, polling).instrument(span).await;
        let (called, problem) = match done {
            Ok(Ok(Ok(()))) => (Called::Done, None),
            Ok(Ok(Err(message))) => (Called::Error, Some(message)),
            Ok(Err(message)) => (Called::Panic, Some(format!("the poller panicked: {message}"))),
            Err(_) => (
                Called::Timeout,
                Some(format!("the poller did not end within {limit:?}")),
            ),
        };
        let (answers, throttled) = batch.into_answers();
        if let Some(rest) = throttled {
            tracing::warn!(name = &*inner.name, ?rest, "the service asks for a rest");
            inner.limiter.pause(rest);
        }
        if let Some(problem) = &problem {
            tracing::warn!(
                name = &*inner.name,
                problem,
                items = self.items.len(),
                "a poll failed"
            );
        }
        Said {
            called,
            answers: answers.collect(),
            problem: problem.map(text),
        }
    }

    fn settle(mut self, said: Said<P::Item>) {
        let inner = self.inner;
        inner.meters.called(said.called, self.began.elapsed());
        let items = std::mem::take(&mut self.items);
        // Whether an answer is the last one is the application's to say, without a lock.
        let judged: Vec<_> = said
            .answers
            .into_iter()
            .map(|answered| inner.judge(answered, said.problem.as_ref()))
            .collect();
        let now = Moment::now();
        let mut given_up = Vec::new();
        let mut queue = inner.items.lock();
        for ((item, _), (judged, again_in)) in items.iter().zip(judged) {
            let outcome = inner.apply(&mut queue, item, judged, again_in, now);
            inner.meters.polled(outcome.0);
            given_up.extend(outcome.1.then_some(&item.key));
        }
        drop(queue);
        inner.items.wake.notify_one();
        for key in given_up {
            inner.meters.gave_up();
            tracing::warn!(name = &*inner.name, ?key, "an item was given up");
        }
        if inner.meters.are_old(now) {
            inner.stats();
        }
    }
}

/// What an answer means.
enum Judged<V> {
    Update { value: Arc<V>, is_terminal: bool },
    Unchanged,
    Unanswered,
    Remove,
    Fail(Arc<str>),
}

impl<P: Poller> Inner<P> {
    fn judge(
        &self,
        answered: Answered<P::Item>,
        problem: Option<&Arc<str>>,
    ) -> (Judged<P::Item>, Option<Duration>) {
        let judged = match (answered.answer, problem) {
            (Some(Answer::Update(value)), _) => {
                let value = Arc::new(value);
                let is_terminal = catch_unwind(AssertUnwindSafe(|| self.poller.is_terminal(&value)));
                is_terminal.map_or_else(
                    |_| Judged::Fail("`is_terminal` panicked".into()),
                    |is_terminal| Judged::Update { value, is_terminal },
                )
            }
            (Some(Answer::Unchanged), _) => Judged::Unchanged,
            (Some(Answer::Remove), _) => Judged::Remove,
            (Some(Answer::Fail(message)), _) => Judged::Fail(text(message)),
            (None, Some(problem)) => Judged::Fail(Arc::clone(problem)),
            // It was looked at, and wants to be polled at another time.
            (None, None) if answered.again_in.is_some() => Judged::Unchanged,
            (None, None) => Judged::Unanswered,
        };
        (judged, answered.again_in)
    }

    fn apply(
        &self,
        queue: &mut Locked<'_, P::Key, P::Item>,
        item: &Claimed<P::Key, Arc<Entry<P::Item>>>,
        judged: Judged<P::Item>,
        again_in: Option<Duration>,
        now: Moment,
    ) -> (Polled, bool) {
        let (id, entry) = (item.id, &item.value);
        if !queue.is_current(id, item.generation) {
            if let Judged::Update { value, .. } = judged {
                queue.drop_later(value);
            }
            // Where it was replaced, it is polled as if it had been.
            queue.end(id, Some(self.next_due(now, now)));
            return (Polled::Discarded, false);
        }
        let created = {
            let mut facts = entry.facts();
            facts.polled = Some(now);
            if !matches!(judged, Judged::Fail(_)) {
                (facts.failures, facts.last_error) = (0, None);
            }
            facts.created
        };
        let own = |after| Due {
            at: now + after,
            class: Class::Resync,
            exact: true,
        };
        let due = again_in.map_or_else(|| self.next_due(now, created), own);
        let mut is_given_up = false;
        let (outcome, due) = match judged {
            Judged::Update { value, is_terminal } => {
                self.set(queue, id, value, is_terminal, now);
                (Polled::Updated, due)
            }
            Judged::Unchanged => (Polled::Unchanged, due),
            Judged::Unanswered => (Polled::Unanswered, due),
            Judged::Remove => {
                if let Some(value) = queue.take(id) {
                    queue.drop_later(value);
                }
                (Polled::Removed, due)
            }
            Judged::Fail(error) => {
                is_given_up = self.fail(queue, id, entry, error);
                let failures = entry.facts().failures;
                let pause = self.backoff.pause(failures).max(again_in.unwrap_or_default());
                (Polled::Failed, own(pause))
            }
        };
        queue.end(id, Some(due));
        (outcome, is_given_up)
    }
}

impl<P: Poller> Drop for Polling<'_, P> {
    fn drop(&mut self) {
        if self.items.is_empty() {
            return;
        }
        self.inner.meters.called(Called::Cancelled, self.began.elapsed());
        let now = Moment::now();
        let mut queue = self.inner.items.lock();
        for (item, _) in &self.items {
            queue.end(item.id, Some(self.inner.next_due(now, now)));
        }
    }
}

fn text(mut message: String) -> Arc<str> {
    message.truncate(message.floor_char_boundary(MOST_TEXT));
    message.into()
}
