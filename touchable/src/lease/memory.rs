//! Leases within a process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{Grant, Holder, Leases, grant::check};
use crate::error::Result;

/// Leases that the tasks of one process share. A clone is the same place.
#[derive(Clone, Debug, Default)]
pub struct MemoryLeases(Arc<Mutex<HashMap<Box<str>, Entry>>>);

#[derive(Debug)]
struct Entry {
    token: u64,
    /// Who holds it, and until when.
    held: Option<(Holder, Instant)>,
}

impl Entry {
    /// Until when it is held, by whomever.
    fn holder(&self) -> Option<&Holder> {
        let (holder, until) = self.held.as_ref()?;
        (Instant::now() < *until).then_some(holder)
    }

    fn is_held_by(&self, grant: &Grant) -> bool {
        self.token == grant.token && self.holder() == Some(&grant.holder)
    }
}

impl MemoryLeases {
    /// A place of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Box<str>, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces who holds a lease, if it is still this one.
    fn replace(&self, grant: &Grant, held: Option<(Holder, Instant)>) -> bool {
        match self.entries().get_mut(&grant.name) {
            Some(entry) if entry.is_held_by(grant) => {
                entry.held = held;
                true
            }
            _ => false,
        }
    }
}

impl Leases for MemoryLeases {
    const NAME: &'static str = "memory";

    async fn acquire(&self, name: &str, holder: &Holder, time: Duration) -> Result<Option<Grant>> {
        check(name, time)?;
        let mut entries = self.entries();
        let entry = entries
            .entry(name.into())
            .or_insert(Entry { token: 0, held: None });
        if entry.holder().is_some_and(|other| other != holder) {
            return Ok(None);
        }
        entry.token += 1;
        entry.held = Some((holder.clone(), Instant::now() + time));
        Ok(Some(Grant::new(name, holder, entry.token)))
    }

    async fn renew(&self, grant: &Grant, time: Duration) -> Result<bool> {
        check(&grant.name, time)?;
        Ok(self.replace(grant, Some((grant.holder.clone(), Instant::now() + time))))
    }

    async fn release(&self, grant: &Grant) -> Result<bool> {
        Ok(self.replace(grant, None))
    }
}
