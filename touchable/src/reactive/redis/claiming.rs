//! Claiming what is due, shard by shard, also while one of them does not answer.

use std::{
    sync::{MutexGuard, PoisonError, atomic::Ordering::Relaxed},
    time::Duration,
};

use ::redis::{RedisError, Value};
use tokio::time::Instant;

use super::{
    answers::{Claimed, claim},
    jobs::RedisJobs,
    scripts,
};
use crate::{error::Result, reactive::jobs::Claims, redis::millis, schedule::Backoff};

/// What is wrong with one shard.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// Of looks whose answer was lost.
    lost_tokens: Vec<u64>,
    failures: u32,
    /// Not asked before this.
    until: Option<Instant>,
}

/// For how long a shard is left alone that does not answer, so that the others are not held up.
const SHARD_PAUSES: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(15));

impl RedisJobs {
    /// Claims what is due, first fills of all shards before the refreshes of any.
    pub(super) async fn claim_due(&self, most: usize) -> Result<Claims> {
        let count = self.keys.shards.len();
        if count == 1 {
            return self.claim_in(0, most, Duration::ZERO).await;
        }
        let begin = self.next_shard.fetch_add(1, Relaxed);
        let order = (0..count).map(|number| (begin + number) % count);
        // A node that cannot be reached holds up nothing on others.
        let mut all = Claims::default();
        let (mut others, mut failed) = (Vec::new(), None);
        for number in order.filter(|number| !self.is_in_trouble(*number)) {
            match self
                .claim_in(number, most - all.taken.len(), self.terms.lead)
                .await
            {
                Ok(found) => {
                    if found.next.is_some_and(|next| next.is_zero()) {
                        others.push(number);
                    } else {
                        all.next = all.next.into_iter().chain(found.next).min();
                    }
                    all.taken.extend(found.taken);
                    all.wanted += found.wanted;
                    all.overdue = all.overdue.max(found.overdue);
                }
                Err(error) => failed = Some(error),
            }
        }
        for number in others {
            match self
                .claim_in(number, most - all.taken.len(), Duration::ZERO)
                .await
            {
                Ok(found) => {
                    all.taken.extend(found.taken);
                    all.next = all.next.into_iter().chain(found.next).min();
                }
                Err(error) => failed = Some(error),
            }
        }
        if let Some(error) = failed {
            tracing::warn!(name = self.terms.name, %error, "a part of the cluster cannot be asked what is due");
        }
        Ok(all)
    }

    /// Claims what was due so much earlier than now.
    async fn claim_in(&self, number: usize, most: usize, earlier: Duration) -> Result<Claims> {
        let shard = &self.keys.shards[number];
        let token = fastrand::u64(1..1 << 53);
        let answer: Result<(i64, u64, u64, Vec<Claimed>), RedisError> = async {
            self.abandon(number).await?;
            // Before it is sent: who asks may be dropped before the answer comes.
            self.trouble_of(number).lost_tokens.push(token);
            scripts::CLAIM
                .run(self.connection(), &shard.all(), |command| {
                    command.arg(most).arg(millis(self.terms.claim_time));
                    command.arg(token).arg(&shard.entry).arg(millis(earlier));
                })
                .await
        }
        .await;
        let trouble = &mut *self.trouble_of(number);
        let (next, wanted, overdue, claimed) = match answer {
            Ok(answer) => {
                *trouble = Trouble::default();
                answer
            }
            Err(error) => {
                // The script may have run all the same; its token stays noted.
                trouble.failures = trouble.failures.saturating_add(1);
                trouble.until = Some(Instant::now() + SHARD_PAUSES.pause(trouble.failures));
                return Err(self.failed("claim", "", error));
            }
        };
        Ok(Claims {
            taken: claimed.into_iter().map(|claimed| claim(claimed, token)).collect(),
            next: u64::try_from(next).ok().map(Duration::from_millis),
            wanted,
            overdue: Duration::from_millis(overdue),
        })
    }

    /// Gives back what looks have claimed whose answers were lost.
    pub(super) async fn abandon(&self, number: usize) -> Result<(), RedisError> {
        let shard = &self.keys.shards[number];
        loop {
            let Some(token) = self.trouble_of(number).lost_tokens.last().copied() else {
                return Ok(());
            };
            scripts::ABANDON
                .run::<Value>(self.connection(), &shard.all(), |command| {
                    command.arg(&shard.entry).arg(&self.keys.channel).arg(token);
                })
                .await?;
            self.trouble_of(number).lost_tokens.retain(|lost| *lost != token);
        }
    }

    fn trouble_of(&self, number: usize) -> MutexGuard<'_, Trouble> {
        self.troubles[number]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn is_in_trouble(&self, number: usize) -> bool {
        self.trouble_of(number)
            .until
            .is_some_and(|until| until > Instant::now())
    }
}
