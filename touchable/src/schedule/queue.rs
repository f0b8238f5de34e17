//! What is due, one entry a key.

use std::{collections::BTreeSet, hash::BuildHasher, num::NonZeroU64, sync::Arc};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use slab::Slab;

use super::Moment;

/// Entries by key. Each is due at some moment, or claimed by somebody until some moment: never neither, never both.
///
/// Pure: it waits for nothing and asks no clock. A key is looked up once; after that its [`Id`] stands for it.
#[derive(Debug)]
pub(crate) struct DueQueue<V> {
    entries: Slab<Entry<V>>,
    /// By the hash of their keys.
    ids: HashTable<Id>,
    hasher: RandomState,
    due: BTreeSet<(Moment, Id)>,
    claims: BTreeSet<(Moment, Id)>,
    last_token: NonZeroU64,
}

/// An entry, for as long as it is not removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id(usize);

#[derive(Debug)]
struct Entry<V> {
    key: Arc<str>,
    /// When it is due, or its claim ends.
    at: Moment,
    /// Of its claim.
    token: Option<NonZeroU64>,
    value: V,
}

/// Where an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Due(Moment),
    Claimed { token: u64, until: Moment },
}

impl<V> DueQueue<V> {
    pub(crate) fn new() -> Self {
        Self {
            entries: Slab::new(),
            ids: HashTable::new(),
            hasher: RandomState::default(),
            due: BTreeSet::new(),
            claims: BTreeSet::new(),
            last_token: NonZeroU64::MIN,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn find(&self, key: &str) -> Option<Id> {
        let is_it = |id: &Id| *self.entries[id.0].key == *key;
        self.ids.find(self.hasher.hash_one(key), is_it).copied()
    }

    pub(crate) fn get(&self, id: Id) -> &V {
        &self.entries[id.0].value
    }

    pub(crate) fn get_mut(&mut self, id: Id) -> &mut V {
        &mut self.entries[id.0].value
    }

    pub(crate) fn key(&self, id: Id) -> &Arc<str> {
        &self.entries[id.0].key
    }

    pub(crate) fn place(&self, id: Id) -> Place {
        let entry = &self.entries[id.0];
        match entry.token {
            None => Place::Due(entry.at),
            Some(token) => Place::Claimed {
                token: token.get(),
                until: entry.at,
            },
        }
    }

    /// Entries whose keys begin with a text. It looks at all of them.
    pub(crate) fn beginning_with(&self, prefix: &str) -> Vec<Id> {
        let begins = |id: &&Id| self.key(**id).starts_with(prefix);
        self.ids.iter().filter(begins).copied().collect()
    }

    /// A new entry, of a key that has none.
    pub(crate) fn insert(&mut self, key: Arc<str>, due: Moment, value: V) -> Id {
        debug_assert!(self.find(&key).is_none(), "one entry a key");
        let hash = self.hasher.hash_one(&*key);
        let entry = Entry {
            key,
            at: due,
            token: None,
            value,
        };
        let id = Id(self.entries.insert(entry));
        let (entries, hasher) = (&self.entries, &self.hasher);
        self.ids
            .insert_unique(hash, id, |id| hasher.hash_one(&*entries[id.0].key));
        self.due.insert((due, id));
        id
    }

    pub(crate) fn remove(&mut self, id: Id) -> V {
        self.leave(id);
        let entry = self.entries.remove(id.0);
        let hash = self.hasher.hash_one(&*entry.key);
        if let Ok(found) = self.ids.find_entry(hash, |other| *other == id) {
            found.remove();
        }
        if self.entries.is_empty() {
            // What was needed for many is not kept for none.
            (self.entries, self.ids) = (Slab::new(), HashTable::new());
        }
        entry.value
    }

    /// The set in which an entry stands.
    fn places(&mut self, id: Id) -> (&mut BTreeSet<(Moment, Id)>, (Moment, Id)) {
        let entry = &self.entries[id.0];
        let places = match entry.token {
            None => &mut self.due,
            Some(_) => &mut self.claims,
        };
        (places, (entry.at, id))
    }

    fn leave(&mut self, id: Id) {
        let (places, place) = self.places(id);
        places.remove(&place);
    }

    fn go(&mut self, id: Id, at: Moment, token: Option<NonZeroU64>) {
        self.leave(id);
        let entry = &mut self.entries[id.0];
        (entry.at, entry.token) = (at, token);
        let (places, place) = self.places(id);
        places.insert(place);
    }

    /// Makes an entry due at another moment; one that is claimed stays so, and `false` says it.
    pub(crate) fn reschedule(&mut self, id: Id, due: Moment) -> bool {
        let place = self.place(id);
        if place != Place::Due(due) && matches!(place, Place::Due(_)) {
            self.go(id, due, None);
        }
        matches!(place, Place::Due(_))
    }

    /// The entry that is due first, and when.
    pub(crate) fn first(&self) -> Option<(Moment, Id)> {
        self.due.first().copied()
    }

    /// When the first claim ends.
    pub(crate) fn first_end(&self) -> Option<Moment> {
        self.claims.first().map(|(until, _)| *until)
    }

    /// Claims an entry that is due; the token says who has it.
    pub(crate) fn claim(&mut self, id: Id, until: Moment) -> Option<u64> {
        if matches!(self.place(id), Place::Claimed { .. }) {
            return None;
        }
        let token = self.last_token.saturating_add(1);
        self.last_token = token;
        self.go(id, until, Some(token));
        Some(token.get())
    }

    /// The entry of a key, if this claim of it holds.
    pub(crate) fn held(&self, key: &str, token: u64) -> Option<Id> {
        let id = self.find(key)?;
        let held = self.entries[id.0].token?;
        (held.get() == token).then_some(id)
    }

    /// Holds a claim longer.
    pub(crate) fn renew(&mut self, id: Id, until: Moment) {
        let token = self.entries[id.0].token;
        debug_assert!(token.is_some(), "only a claim is held longer");
        self.go(id, until, token);
    }

    /// Ends a claim: the entry is due at this moment.
    pub(crate) fn settle(&mut self, id: Id, due: Moment) {
        self.go(id, due, None);
    }

    /// Takes claims that have ended from those that had them: their entries are due since then.
    pub(crate) fn end_claims(&mut self, now: Moment) {
        while let Some((until, id)) = self.claims.first().copied()
            && until <= now
        {
            self.go(id, until, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use fastrand::Rng;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    impl<V> DueQueue<V> {
        /// One place an entry, one entry a key, and nothing besides.
        fn assert_sound(&self) {
            assert_eq!(self.due.len() + self.claims.len(), self.entries.len());
            assert_eq!(self.ids.len(), self.entries.len());
            for (index, entry) in &self.entries {
                let id = self.find(&entry.key).unwrap();
                assert_eq!(id, Id(index), "{}", entry.key);
                let is_there = match self.place(id) {
                    Place::Due(at) => self.due.contains(&(at, id)),
                    Place::Claimed { until, .. } => self.claims.contains(&(until, id)),
                };
                assert!(is_there, "{} at {:?}", entry.key, entry.at);
            }
        }
    }

    #[test]
    fn a_claim_has_one_holder_and_an_end() {
        let now = Moment::now();
        let mut queue = DueQueue::new();
        let a = queue.insert("a".into(), now, ());
        let first = queue.claim(a, now + SECOND).unwrap();
        assert_eq!(queue.claim(a, now + SECOND), None);
        queue.end_claims(now + SECOND / 2);
        queue.renew(queue.held("a", first).unwrap(), now + SECOND * 2);
        queue.end_claims(now + SECOND);
        assert!(queue.held("a", first).is_some());
        queue.end_claims(now + SECOND * 2);
        assert_eq!(queue.first(), Some((now + SECOND * 2, a)));
        let second = queue.claim(a, now + SECOND * 3).unwrap();
        assert_eq!(queue.held("a", first), None, "the first holder is too late");
        assert_eq!(queue.held("a", second), Some(a));
    }

    #[test]
    fn an_entry_that_was_removed_and_came_back_is_another() {
        let now = Moment::now();
        let mut queue = DueQueue::new();
        let a = queue.insert("a".into(), now, ());
        let token = queue.claim(a, now).unwrap();
        queue.remove(a);
        let a = queue.insert("a".into(), now, ());
        queue.claim(a, now).unwrap();
        assert_eq!(queue.held("a", token), None);
    }

    #[test]
    fn keys_by_their_beginning() {
        let now = Moment::now();
        let mut queue = DueQueue::new();
        for key in ["5", "5:a", "5:b", "55", "6:a"] {
            queue.insert(key.into(), now, ());
        }
        let found = queue.beginning_with("5:");
        let mut found: Vec<&str> = found.iter().map(|id| &**queue.key(*id)).collect();
        found.sort_unstable();
        assert_eq!(found, ["5:a", "5:b"]);
    }

    /// Beside a model that has every entry in one map.
    #[test]
    fn every_entry_has_one_place_whatever_happens() {
        let start = Moment::now();
        let mut rng = Rng::with_seed(1);
        let mut queue = DueQueue::new();
        let mut model: BTreeMap<&str, Place> = BTreeMap::new();
        let mut tokens = vec![("", 0)];
        for step in 0..20_000 {
            let key = ["a", "b", "c", "d"][rng.usize(..4)];
            let moment = start + SECOND * rng.u32(0..1_000);
            let (held, token) = tokens[rng.usize(tokens.len().saturating_sub(8)..tokens.len())];
            match (rng.u32(0..9), queue.find(key), queue.held(held, token)) {
                (0 | 8, None, _) => {
                    queue.insert(key.into(), moment, step);
                    model.insert(key, Place::Due(moment));
                }
                (1, Some(id), _) => {
                    queue.remove(id);
                    model.remove(key);
                }
                (2, Some(id), _) if queue.reschedule(id, moment) => {
                    model.insert(key, Place::Due(moment));
                }
                (3 | 4, Some(id), _) => {
                    if let Some(token) = queue.claim(id, moment) {
                        tokens.push((key, token));
                        let until = moment;
                        model.insert(key, Place::Claimed { token, until });
                    }
                }
                (5, _, Some(id)) => {
                    queue.renew(id, moment);
                    let until = moment;
                    model.insert(held, Place::Claimed { token, until });
                }
                (6 | 7, _, Some(id)) => {
                    queue.settle(id, moment);
                    model.insert(held, Place::Due(moment));
                }
                (8, Some(_), _) if rng.u32(0..4) == 0 => {
                    queue.end_claims(moment);
                    for place in model.values_mut() {
                        if let Place::Claimed { until, .. } = *place
                            && until <= moment
                        {
                            *place = Place::Due(until);
                        }
                    }
                }
                _ => {}
            }
            queue.assert_sound();
            let found = model
                .keys()
                .map(|key| (*key, queue.place(queue.find(key).unwrap())));
            assert!(found.eq(model.iter().map(|(key, place)| (*key, *place))));
            assert_eq!(queue.len(), model.len());
            let due = model.values().filter_map(|place| match place {
                Place::Due(at) => Some(*at),
                Place::Claimed { .. } => None,
            });
            assert_eq!(queue.first().map(|(at, _)| at), due.min());
        }
        assert!(tokens.len() > 1_000);
    }
}
