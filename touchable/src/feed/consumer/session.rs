//! One turn at work: from the lease to its end.

use std::{error::Error as StdError, time::Duration};

use serde::de::DeserializeOwned;
use tokio::{join, select, time::Instant};

use super::{
    Settings,
    handle::Outcome,
    ledger::{Begun, Committed, Ledger},
};
use crate::{
    Result,
    feed::{
        Batch, Malformed, StreamId, observe,
        tail::{Page, Tail},
    },
    lease::Lease,
    task::Stop,
};

/// How long one that reads waits for messages before it asks again.
const BLOCK: Duration = Duration::from_secs(1);

/// The wait of one that has given its lease back after a failure, so that others come first.
const AFTER_FAILURE: Duration = Duration::from_millis(200);

/// The wait after an error of Redis.
const AFTER_ERROR: Duration = Duration::from_millis(500);

/// How often the lag is counted.
const COUNTING: Duration = Duration::from_secs(10);

/// How a turn has ended.
#[derive(Debug)]
pub(super) enum End {
    Stopped,
    /// After one batch, as it was told.
    Handled(usize),
    /// The handler has failed.
    Failed(String),
}

/// Waits for the lease, works as long as it lasts, and gives it back. Returns how long to wait before the next turn.
pub(super) async fn turn<T, H, F, E>(
    ledger: &Ledger,
    settings: &Settings,
    handler: &H,
    stop: &Stop,
) -> Duration
where
    T: DeserializeOwned + Send + Sync + 'static,
    H: Fn(Batch<T>) -> F,
    F: Future<Output = Result<(), E>>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    let (stream, consumer) = (ledger.stream.name(), &*ledger.consumer);
    let lease = match Lease::wait_or_stop(ledger.leases(), consumer, settings.lease, stop).await {
        Ok(Some((lease, waited))) => {
            observe::consumed(observe::TAKEOVERS, &ledger.stream, consumer, usize::from(waited));
            lease
        }
        Ok(None) => return Duration::ZERO,
        Err(error) => {
            tracing::warn!(stream, consumer, %error, "a consumer has to wait");
            return AFTER_ERROR;
        }
    };
    let end = Session::new(ledger, settings, &lease, stop)
        .run(handler, false)
        .await;
    // It may be lost; then there is nothing to give back.
    let _ = lease.release().await;
    match end {
        Ok(End::Stopped | End::Handled(_)) => Duration::ZERO,
        Ok(End::Failed(reason)) => {
            tracing::warn!(
                stream,
                consumer,
                reason,
                "a batch could not be handled and is tried again"
            );
            AFTER_FAILURE
        }
        Err(error) => {
            tracing::warn!(stream, consumer, %error, "a consumer has to begin again");
            AFTER_ERROR
        }
    }
}

/// A consumer of one shard while it has the lease.
pub(super) struct Session<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) settings: &'a Settings,
    pub(super) lease: &'a Lease,
    pub(super) stop: &'a Stop,
}

/// Where it is.
struct Place {
    at: Option<StreamId>,
    tries: u32,
    reason: String,
    until: Option<StreamId>,
}

impl Place {
    fn after(&self) -> StreamId {
        self.at.unwrap_or_default()
    }

    fn move_to(&mut self, id: StreamId) {
        self.at = Some(id);
        self.tries = 0;
        self.until = self.until.filter(|until| id < *until);
    }
}

impl<'a> Session<'a> {
    pub(super) const fn new(
        ledger: &'a Ledger,
        settings: &'a Settings,
        lease: &'a Lease,
        stop: &'a Stop,
    ) -> Self {
        Self {
            ledger,
            settings,
            lease,
            stop,
        }
    }

