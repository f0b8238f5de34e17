//! One loader per cluster: the process that adds a lock entry to the store loads, the others look for its value.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep};
use twox_hash::XxHash3_128;

use super::{
    entry::{Codec, Payload},
    flight::LeadGuard,
    front::Inner,
    options::Options,
    store::{Store, Ttl},
};
use crate::schedule::Backoff;

/// Between two looks; jittered, so that many processes do not look in step.
const PAUSES: Backoff = Backoff::new(Duration::from_millis(5), Duration::from_millis(200)).down_to(0.5);

/// Whether a leader has to run its loader.
pub(super) enum Turn {
    /// Another process, or another flight, has stored the value.
    Landed(Payload),
    /// This one loads, for the whole cluster when it has a lock.
    Ours(Option<Lock>),
}

pub(super) struct Lock {
    key: String,
    token: Bytes,
}

impl<S: Store> Inner<S> {
    pub(super) async fn turn<C: Codec>(&self, guard: &LeadGuard, options: &Options) -> Turn {
        if guard.look_again
            && let Some(payload) = self.second_look::<C>(guard, options).await
        {
            return Turn::Landed(payload);
        }
        match options.cluster_flight {
            // Who forces a load wants none that has begun before.
            Some(at_most) if !options.force => self.wait_for_turn::<C>(guard, options, at_most).await,
            _ => Turn::Ours(None),
        }
    }

    async fn wait_for_turn<C: Codec>(&self, guard: &LeadGuard, options: &Options, at_most: Ttl) -> Turn {
        let deadline = Instant::now() + at_most.duration();
        let lock = self.lock_of(guard.key());
        let mut looks = 0;
        loop {
            // A store that fails cannot hold anybody up.
            let added = self.store.add(&lock.key, lock.token.clone(), Some(at_most)).await;
            let ours = added.unwrap_or(true);
            // Also with the lock: the one before us may have stored its value between our miss and now.
            if let Some(payload) = self.second_look::<C>(guard, options).await {
                if ours {
                    self.end_turn(Turn::Ours(Some(lock))).await;
                }
                return Turn::Landed(payload);
            }
            if ours {
                return Turn::Ours(Some(lock));
            }
            let rest = deadline.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return Turn::Ours(None);
            }
            looks += 1;
            sleep(PAUSES.pause(looks).min(rest)).await;
        }
    }

    fn lock_of(&self, key: &str) -> Lock {
        Lock {
            // Hashed: a key may already be as long as a store takes.
            key: format!(
                "{}!flight:{:032x}",
                self.namespace.prefix(),
                XxHash3_128::oneshot(key.as_bytes())
            ),
            token: fastrand::u128(..).to_le_bytes().to_vec().into(),
        }
    }

    /// Gives the lock back, if it is still ours. (It may end between the look and the deletion; then two processes load.)
    pub(super) async fn end_turn(&self, turn: Turn) {
        let Turn::Ours(Some(lock)) = turn else { return };
        if matches!(self.store.get(&lock.key).await, Ok(Some(token)) if token == lock.token) {
            let _ = self.store.delete(&lock.key).await;
        }
    }
}
