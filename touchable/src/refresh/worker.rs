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
    inner::Inner,
    items::{Entry, Locked},
    observe::{Called, Polled},
    poller::{BoxError, Poller},
    queue::{Claimed, Class, Due},
};
use crate::schedule::{Moment, Stop, caught, report};

/// With a call, items go along that are due within such a part of the period.
const EARLY: u32 = 10;
/// For how long new items are gathered where a call asks about several.
pub(super) const GATHER: Duration = Duration::from_millis(10);
/// Without anything to do, a worker looks again after such a time.
const IDLE: Duration = Duration::from_hours(1);
/// How much longer a pause may be, as a part of itself.
const JITTER: f64 = 0.1;
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
        // Whatever of the application's panics, a worker goes on: the end of a value, the clone of a key.
        match caught(inner.turn(&stop)).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(message) => report(&inner.name, &message),
        }
    }
}

impl<P: Poller> Inner<P> {
    /// One call, or the end.
    async fn turn(&self, stop: &Stop) -> bool {
        let polling = select! {
            biased;
            () = stop.requested() => return false,
            polling = self.wait_for_items() => polling,
        };
        // A call whose cache is gone is cancelled, and its items are given back.
        let said = select! {
            biased;
            () = stop.gone() => return false,
            said = caught(polling.call()) => said,
        };
        let said = said.unwrap_or_else(|message| Said {
            called: Called::Panic,
            answers: Vec::new(),
            problem: Some(text(format!("the poller panicked: {message}"))),
            rest: None,
        });
        polling.settle(said);
        true
    }

    /// Waits until something is due and the limiter lets a call pass, and claims what the call asks about.
    ///
    /// One worker waits at a time; dropped, it has claimed nothing.
    async fn wait_for_items(&self) -> Polling<'_, P> {
        let mut pass = self.turn.lock().await;
        loop {
            self.wait_until_due().await;
            if !pass.0 {
                self.limiter.acquire().await;
                pass.0 = true;
            }
            let polling = self.claim();
            if !polling.items.is_empty() {
                pass.0 = false;
                return polling;
            }
        }
    }

    async fn wait_until_due(&self) {
        loop {
            let (now, next) = (Moment::now(), self.items.lock().next_due());
            let wait = next.map_or(IDLE, |next| next.since(now));
            if wait.is_zero() {
                return;
            }
            select! {
                () = sleep(wait) => {}
                () = self.items.wake.notified() => {}
            }
        }
    }

    /// Claims what is due, as it is now.
    fn claim(&self) -> Polling<'_, P> {
        let (now, most) = (Moment::now(), self.settings.batch);
        let soon = if most > 1 {
            [now + GATHER, now + self.settings.resync_period / EARLY]
        } else {
            [now; 2]
        };
        let mut polling = Polling {
            inner: self,
            items: Vec::new(),
            began: Instant::now(),
        };
        let mut empty = Vec::new();
        let mut queue = self.items.lock();
        queue.claim(now, soon, most, |claimed| match claimed.value.value() {
            Some(value) => polling.items.push((claimed, value)),
            None => empty.push(claimed.id),
        });
        for id in empty {
            queue.end(id, None);
        }
        drop(queue);
        polling
    }
}

/// What a call has said.
struct Said<V> {
    called: Called,
    /// In the order of the items; those that are missing have none.
    answers: Vec<Answered<V>>,
    /// Why there is no answer where there is none.
    problem: Option<Arc<str>>,
    /// The service asks for a rest.
    rest: Option<Duration>,
}

/// A call under way. However it ends, its items are not under way any more.
struct Polling<'a, P: Poller> {
    inner: &'a Inner<P>,
    items: Vec<Item<P>>,
    began: Instant,
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
        Said {
            called,
            answers: answers.collect(),
            problem: problem.map(text),
            rest: throttled.filter(|rest| !rest.is_zero()),
        }
    }

    fn settle(mut self, said: Said<P::Item>) {
        let inner = self.inner;
        inner.meters.called(said.called, self.began.elapsed());
        if let Some(rest) = said.rest {
            inner.limiter.pause(rest);
            tracing::warn!(name = &*inner.name, ?rest, "the service asks for a rest");
        } else if let Some(problem) = &said.problem {
            tracing::warn!(
                name = &*inner.name,
                problem = &**problem,
                items = self.items.len(),
                "a poll failed"
            );
        }
        // Whether an answer is the last one is the application's to say, without a lock.
        let mut answers = said.answers.into_iter();
        let judged: Vec<Judged<P::Item>> = (0..self.items.len())
            .map(|_| inner.judge(answers.next(), said.problem.as_ref(), said.rest))
            .collect();
        let mut ending = Ending::of(inner, said.called, self.items.len());
        let mut given_up = Vec::new();
        let mut queue = inner.items.lock();
        for (at, ((item, _), judged)) in self.items.iter().zip(judged).enumerate() {
            let (polled, is_given_up) = inner.apply(&mut queue, item, judged, &mut ending, at);
            inner.meters.polled(polled);
            given_up.extend(is_given_up.then_some(&item.key));
        }
        drop(queue);
        inner.items.wake.notify_one();
        for key in given_up {
            inner.meters.gave_up();
            tracing::warn!(name = &*inner.name, ?key, "an item was given up");
        }
        self.items.clear();
    }
}

impl<P: Poller> Drop for Polling<'_, P> {
    fn drop(&mut self) {
        if self.items.is_empty() {
            return;
        }
        let now = Moment::now();
        let mut queue = self.inner.items.lock();
        for (item, _) in &self.items {
            queue.end(item.id, Some(self.inner.next_due(now, now)));
        }
        drop(queue);
        self.inner.meters.called(Called::Cancelled, self.began.elapsed());
    }
}

