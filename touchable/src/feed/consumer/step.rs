//! One page at a time: handed out and committed, or counted as a failure, or put aside.

use std::error::Error as StdError;

use serde::de::DeserializeOwned;

use super::{handle::Outcome, ledger::Committed, session::Session};
use crate::{
    error::Result,
    feed::{Batch, Malformed, StreamId, observe, tail::Page},
    schedule::Backoff,
};

/// What became of one page.
#[derive(Debug)]
pub(super) enum Step {
    /// So many messages were handled.
    Done(usize),
    /// Somebody has moved the offset meanwhile; they are handed out again, or skipped.
    Moved,
    Failed(String),
    /// Nobody holds the consumer any more.
    Left,
}

/// Where it is.
pub(super) struct Place {
    pub(super) at: Option<StreamId>,
    pub(super) tries: u32,
    pub(super) reason: String,
    pub(super) until: Option<StreamId>,
}

impl Place {
    pub(super) fn after(&self) -> StreamId {
        self.at.unwrap_or_default()
    }

    pub(super) fn move_to(&mut self, id: StreamId) {
        self.at = Some(id);
        self.tries = 0;
        self.until = self.until.filter(|until| id < *until);
    }
}

impl Session<'_> {
    /// Reads, hands out and commits a page. `more` says that another is about to follow.
    pub(super) async fn step<T, H, F, E>(
        &self,
        handler: &H,
        page: Page,
        place: &mut Place,
        marked: bool,
        more: bool,
    ) -> Result<Step>
    where
        T: DeserializeOwned + Send + Sync + 'static,
        H: Fn(Batch<T>) -> F,
        F: Future<Output = Result<(), E>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let (ledger, token) = (self.ledger, self.lease.token());
        let lagged = page.gap(place.after()).filter(|_| place.at.is_some());
        observe::consumed(
            observe::LAGGED,
            &ledger.stream,
            &ledger.consumer,
            usize::from(lagged.is_some()),
        );
        let batch = Batch::read(page.entries).map_err(|error| ledger.failed(error))?;
        let batch = batch.with(lagged, ledger.shard, token);
        let Some(last) = batch.last() else {
            return Ok(Step::Done(0));
        };
        if !batch.is_empty() {
            if !marked && !ledger.mark(token, place.at).await? {
                return Err(self.lease.is_lost());
            }
            match self.handle(handler, batch.clone()).await {
                Outcome::Done => {}
                Outcome::Failed(reason) => return self.fail(place, reason).await,
                Outcome::Lost => return Err(self.lease.is_lost()),
                Outcome::Left => {
                    ledger.unmark(token).await;
                    return Ok(Step::Left);
                }
            }
        }
        if !self.commit(place, last, batch.malformed(), more).await? {
            return Ok(Step::Moved);
        }
        observe::consumed(observe::HANDLED, &ledger.stream, &ledger.consumer, batch.len());
        Ok(Step::Done(batch.len()))
    }

    /// Takes out a message that has failed alone too often, and hands out alone those that have failed together.
    pub(super) async fn without_poison(&self, mut page: Page, place: &mut Place) -> Result<Option<Page>> {
        if place.tries < self.settings.max_attempts {
            return Ok(Some(page));
        }
        let Some((first, last)) = page.ends else {
            return Ok(None);
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
        page.entries.keep_first();
        page.ends = Some((first, first));
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

    async fn fail(&self, place: &Place, reason: String) -> Result<Step> {
        observe::consumed(observe::RETRIES, &self.ledger.stream, &self.ledger.consumer, 1);
        let pauses = Backoff::new(self.settings.first_pause, self.settings.longest_pause).down_to(0.5);
        let pause = pauses.pause(place.tries.saturating_add(1));
        let tries = self
            .ledger
            .fail(self.lease.token(), place.at, &reason, pause)
            .await?;
        if tries == 0 {
            return Err(self.lease.is_lost());
        }
        Ok(Step::Failed(reason))
    }
}
