//! Which items there are, when each is due, and which of them goes when there is no room.

use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
};

use foldhash::fast::RandomState;
use slab::Slab;

use crate::schedule::Moment;

/// Items by key, each with at most one place among what is due.
///
/// Pure: it waits for nothing, asks no clock, and runs nothing of the application's but `Clone`, `Hash` and `Eq` of its keys.
///
/// An item that is removed while it is polled leaves its place behind, without its value, until the call has ended: the key is not
/// polled twice at the same time, whatever becomes of it meanwhile.
#[derive(Debug)]
pub(super) struct Queue<K, T> {
    items: Slab<Item<K, T>>,
    ids: HashMap<K, Id, RandomState>,
    /// What is due, by class.
    due: [BTreeSet<(Moment, Id)>; 2],
    expiring: BTreeSet<(Moment, Id)>,
    /// What goes first when there is no room, by [`Stage`]; each as it was last used when somebody looked.
    used: [BTreeSet<(u64, Id)>; 2],
    running: BTreeSet<(Moment, Id)>,
    len: usize,
    generations: u64,
    /// Urgent items that were claimed since the last other one.
    urgent_in_a_row: u32,
}

/// An item, or what a removed one has left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id(usize);

/// How soon an item is polled among those that are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// It is new, or somebody has said that it has changed.
    Urgent,
    Resync,
}

/// When an item is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    pub at: Moment,
    pub class: Class,
    /// Not a little earlier either.
    pub exact: bool,
}

/// What becomes of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It is polled.
    Live,
    /// It is not polled any more.
    Finished,
}

/// A poll under way.
#[derive(Clone, Copy, Debug)]
struct Run {
    since: Moment,
    /// Asked for since it began.
    again: Option<Due>,
}

#[derive(Debug)]
struct Item<K, T> {
    key: K,
    /// None when it was removed.
    value: Option<T>,
    generation: u64,
    stage: Stage,
    due: Option<Due>,
    run: Option<Run>,
    expires: Option<Moment>,
    used: u64,
}

/// An item that somebody polls.
#[derive(Debug)]
pub(super) struct Claimed<K, T> {
    pub id: Id,
    pub generation: u64,
    pub key: K,
    pub value: T,
}

/// So many urgent items are claimed before one that is not, where both wait.
const URGENT_IN_A_ROW: u32 = 3;

impl<K: Clone + Eq + Hash, T: Clone> Queue<K, T> {
    pub(super) fn new() -> Self {
        Self {
            items: Slab::new(),
            ids: HashMap::default(),
            due: [const { BTreeSet::new() }; 2],
            expiring: BTreeSet::new(),
            used: [const { BTreeSet::new() }; 2],
            running: BTreeSet::new(),
            len: 0,
            generations: 0,
            urgent_in_a_row: 0,
        }
    }

    /// How many items there are.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// How many of them are waiting, or due, or polled.
    pub(super) fn queued(&self) -> usize {
        self.due.iter().map(BTreeSet::len).sum::<usize>() + self.running.len()
    }

    /// How many are not polled any more.
    pub(super) fn finished(&self) -> usize {
        self.used[Stage::Finished as usize].len()
    }

    pub(super) fn find(&self, key: &K) -> Option<Id> {
        let id = *self.ids.get(key)?;
        self.items[id.0].value.is_some().then_some(id)
    }

    /// The value of an item that [is there](Self::find).
    pub(super) fn get(&self, id: Id) -> Option<&T> {
        self.items.get(id.0)?.value.as_ref()
    }

    pub(super) fn key(&self, id: Id) -> &K {
        &self.items[id.0].key
    }

    pub(super) fn stage(&self, id: Id) -> Stage {
        self.items[id.0].stage
    }

    /// All that are there.
    pub(super) fn ids(&self) -> impl Iterator<Item = Id> {
        let there = |(id, item): (usize, &Item<K, T>)| item.value.is_some().then_some(Id(id));
        self.items.iter().filter_map(there)
    }

    /// Whether a claim is of the item as it is now.
    pub(super) fn is_current(&self, id: Id, generation: u64) -> bool {
        let item = self.items.get(id.0);
        item.is_some_and(|item| item.generation == generation && item.value.is_some())
    }