/// What an answer means.
struct Judged<V> {
    answer: Verdict<V>,
    again_in: Option<Duration>,
}

enum Verdict<V> {
    Update {
        value: Arc<V>,
        is_terminal: bool,
    },
    Unchanged,
    Unanswered,
    Remove,
    Fail(Arc<str>),
    /// The service has asked for a rest instead.
    Rest(Duration),
}

/// How the items of one call come to be due again.
struct Ending {
    now: Moment,
    called: Called,
    /// How many there are.
    count: usize,
    /// The pause of all of them is so much longer, as a part of it.
    longer: f64,
    /// When a call last succeeded, but this one.
    success: Option<Moment>,
}

impl Ending {
    fn of<P: Poller>(inner: &Inner<P>, called: Called, count: usize) -> Self {
        let now = Moment::now();
        let mut success = inner.success();
        let before = *success;
        if called == Called::Done {
            *success = Some(now);
        }
        Self {
            now,
            called,
            count,
            longer: JITTER * fastrand::f64(),
            success: before,
        }
    }

    /// The pause of an item of this call that has failed.
    ///
    /// What has failed together is asked about together, so that a service that is down is not asked more often. One item may be why
    /// a call fails for all: after the first failure they go in two halves, and once other calls have succeeded since, each by itself.
    fn pause(&self, nominal: Duration, failures: u32, before: Option<Moment>, at: usize) -> Duration {
        let is_up = self
            .success
            .is_some_and(|success| before.is_none_or(|before| success > before));
        let part = if self.called == Called::Done || self.count == 1 {
            self.longer
        } else if failures <= 1 {
            let is_second_half = at >= self.count / 2;
            f64::midpoint(self.longer, if is_second_half { JITTER } else { 0.0 })
        } else if is_up {
            JITTER * fastrand::f64()
        } else {
            self.longer
        };
        nominal.mul_f64(1.0 + part)
    }
}

impl<P: Poller> Inner<P> {
    fn judge(
        &self,
        answered: Option<Answered<P::Item>>,
        problem: Option<&Arc<str>>,
        rest: Option<Duration>,
    ) -> Judged<P::Item> {
        let (answer, again_in) =
            answered.map_or((None, None), |answered| (answered.answer, answered.again_in));
        let answer = match (answer, problem, rest) {
            (Some(Answer::Update(value)), ..) => {
                let value = Arc::new(value);
                let is_terminal = catch_unwind(AssertUnwindSafe(|| self.poller.is_terminal(&value)));
                is_terminal.map_or_else(
                    |_| Verdict::Fail("`is_terminal` panicked".into()),
                    |is_terminal| Verdict::Update { value, is_terminal },
                )
            }
            (Some(Answer::Unchanged), ..) => Verdict::Unchanged,
            (Some(Answer::Remove), ..) => Verdict::Remove,
            (Some(Answer::Fail(message)), ..) => Verdict::Fail(text(message)),
            (None, _, Some(rest)) => Verdict::Rest(rest),
            (None, Some(problem), None) => Verdict::Fail(Arc::clone(problem)),
            // It was looked at, and wants to be polled at another time.
            (None, None, None) if again_in.is_some() => Verdict::Unchanged,
            (None, None, None) => Verdict::Unanswered,
        };
        Judged { answer, again_in }
    }

    /// Puts an answer into effect, and ends the poll; returns whether the item is given up by that.
    fn apply(
        &self,
        queue: &mut Locked<'_, P::Key, P::Item>,
        item: &Claimed<P::Key, Arc<Entry<P::Item>>>,
        Judged { answer, again_in }: Judged<P::Item>,
        ending: &mut Ending,
        at: usize,
    ) -> (Polled, bool) {
        let (id, entry, now) = (item.id, &item.value, ending.now);
        if !queue.is_current(id, item.generation) {
            if let Verdict::Update { value, .. } = answer {
                queue.drop_later(value);
            }
            // Where it was replaced, it is polled as if it had been.
            queue.end(id, Some(self.next_due(now, now)));
            return (Polled::Discarded, false);
        }
        let (created, before) = {
            let mut facts = entry.facts();
            let before = facts.polled.replace(now);
            if !matches!(answer, Verdict::Fail(_) | Verdict::Rest(_)) {
                (facts.failures, facts.last_error, facts.counted) = (0, None, None);
            }
            (facts.created, before)
        };
        let own = |after| Due {
            at: now + after,
            class: Class::Resync,
            exact: true,
        };
        let due = again_in.map_or_else(|| self.next_due(now, created), own);
        let (polled, due, is_given_up) = match answer {
            Verdict::Update { value, is_terminal } => {
                self.set(queue, id, value, is_terminal, now);
                (Polled::Updated, due, false)
            }
            Verdict::Unchanged => (Polled::Unchanged, due, false),
            Verdict::Unanswered => (Polled::Unanswered, due, false),
            Verdict::Rest(rest) => (Polled::Unanswered, own(again_in.unwrap_or(rest)), false),
            Verdict::Remove => {
                if let Some(value) = queue.take(id) {
                    queue.drop_later(value);
                }
                (Polled::Removed, due, false)
            }
            Verdict::Fail(error) => {
                let (failures, is_given_up) = self.fail(queue, id, entry, error, now);
                let pause = ending.pause(self.backoff.nominal(failures), failures, before, at);
                let pause = pause.max(again_in.unwrap_or_default());
                (Polled::Failed, own(pause), is_given_up)
            }
        };
        queue.end(id, Some(due));
        (polled, is_given_up)
    }
}

fn text(mut message: String) -> Arc<str> {
    message.truncate(message.floor_char_boundary(MOST_TEXT));
    message.into()
}
