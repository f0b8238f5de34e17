//! One turn at work: from the lease to its end.

use std::{error::Error as StdError, sync::Arc, time::Duration};

use serde::de::DeserializeOwned;
use tokio::select;

use super::{
    Settings,
    ahead::ReadAhead,
    gauge::Gauge,
    ledger::{Begun, Ledger},
    step::{Place, Step},
};
use crate::{
    error::Result,
    feed::{
        Batch, observe,
        tail::{Page, Tail},
    },
    lease::Lease,
    schedule::Stop,
};

/// How long one that reads waits for messages before it asks again.
const BLOCK: Duration = Duration::from_secs(1);

/// The wait of one that has given its lease back after a failure, so that others come first.
const AFTER_FAILURE: Duration = Duration::from_millis(200);

/// The wait after an error of Redis.
const AFTER_ERROR: Duration = Duration::from_millis(500);

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
    ledger: &Arc<Ledger>,
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
    pub(super) ledger: &'a Arc<Ledger>,
    pub(super) settings: &'a Settings,
    pub(super) lease: &'a Lease,
    pub(super) stop: &'a Stop,
}

impl<'a> Session<'a> {
    pub(super) const fn new(
        ledger: &'a Arc<Ledger>,
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
        let gauge = Gauge::start(self.ledger);
        let mut place = self.settle(begun).await?;
        let mut tail = self.tail();
        let mut ahead: Option<Page> = None;
        while !self.stop.is_requested() {
            let (page, marked) = match ahead.take() {
                Some(page) => (page, true),
                None => match self.read(&mut tail, &place, once).await? {
                    Some(page) => (page, false),
                    None => return Ok(End::Stopped),
                },
            };
            if page.entries.is_empty() {
                gauge.caught_up();
                if once {
                    return Ok(End::Handled(0));
                }
                continue;
            }
            gauge.goes_on();
            let Some(page) = self.without_poison(page, &mut place).await? else {
                continue;
            };
            let Some((_, last)) = page.ends else {
                continue;
            };
            let read = page.entries.len();
            // More are there, most likely: they come while these are read, handled and committed.
            let full = !once && place.until.is_none() && read == self.settings.batch_size;
            let step = self.step(handler, page, &mut place, marked, full);
            let step = if full {
                let reading = ReadAhead::begin(tail, last, self.settings.batch_size).await;
                let step = step.await?;
                let (reader, next) = reading.end().await;
                tail = reader.unwrap_or_else(|| self.tail());
                ahead = next;
                step
            } else {
                step.await?
            };
            match step {
                Step::Done(handled) if once => return Ok(End::Handled(handled)),
                Step::Done(_) if full && ahead.is_none() => self.ledger.unmark(self.lease.token()).await,
                Step::Done(_) => {}
                Step::Moved if once => return Ok(End::Handled(0)),
                Step::Moved => ahead = None,
                Step::Failed(reason) => return Ok(End::Failed(reason)),
                Step::Left => return Ok(End::Stopped),
            }
            // The last read has brought all there was, unless it could have brought more.
            if read < self.settings.batch_size && place.until.is_none() {
                gauge.caught_up();
            }
        }
        if ahead.is_some() {
            // What was read ahead is marked and will not be handled.
            self.ledger.unmark(self.lease.token()).await;
        }
        Ok(End::Stopped)
    }

    fn tail(&self) -> Tail {
        Tail::new(&self.ledger.stream.feed, self.ledger.keys(), BLOCK)
    }

    /// Waits out the pause after a failure.
    pub(super) async fn settle(&self, begun: Begun) -> Result<Place> {
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
}
