//! Touches that wait for the commit.

use std::{collections::HashSet, mem, sync::Arc};

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};

use super::{
    after_commit::{self, Work},
    later::Later,
    messages::Messages,
    publisher::Publisher,
};
use crate::{
    error::Result,
    touch::{CHUNK, Entry, RowSet, Start, Suppression, Values, flush_entries},
};

/// What a transaction has still to do when it commits.
#[derive(Debug, Default)]
pub(super) struct Pending {
    touches: Vec<Merged>,
    /// Those of statements that are under way. They stay when the statement's future is dropped: what it has written may
    /// be committed.
    sending: Vec<(u64, Vec<Entry>, Suppression)>,
    sent: u64,
    pub(super) work: Vec<Work>,
    pub(super) messages: Messages,
}

/// The rows of one rule, each key once, or an entry that cannot be merged.
#[derive(Debug)]
struct Merged {
    entry: Entry,
    /// What its save was not to touch.
    suppression: Suppression,
    seen: HashSet<String>,
    values: Values,
}

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        self.touches.is_empty() && self.sending.is_empty() && self.work.is_empty() && self.messages.is_empty()
    }

    /// Adds what a save of this task has set in motion.
    pub(super) fn extend(&mut self, entries: impl IntoIterator<Item = Entry>) {
        self.extend_under(&Suppression::current(), entries);
    }

    fn extend_under(&mut self, suppression: &Suppression, entries: impl IntoIterator<Item = Entry>) {
        for entry in entries {
            self.push(entry, suppression);
        }
    }

    /// Registers what a statement of this task sets in motion, before it is sent.
    pub(super) fn send(&mut self, entries: Vec<Entry>) -> u64 {
        self.sent += 1;
        self.sending.push((self.sent, entries, Suppression::current()));
        self.sent
    }

    /// What the statement that was registered sets in motion now that it is answered.
    pub(super) fn answered(&mut self, number: u64, later: Later) {
        if let Some(at) = self.sending.iter().position(|(other, ..)| *other == number) {
            let (_, entries, suppression) = self.sending.swap_remove(at);
            match later {
                Later::Nothing => {}
                Later::Registered => self.extend_under(&suppression, entries),
                Later::Others(entries) => self.extend_under(&suppression, entries),
            }
        }
    }

    /// Takes over what a released savepoint has left.
    pub(super) fn absorb(&mut self, other: Self) {
        for merged in other.touches {
            let suppression = merged.suppression.clone();
            self.extend_under(&suppression, merged.into_entries());
        }
        for (_, entries, suppression) in other.sending {
            self.extend_under(&suppression, entries);
        }
        self.work.extend(other.work);
        self.messages.absorb(other.messages);
    }

    fn push(&mut self, entry: Entry, suppression: &Suppression) {
        let Some(values) = mergeable(&entry) else {
            self.touches.push(Merged {
                entry,
                suppression: suppression.clone(),
                seen: HashSet::new(),
                values: Values::default(),
            });
            return;
        };
        let values = values.clone();
        let found = self
            .touches
            .iter_mut()
            .filter(|merged| merged.suppression == *suppression)
            .find(|merged| mergeable(&merged.entry).is_some() && merged.entry.same_rule(&entry));
        match found {
            Some(merged) => merged.add(values),
            None => {
                let mut merged = Merged {
                    entry,
                    suppression: suppression.clone(),
                    seen: HashSet::new(),
                    values: Values::default(),
                };
                merged.add(values);
                self.touches.push(merged);
            }
        }
    }

    /// Does all that comes before the commit.
    pub(super) async fn prepare(&mut self, db: &DatabaseTransaction, publisher: &Publisher) -> Result<()> {
        self.flush(db, publisher).await?;
        // Last, so that no message is delayed when a touch fails.
        self.messages = mem::take(&mut self.messages).delay(db).await?;
        Ok(())
    }

    /// Does all that comes after it.
    pub(super) async fn complete(self) -> Result<(), DbErr> {
        self.messages.publish().await;
        after_commit::run(self.work).await
    }

    /// Touches what the transaction's saves have set in motion: one UPDATE for each table and set of columns.
    async fn flush<C: ConnectionTrait>(&mut self, db: &C, publisher: &Publisher) -> Result<()> {
        for (_, entries, suppression) in mem::take(&mut self.sending) {
            self.extend_under(&suppression, entries);
        }
        // Mostly one, that of saves that nothing was suppressed for. It is theirs that counts, not the commit's.
        let mut groups: Vec<(Suppression, Vec<Entry>)> = Vec::new();
        for merged in mem::take(&mut self.touches) {
            match groups
                .iter_mut()
                .find(|(suppression, _)| *suppression == merged.suppression)
            {
                Some((_, entries)) => entries.extend(merged.into_entries()),
                None => groups.push((merged.suppression.clone(), merged.into_entries())),
            }
        }
        for (suppression, entries) in groups {
            suppression.hold(self.flush_group(db, publisher, entries)).await?;
        }
        Ok(())
    }

    async fn flush_group<C: ConnectionTrait>(
        &mut self,
        db: &C,
        publisher: &Publisher,
        mut entries: Vec<Entry>,
    ) -> Result<()> {
        // More keys than one statement may name: several flushes, as many entries of each rule as there are chunks.
        while !entries.is_empty() {
            let mut now: Vec<Entry> = Vec::new();
            let mut later = Vec::new();
            for entry in entries {
                let full = entry.is_chunk() && now.iter().any(|other| other.same_rule(&entry));
                if full { later.push(entry) } else { now.push(entry) }
            }
            let moved = flush_entries(db, now, !publisher.is_silent()).await?;
            self.messages.add_moved(publisher, &moved)?;
            entries = later;
        }
        Ok(())
    }
}

impl Merged {
    fn add(&mut self, values: Values) {
        for key in values.current.into_iter().chain(values.former) {
            if self.seen.insert(format!("{key:?}")) {
                self.values.former.push(key);
            }
        }
    }

    fn into_entries(self) -> Vec<Entry> {
        if self.seen.is_empty() {
            return vec![self.entry];
        }
        self.values
            .former
            .chunks(CHUNK)
            .map(|keys| {
                let values = Values {
                    former: keys.to_vec(),
                    ..Values::default()
                };
                self.entry.with_start(Start::Values(values))
            })
            .collect()
    }
}

/// The keys of an entry that only names keys.
fn mergeable(entry: &Entry) -> Option<&Values> {
    match Arc::as_ref(&entry.rows) {
        RowSet::Through {
            rule,
            from: Start::Values(values),
        } if !rule.is_conditional() => Some(values),
        _ => None,
    }
}
