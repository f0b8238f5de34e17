//! Calling a handler, whatever it does.

use std::error::Error as StdError;

use tokio::{select, time::timeout};

use super::session::Session;
use crate::{feed::Batch, schedule::caught};

#[derive(Debug)]
pub(super) enum Outcome {
    Done,
    Failed(String),
    /// The lease is gone; another may be at work with the same messages.
    Lost,
    /// Nobody holds the consumer any more.
    Left,
}

impl Session<'_> {
    pub(super) async fn handle<T, H, F, E>(&self, handler: &H, batch: Batch<T>) -> Outcome
    where
        H: Fn(Batch<T>) -> F,
        F: Future<Output = Result<(), E>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let limit = self.settings.handler_timeout;
        // A handler that blocks its thread cannot be dropped. Its lease is not renewed for ever, though.
        self.lease.renew_for(Some(limit + self.settings.lease));
        let outcome = select! {
            biased;
            () = self.lease.lost() => Outcome::Lost,
            () = self.stop.gone() => Outcome::Left,
            done = timeout(limit, call(handler, batch)) => {
                done.unwrap_or_else(|_| Outcome::Failed(format!("it did not end within {limit:?}")))
            }
        };
        self.lease.renew_for(None);
        outcome
    }
}

async fn call<T, H, F, E>(handler: &H, batch: Batch<T>) -> Outcome
where
    H: Fn(Batch<T>) -> F,
    F: Future<Output = Result<(), E>>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    match caught(async { handler(batch).await }).await {
        Ok(Ok(())) => Outcome::Done,
        Ok(Err(error)) => Outcome::Failed(error.into().to_string()),
        Err(message) => Outcome::Failed(format!("it panicked: {message}")),
    }
}
