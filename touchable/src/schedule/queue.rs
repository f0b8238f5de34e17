//! What is due, one entry a key.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::Arc,
};

use tokio::time::Instant;

/// Entries by key. Each is due at some moment, or claimed by somebody until some moment: never neither, never both.
///
/// Pure: it waits for nothing and asks no clock.
#[derive(Debug)]
pub(crate) struct DueQueue<V> {
    entries: BTreeMap<Arc<str>, Entry<V>>,
    due: BTreeSet<(Instant, Arc<str>)>,
    claims: BTreeSet<(Instant, Arc<str>)>,
    last_token: u64,
}

#[derive(Debug)]
struct Entry<V> {
    place: Place,
    value: V,
}

/// Where an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Due(Instant),
    Claimed { token: u64, until: Instant },
}

impl<V> DueQueue<V> {
    pub(crate) const fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            due: BTreeSet::new(),
            claims: BTreeSet::new(),
            last_token: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn get(&self, key: &str) -> Option<&V> {
        self.entries.get(key).map(|entry| &entry.value)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        self.entries.get_mut(key).map(|entry| &mut entry.value)
    }

    pub(crate) fn place(&self, key: &str) -> Option<Place> {
        self.entries.get(key).map(|entry| entry.place)
    }

    /// Keys that begin with a text, in order.
    pub(crate) fn beginning_with<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a Arc<str>> {
        self.entries
            .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
            .map(|(key, _)| key)
            .take_while(move |key| key.starts_with(prefix))
    }

