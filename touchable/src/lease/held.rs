//! A lease in hand.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    select,
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use super::{Grant, Holder, Leases};
use crate::{
    error::{Error, Result, lease::Failure},
    schedule::{Stop, Task, longer},
};

/// How often who waits for a lease looks whether it is free.
const LOOK: Duration = Duration::from_millis(50);
/// How much longer it may be, as a part of itself.
const JITTER: f64 = 0.1;

/// A lease that this process holds, renewed in the background as long as it lives.
///
/// [`release`](Self::release) gives it back at once. Dropped, it is given back in the background; when that fails it
/// ends with its time.
pub struct Lease {
    grant: Grant,
    state: watch::Receiver<State>,
    /// No renewal beyond this.
    limit: Arc<Mutex<Option<Instant>>>,
    /// What the keeper's release came to.
    released: Arc<Mutex<Option<Result<bool>>>>,
    keeper: Task,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Ours until then, whatever happens; by this process's clock, and counted from before the place was asked.
    Until(Instant),
    Lost,
}

impl Lease {
    /// Takes the lease `name` if nobody holds it. It is renewed every third of `time`, which is how long others have to
    /// wait should this process die.
    ///
    /// # Errors
    /// When the place cannot be reached, the name is blank or too long, or the time is below 10 ms or above a day.
    pub async fn acquire<P: Leases>(place: &P, name: &str, time: Duration) -> Result<Option<Self>> {
        Self::acquire_as(place, name, &Holder::unique(), time).await
    }

    /// Waits until the lease is free, and takes it: within a tenth of a second after a release.
    ///
    /// Dropped at the very moment when it gets the lease, this future leaves it to end with its time.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    pub async fn wait<P: Leases>(place: &P, name: &str, time: Duration) -> Result<Self> {
        let holder = Holder::unique();
        loop {
            if let Some(lease) = Self::acquire_as(place, name, &holder, time).await? {
                return Ok(lease);
            }
            sleep(longer(LOOK, JITTER)).await;
        }
    }

    /// Waits until the lease is free, and takes it; `None` when it is time to end. Says whether another had it.
    #[cfg(feature = "feed")]
    pub(crate) async fn wait_or_stop<P: Leases>(
        place: &P,
        name: &str,
        time: Duration,
        stop: &Stop,
    ) -> Result<Option<(Self, bool)>> {
        let holder = Holder::unique();
        let mut waited = false;
        while !stop.is_requested() {
            // To the end, also when it is time to stop: a grant whose answer nobody hears would be nobody's until it ends.
            if let Some(lease) = Self::acquire_as(place, name, &holder, time).await? {
                return Ok(Some((lease, waited)));
            }
            waited = true;
            stop.sleep(longer(LOOK, JITTER)).await;
        }
        Ok(None)
    }

    async fn acquire_as<P: Leases>(
        place: &P,
        name: &str,
        holder: &Holder,
        time: Duration,
    ) -> Result<Option<Self>> {
        let asked = Instant::now();
        let grant = place.acquire(name, holder, time).await?;
        Ok(grant.map(|grant| Self::keep(place.clone(), grant, asked, time)))
    }

    fn keep<P: Leases>(place: P, grant: Grant, asked: Instant, time: Duration) -> Self {
        let (state, seen) = watch::channel(State::Until(asked + time));
        let (limit, released) = (Arc::default(), Arc::default());
        let keeper = Keeper {
            place,
            grant: grant.clone(),
            time,
            state,
            limit: Arc::clone(&limit),
            released: Arc::clone(&released),
        };
        let name = format!("lease {}", grant.name);
        Self {
            grant,
            state: seen,
            limit,
            released,
            keeper: Task::spawn(name, |stop| keeper.run(stop)),
        }
    }

    /// What is leased.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.grant.name
    }

    /// The fencing token: above that of every holder before. Let what you write refuse lower ones.
    #[must_use]
    pub const fn token(&self) -> u64 {
        self.grant.token
    }

    /// Whether the lease is certainly this one's, by this process's clock. A process can be stopped right after it has
    /// asked: only the [token](Self::token) is safe to write by.
    #[must_use]
    pub fn is_held(&self) -> bool {
        matches!(*self.state.borrow(), State::Until(end) if Instant::now() < end)
    }

    /// Until the lease is lost: another has taken it, or its place could not be reached in time.
    pub async fn lost(&self) {
        let mut state = self.state.clone();
        loop {
            let State::Until(end) = *state.borrow_and_update() else {
                return;
            };
            select! {
                // The keeper has ended: nothing renews any more.
                changed = state.changed() => if changed.is_err() { return sleep_until(end).await },
                () = sleep_until(end) => if !self.is_held() { return },
            }
        }
    }

    /// Runs a future for as long as the lease is held, and drops it at the next await when it is lost.
    ///
    /// # Errors
    /// When the lease is lost before the future ends; see [`Error::is_lease_lost`].
    pub async fn hold<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        select! {
            done = work => Ok(done),
            () = self.lost() => Err(self.is_lost()),
        }
    }

    /// Gives the lease back, so that another can have it at once.
    ///
    /// # Errors
    /// When it was lost before, or its place cannot be reached: then it ends with its time.
    pub async fn release(self) -> Result<()> {
        let (lost, released) = (self.is_lost(), self.released);
        self.keeper.shutdown().await;
        let outcome = released.lock().unwrap_or_else(PoisonError::into_inner).take();
        match outcome {
            Some(Ok(true)) => Ok(()),
            Some(Err(error)) => Err(error),
            Some(Ok(false)) | None => Err(lost),
        }
    }

    /// Has the lease renewed for this time only, counted from now, or again without an end: work that hangs, and never gets
    /// to an await, then does not keep it for ever.
    pub fn renew_for(&self, time: Option<Duration>) {
        let end = time.map(|time| Instant::now() + time);
        *self.limit.lock().unwrap_or_else(PoisonError::into_inner) = end;
    }

    pub(crate) fn is_lost(&self) -> Error {
        Failure::Lost {
            name: self.grant.name.to_string(),
            token: self.grant.token,
        }
        .into()
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("grant", &self.grant)
            .field("held", &self.is_held())
            .finish_non_exhaustive()
    }
}

