//! What is done beside the polling: items leave when their time is over, and gauges are told.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use tokio::{select, time::sleep};

use super::{
    inner::Inner,
    poller::{Evicted, Poller},
};
use crate::schedule::{Moment, Stop, caught};

/// How often gauges are told.
const GAUGES: Duration = Duration::from_secs(5);

pub(super) async fn keep<P: Poller>(inner: Arc<Inner<P>>, stop: Stop) {
    loop {
        let turn = async {
            inner.stats();
            inner.expire_for(GAUGES).await;
        };
        select! {
            biased;
            () = stop.requested() => return inner.meters.end(),
            // What the application's own code panics with is told where it is called.
            _ = caught(turn) => {}
        }
    }
}

impl<P: Poller> Inner<P> {
    /// Lets items go whose time is over, for such a while.
    async fn expire_for(&self, time: Duration) {
        let until = Moment::now() + time;
        loop {
            self.expire();
            let now = Moment::now();
            if now >= until {
                return;
            }
            let next = self.items.lock().next_expiry();
            let next = next.map_or(until, |next| next.min(until));
            select! {
                () = sleep(next.since(now)) => {}
                () = self.items.expiring.notified() => {}
            }
        }
    }

    fn expire(&self) {
        loop {
            let expired = {
                let mut queue = self.items.lock();
                let Some(id) = queue.expired(Moment::now()) else {
                    return;
                };
                let key = queue.key(id).clone();
                queue.take(id).map(|value| (key, value))
            };
            if let Some((key, value)) = expired {
                self.tell_evicted(&key, &value, Evicted::Expired);
            }
        }
    }

    pub(super) fn tell_evicted(&self, key: &P::Key, value: &Arc<P::Item>, reason: Evicted) {
        self.meters.evicted(reason);
        let told = catch_unwind(AssertUnwindSafe(|| self.poller.on_evicted(key, value, reason)));
        if told.is_err() {
            tracing::error!(name = &*self.name, ?key, "`on_evicted` panicked");
        }
    }
}