    /// A new entry, in the place of one that was there.
    pub(crate) fn insert(&mut self, key: &str, due: Instant, value: V) {
        self.remove(key);
        let key: Arc<str> = key.into();
        self.due.insert((due, Arc::clone(&key)));
        let place = Place::Due(due);
        self.entries.insert(key, Entry { place, value });
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<V> {
        let (key, entry) = self.entries.remove_entry(key)?;
        self.leave(entry.place, key);
        Some(entry.value)
    }

    fn leave(&mut self, place: Place, key: Arc<str>) {
        match place {
            Place::Due(at) => self.due.remove(&(at, key)),
            Place::Claimed { until, .. } => self.claims.remove(&(until, key)),
        };
    }

    fn enter(&mut self, key: &Arc<str>, place: Place) {
        match place {
            Place::Due(at) => self.due.insert((at, Arc::clone(key))),
            Place::Claimed { until, .. } => self.claims.insert((until, Arc::clone(key))),
        };
    }

    fn go(&mut self, key: &str, to: Place) {
        let Some((key, _)) = self.entries.get_key_value(key) else {
            return;
        };
        let key = Arc::clone(key);
        let Some(entry) = self.entries.get_mut(&*key) else {
            return;
        };
        let from = std::mem::replace(&mut entry.place, to);
        self.leave(from, Arc::clone(&key));
        self.enter(&key, to);
    }

    /// Makes an entry due at another moment; one that is claimed stays so, and `false` says it.
    pub(crate) fn reschedule(&mut self, key: &str, due: Instant) -> bool {
        let is_due = matches!(self.place(key), Some(Place::Due(_)));
        if is_due {
            self.go(key, Place::Due(due));
        }
        is_due
    }

    /// The entry that is due first, and when.
    pub(crate) fn first(&self) -> Option<(Instant, Arc<str>)> {
        self.due.first().map(|(at, key)| (*at, Arc::clone(key)))
    }

    /// When the first claim ends.
    pub(crate) fn first_end(&self) -> Option<Instant> {
        self.claims.first().map(|(until, _)| *until)
    }

    /// Claims an entry that is due; the token says who has it.
    pub(crate) fn claim(&mut self, key: &str, until: Instant) -> Option<u64> {
        let Some(Place::Due(_)) = self.place(key) else {
            return None;
        };
        self.last_token += 1;
        let token = self.last_token;
        self.go(key, Place::Claimed { token, until });
        Some(token)
    }

    pub(crate) fn is_held(&self, key: &str, token: u64) -> bool {
        matches!(self.place(key), Some(Place::Claimed { token: held, .. }) if held == token)
    }

    /// Holds a claim longer, if it is still this one.
    pub(crate) fn renew(&mut self, key: &str, token: u64, until: Instant) -> bool {
        let is_held = self.is_held(key, token);
        if is_held {
            self.go(key, Place::Claimed { token, until });
        }
        is_held
    }

    /// Ends a claim, if it is still this one: the entry is due at this moment.
    pub(crate) fn settle(&mut self, key: &str, token: u64, due: Instant) -> bool {
        let is_held = self.is_held(key, token);
        if is_held {
            self.go(key, Place::Due(due));
        }
        is_held
    }

    /// Takes claims that have ended from those that had them: their entries are due since then.
    pub(crate) fn end_claims(&mut self, now: Instant) {
        while let Some((until, key)) = self.claims.first().cloned()
            && until <= now
        {
            self.go(&key, Place::Due(until));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fastrand::Rng;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    impl<V> DueQueue<V> {
        /// One place an entry, and no place without one.
        fn assert_sound(&self) {
            assert_eq!(self.due.len() + self.claims.len(), self.entries.len());
            for (key, entry) in &self.entries {
                let is_there = match entry.place {
                    Place::Due(at) => self.due.contains(&(at, Arc::clone(key))),
                    Place::Claimed { until, .. } => self.claims.contains(&(until, Arc::clone(key))),
                };
                assert!(is_there, "{key} at {:?}", entry.place);
            }
        }
    }

    #[test]
    fn a_claim_has_one_holder_and_an_end() {
        let now = Instant::now();
        let mut queue = DueQueue::new();
        queue.insert("a", now, ());
        let first = queue.claim("a", now + SECOND).unwrap();
        assert_eq!(queue.claim("a", now + SECOND), None);
        queue.end_claims(now + SECOND / 2);
        assert!(queue.renew("a", first, now + SECOND * 2));
        queue.end_claims(now + SECOND);
        assert!(queue.is_held("a", first));
        queue.end_claims(now + SECOND * 2);
        assert_eq!(queue.first(), Some((now + SECOND * 2, "a".into())));
        let second = queue.claim("a", now + SECOND * 3).unwrap();
        assert!(!queue.settle("a", first, now), "the first holder is too late");
        assert!(queue.settle("a", second, now));
    }

    #[test]
    fn an_entry_that_was_removed_and_came_back_is_another() {
        let now = Instant::now();
        let mut queue = DueQueue::new();
        queue.insert("a", now, ());
        let token = queue.claim("a", now).unwrap();
        queue.remove("a");
        queue.insert("a", now, ());
        queue.claim("a", now).unwrap();
        assert!(!queue.renew("a", token, now + SECOND));
        assert!(!queue.settle("a", token, now + SECOND));
    }

    #[test]
    fn keys_by_their_beginning() {
        let now = Instant::now();
        let mut queue = DueQueue::new();
        for key in ["5", "5:a", "5:b", "55", "6:a"] {
            queue.insert(key, now, ());
        }
        let found: Vec<&str> = queue.beginning_with("5:").map(|key| &**key).collect();
        assert_eq!(found, ["5:a", "5:b"]);
    }

    #[test]
    fn every_entry_has_one_place_whatever_happens() {
        let start = Instant::now();
        let mut rng = Rng::with_seed(1);
        let mut queue = DueQueue::new();
        let mut tokens = vec![("", 0)];
        for step in 0..20_000 {
            let key = ["a", "b", "c", "d"][rng.usize(..4)];
            let moment = start + SECOND * rng.u32(0..1_000);
            let (held, token) = tokens[rng.usize(..tokens.len())];
            match rng.u32(0..9) {
                0 => queue.insert(key, moment, step),
                1 => drop(queue.remove(key)),
                2 => drop(queue.reschedule(key, moment)),
                3 | 4 => tokens.extend(queue.claim(key, moment).map(|token| (key, token))),
                5 => drop(queue.renew(held, token, moment)),
                6 | 7 => drop(queue.settle(held, token, moment)),
                _ => queue.end_claims(moment),
            }
            queue.assert_sound();
        }
        assert!(tokens.len() > 1_000);
    }
}