/// Renews a lease until its handle is gone, then gives it back.
struct Keeper<P> {
    place: P,
    grant: Grant,
    time: Duration,
    state: watch::Sender<State>,
    limit: Arc<Mutex<Option<Instant>>>,
    released: Arc<Mutex<Option<Result<bool>>>>,
}

impl<P: Leases> Keeper<P> {
    async fn run(self, stop: Stop) {
        let mut wait = self.time / 3;
        while let Some(end) = self.end() {
            select! {
                () = sleep(wait) => {}
                () = stop.requested() => return self.release(end).await,
            }
            let renewed = select! {
                renewed = self.renew(end) => renewed,
                () = stop.requested() => return self.release(end).await,
            };
            wait = if renewed { self.time / 3 } else { self.time / 20 };
        }
    }

    fn end(&self) -> Option<Instant> {
        match *self.state.borrow() {
            State::Until(end) => Some(end),
            State::Lost => None,
        }
    }

    /// Whether it worked; what that means for the state is noted there.
    async fn renew(&self, end: Instant) -> bool {
        let asked = Instant::now();
        let limit = *self.limit.lock().unwrap_or_else(PoisonError::into_inner);
        if limit.is_some_and(|limit| asked >= limit) {
            tracing::error!(lease = %self.grant.name, token = self.grant.token, "a lease is not renewed: its work does not end");
            sleep_until(end).await;
            self.state.send_replace(State::Lost);
            return false;
        }
        let answer = select! {
            answer = self.place.renew(&self.grant, self.time) => answer,
            () = sleep_until(end) => Ok(false),
        };
        match answer {
            Ok(true) => {
                self.state.send_replace(State::Until(asked + self.time));
                return true;
            }
            Ok(false) => {
                tracing::warn!(lease = %self.grant.name, token = self.grant.token, "a lease is lost");
                self.state.send_replace(State::Lost);
            }
            Err(error) if Instant::now() >= end => {
                tracing::warn!(lease = %self.grant.name, token = self.grant.token, %error, "a lease is lost");
                self.state.send_replace(State::Lost);
            }
            // Tried again soon: there is time left.
            Err(error) => {
                tracing::debug!(lease = %self.grant.name, %error, "a lease could not be renewed yet");
            }
        }
        false
    }

    /// After its end there is nothing to give back.
    async fn release(&self, end: Instant) {
        let outcome = select! {
            biased;
            () = sleep_until(end) => Ok(false),
            outcome = self.place.release(&self.grant) => outcome,
        };
        self.state.send_replace(State::Lost);
        *self.released.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
    }
}