    /// Works until it has to stop, or for one batch.
    pub(super) async fn run<T, H, F, E>(&self, handler: &H, once: bool) -> Result<End>
    where
        T: DeserializeOwned + Send + Sync + 'static,
        H: Fn(Batch<T>) -> F,
        F: Future<Output = Result<(), E>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let Some(begun) = self.ledger.begin(self.lease.token()).await? else {
            return Err(self.lease.is_lost());
        };
        let mut place = self.settle(begun).await?;
        let mut tail = Tail::new(&self.ledger.stream.feed, self.ledger.keys(), BLOCK);
        let mut ahead: Option<Page> = None;
        let mut counted: Option<Instant> = None;
        while !self.stop.is_requested() {
            let (page, marked) = match ahead.take() {
                Some(page) => (page, true),
                None => match self.read(&mut tail, &place, once).await? {
                    Some(page) => (page, false),
                    None => return Ok(End::Stopped),
                },
            };
            if page.entries.is_empty() {
                self.measure(&place, 0, &mut counted).await;
                if once {
                    return Ok(End::Handled(0));
                }
                continue;
            }
            let Some(page) = self.without_poison(page, &mut place).await? else {
                continue;
            };
            let read = page.entries.len();
            let lagged = page.gap(place.after()).filter(|_| place.at.is_some());
            if lagged.is_some() {
                observe::consumed(observe::LAGGED, &self.ledger.stream, &self.ledger.consumer, 1);
            }
            let batch = Batch::read(page.entries).with(lagged, self.ledger.shard, self.lease.token());
            let Some(last) = batch.last() else { continue };
            let outcome = if batch.is_empty() {
                Outcome::Done
            } else if !marked && !self.ledger.mark(self.lease.token(), place.at).await? {
                Outcome::Lost
            } else if !once && place.until.is_none() && read == self.settings.batch_size {
                // More are there, most likely: they come while these are handled.
                let (outcome, next) = join!(
                    self.handle(handler, batch.clone()),
                    tail.read(last, self.settings.batch_size)
                );
                // What went wrong comes up again with the next read.
                ahead = next.ok().filter(|next| !next.entries.is_empty());
                outcome
            } else {
                self.handle(handler, batch.clone()).await
            };
            match outcome {
                Outcome::Done => {
                    if !self
                        .commit(&mut place, last, batch.malformed(), ahead.is_some())
                        .await?
                    {
                        if once {
                            return Ok(End::Handled(batch.len()));
                        }
                        ahead = None;
                        continue;
                    }
                }
                Outcome::Failed(reason) => return self.fail(&place, reason).await,
                Outcome::Lost => return Err(self.lease.is_lost()),
                Outcome::Left => {
                    self.ledger.unmark(self.lease.token()).await;
                    return Ok(End::Stopped);
                }
            }
            observe::consumed(
                observe::HANDLED,
                &self.ledger.stream,
                &self.ledger.consumer,
                batch.len(),
            );
            if once {
                return Ok(End::Handled(batch.len()));
            }
            self.measure(&place, read, &mut counted).await;
        }
        if ahead.is_some() {
            // What was read ahead is marked and will not be handled.
            self.ledger.unmark(self.lease.token()).await;
        }
        Ok(End::Stopped)
    }

    /// Waits out the pause after a failure.
    async fn settle(&self, begun: Begun) -> Result<Place> {
        if !begun.pause.is_zero() {
            select! {
                () = self.stop.sleep(begun.pause) => {}
                () = self.lease.lost() => return Err(self.lease.is_lost()),
            }
        }
        Ok(Place {
            at: begun.position,
            tries: begun.tries,
            reason: begun.reason,
            until: begun.until,
        })
    }

    /// `None` when it is time to stop.
    async fn read(&self, tail: &mut Tail, place: &Place, once: bool) -> Result<Option<Page>> {
        let count = if place.until.is_some() {
            1
        } else {
            self.settings.batch_size
        };
        if once {
            return tail.read(place.after(), count).await.map(Some);
        }
        select! {
            page = tail.next(place.after(), count) => page.map(Some),
            () = self.stop.requested() => Ok(None),
            () = self.lease.lost() => Err(self.lease.is_lost()),
        }
    }

    /// Takes out a message that has failed alone too often, and hands out alone those that have failed together.
    async fn without_poison(&self, mut page: Page, place: &mut Place) -> Result<Option<Page>> {
        if place.tries < self.settings.max_attempts {
            return Ok(Some(page));
        }
        let (first, last) = match page.entries.as_slice() {
            [only] => (only.id, only.id),
            [first, .., last] => (first.id, last.id),
            [] => return Ok(None),
        };
        if first == last {
            let letter = Malformed {
                id: first,
                reason: format!("tried {} times; the last time: {}", place.tries, place.reason),
            };
            self.commit(place, first, &[letter], false).await?;
            return Ok(None);
        }
        if !self.ledger.suspect(self.lease.token(), place.at, last).await? {
            return Err(self.lease.is_lost());
        }
        (place.tries, place.until) = (0, Some(last));
        page.entries.truncate(1);
        Ok(Some(page))
    }

    /// `false` when the offset was moved by somebody else meanwhile: then the place is there.
    async fn commit(&self, place: &mut Place, to: StreamId, dead: &[Malformed], on: bool) -> Result<bool> {
        match self
            .ledger
            .commit(self.lease.token(), place.at, to, dead, on)
            .await?
        {
            Committed::Done => place.move_to(to),
            Committed::Fenced => return Err(self.lease.is_lost()),
            Committed::Moved => {
                let begun = self.ledger.begin(self.lease.token()).await?;
                let begun = begun.ok_or_else(|| self.lease.is_lost())?;
                *place = self.settle(begun).await?;
                return Ok(false);
            }
        }
        for letter in dead {
            let (stream, consumer) = (self.ledger.stream.name(), &*self.ledger.consumer);
            tracing::error!(stream, consumer, id = %letter.id, reason = letter.reason, "a message went to the dead letters");
        }
        observe::consumed(
            observe::DEAD_LETTERS,
            &self.ledger.stream,
            &self.ledger.consumer,
            dead.len(),
        );
        Ok(true)
    }

    async fn fail(&self, place: &Place, reason: String) -> Result<End> {
        observe::consumed(observe::RETRIES, &self.ledger.stream, &self.ledger.consumer, 1);
        let tries = self
            .ledger
            .fail(self.lease.token(), place.at, &reason, self.settings)
            .await?;
        if tries == 0 {
            return Err(self.lease.is_lost());
        }
        Ok(End::Failed(reason))
    }

    /// Shows the lag: it is known when the last read has brought all there was, and else counted now and then.
    async fn measure(&self, place: &Place, read: usize, counted: &mut Option<Instant>) {
        let (ledger, full) = (self.ledger, self.settings.batch_size);
        if read < full && place.until.is_none() {
            observe::lag(&ledger.stream, &ledger.consumer, ledger.shard, 0, 0.0);
            return;
        }
        if counted.is_some_and(|counted| counted.elapsed() < COUNTING) {
            return;
        }
        *counted = Some(Instant::now());
        if let Ok(lag) = ledger.lag(place.after()).await {
            observe::lag(
                &ledger.stream,
                &ledger.consumer,
                ledger.shard,
                lag.messages,
                lag.age.as_secs_f64(),
            );
        }
    }
}