    /// A new item, of a key that has none.
    pub(super) fn insert(&mut self, key: K, value: T, used: u64) -> Id {
        self.generations += 1;
        let generation = self.generations;
        let id = if let Some(id) = self.ids.get(&key).copied() {
            debug_assert!(self.items[id.0].value.is_none(), "one item a key");
            let item = &mut self.items[id.0];
            (item.value, item.generation, item.stage, item.used) =
                (Some(value), generation, Stage::Live, used);
            id
        } else {
            let id = Id(self.items.insert(Item {
                key: key.clone(),
                value: Some(value),
                generation,
                stage: Stage::Live,
                due: None,
                run: None,
                expires: None,
                used,
            }));
            self.ids.insert(key, id);
            id
        };
        self.used[Stage::Live as usize].insert((used, id));
        self.len += 1;
        id
    }

    /// Removes an item; returns its value.
    pub(super) fn remove(&mut self, id: Id) -> Option<T> {
        let value = self.items[id.0].value.take()?;
        self.len -= 1;
        self.set_due(id, None);
        self.expire_at(id, None);
        let item = &mut self.items[id.0];
        self.used[item.stage as usize].remove(&(item.used, id));
        if let Some(run) = &mut item.run {
            run.again = None;
        } else {
            self.forget(id);
        }
        Some(value)
    }

    fn forget(&mut self, id: Id) {
        let item = self.items.remove(id.0);
        self.ids.remove(&item.key);
        if self.items.is_empty() {
            // What was needed for many is not kept for none.
            (self.items, self.ids) = (Slab::new(), HashMap::default());
        }
    }

    /// Another value is in its place: what a poll under way brings is not of it.
    pub(super) fn replaced(&mut self, id: Id) {
        self.generations += 1;
        self.items[id.0].generation = self.generations;
    }

    fn set_due(&mut self, id: Id, due: Option<Due>) {
        let item = &mut self.items[id.0];
        if let Some(before) = item.due.take() {
            self.due[before.class as usize].remove(&(before.at, id));
        }
        item.due = due;
        if let Some(due) = due {
            self.due[due.class as usize].insert((due.at, id));
        }
    }

    /// Makes a live item due, unless it is so sooner; one that is polled will be due again. What is urgent now stays so however
    /// long the item has waited.
    pub(super) fn schedule(&mut self, id: Id, due: Due, now: Moment) -> bool {
        let is_urgent = due.class == Class::Urgent && due.at <= now;
        let item = &mut self.items[id.0];
        if item.stage == Stage::Finished {
            return false;
        }
        if let Some(run) = &mut item.run {
            run.again = Some(run.again.map_or(due, |before| before.or(due)));
            return true;
        }
        let mut due = item.due.map_or(due, |before| before.or(due));
        if is_urgent {
            due.class = Class::Urgent;
        }
        self.set_due(id, Some(due));
        true
    }

    /// Ends that an item is polled, or begins it: then it is to be [scheduled](Self::schedule).
    pub(super) fn enter(&mut self, id: Id, stage: Stage) {
        if stage == Stage::Finished {
            self.set_due(id, None);
        }
        let item = &mut self.items[id.0];
        if let (Stage::Finished, Some(run)) = (stage, &mut item.run) {
            run.again = None;
        }
        self.used[item.stage as usize].remove(&(item.used, id));
        item.stage = stage;
        self.used[stage as usize].insert((item.used, id));
    }

    pub(super) fn expire_at(&mut self, id: Id, at: Option<Moment>) {
        let item = &mut self.items[id.0];
        if let Some(before) = item.expires.take() {
            self.expiring.remove(&(before, id));
        }
        item.expires = at;
        self.expiring.extend(at.map(|at| (at, id)));
    }

    pub(super) fn expires(&self, id: Id) -> Option<Moment> {
        self.items[id.0].expires
    }

    /// An item whose time is over.
    pub(super) fn expired(&self, now: Moment) -> Option<Id> {
        let (at, id) = self.expiring.first().copied()?;
        (at <= now).then_some(id)
    }

    /// The item that goes when there is no room: of those that are finished, or else of all, the one that was least recently
    /// used. `used` tells when that was; what was noted is never later.
    pub(super) fn least_recently_used(&mut self, used: impl Fn(&T) -> u64) -> Option<Id> {
        for stage in [Stage::Finished, Stage::Live] {
            let all = &mut self.used[stage as usize];
            while let Some((noted, id)) = all.pop_first() {
                let item = &mut self.items[id.0];
                let last = item.value.as_ref().map_or(noted, &used);
                item.used = last.max(noted);
                all.insert((item.used, id));
                if item.used == noted {
                    return Some(id);
                }
            }
        }
        None
    }

    /// When the first item is due, or since when.
    pub(super) fn next_due(&self) -> Option<Moment> {
        let firsts = self.due.iter().filter_map(BTreeSet::first);
        firsts.map(|(at, _)| *at).min()
    }

    /// When the time of the first item is over.
    pub(super) fn next_expiry(&self) -> Option<Moment> {
        self.expiring.first().map(|(at, _)| *at)
    }

    /// Since when the longest poll is under way.
    pub(super) fn running_since(&self) -> Option<Moment> {
        self.running.first().map(|(since, _)| *since)
    }

    /// Claims up to so many items that are due; when there are any, also urgent ones that will be before `soon`, and others
    /// before `early`. They are `claimed` one by one, so that none is lost when a key cannot be cloned.
    ///
    /// Urgent ones go first, but where others wait one of these is taken after three of them. Among each other they go in the
    /// order in which they have become due.
    pub(super) fn claim(
        &mut self,
        now: Moment,
        soon: [Moment; 2],
        most: usize,
        mut claimed: impl FnMut(Claimed<K, T>),
    ) {
        let mut count = 0;
        while count < most
            && let Some(id) = self.first_due(now)
        {
            self.begin(id, now, &mut claimed);
            count += 1;
        }
        if count == 0 {
            return;
        }
        for class in [Class::Urgent, Class::Resync] {
            let early = self.due[class as usize].iter();
            let early = early
                .take_while(|(at, _)| *at <= soon[class as usize])
                .map(|(_, id)| *id);
            let early = early.filter(|id| self.items[id.0].due.is_some_and(|due| !due.exact));
            let early: Vec<Id> = early.take(most - count).collect();
            count += early.len();
            for id in early {
                self.begin(id, now, &mut claimed);
            }
        }
    }

    fn first_due(&mut self, now: Moment) -> Option<Id> {
        let [urgent, resync] = self.due.each_ref().map(|due| {
            let first = due.first().filter(|(at, _)| *at <= now);
            first.map(|(_, id)| *id)
        });
        match (urgent, resync) {
            (Some(urgent), None) => Some(urgent),
            (Some(urgent), Some(_)) if self.urgent_in_a_row < URGENT_IN_A_ROW => {
                self.urgent_in_a_row += 1;
                Some(urgent)
            }
            (_, resync) => {
                self.urgent_in_a_row = 0;
                resync
            }
        }
    }

    fn begin(&mut self, id: Id, now: Moment, claimed: &mut impl FnMut(Claimed<K, T>)) {
        let item = &self.items[id.0];
        debug_assert!(item.run.is_none(), "nothing is polled twice at the same time");
        let Some(value) = item.value.clone() else { return };
        let claim = Claimed {
            id,
            generation: item.generation,
            key: item.key.clone(),
            value,
        };
        self.set_due(id, None);
        self.items[id.0].run = Some(Run {
            since: now,
            again: None,
        });
        self.running.insert((now, id));
        claimed(claim);
    }

    /// A poll has ended: the item is due then, or when somebody has asked for it meanwhile.
    pub(super) fn end(&mut self, id: Id, due: Option<Due>) {
        let item = &mut self.items[id.0];
        let Some(run) = item.run.take() else { return };
        self.running.remove(&(run.since, id));
        if item.value.is_none() {
            return self.forget(id);
        }
        if item.stage == Stage::Live {
            let due = match (due, run.again) {
                (Some(due), Some(again)) => Some(due.or(again)),
                (due, again) => due.or(again),
            };
            self.set_due(id, due);
        }
    }
}

impl Due {
    /// Before what only has waited long.
    pub(super) const fn urgent(at: Moment) -> Self {
        Self {
            at,
            class: Class::Urgent,
            exact: false,
        }
    }

    /// The earlier of two; of two at the same time the urgent one.
    fn or(self, other: Self) -> Self {
        let rank = |due: &Self| (due.at, due.class as usize);
        if rank(&other) < rank(&self) { other } else { self }
    }
}

#[cfg(test)]
mod tests;
