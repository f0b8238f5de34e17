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

    /// Claims up to so many items that are due; when there are any, also those that will be before `soon`.
    ///
    /// Urgent ones go first, but where others wait one of these is taken after three of them. Among each other they go in the
    /// order in which they have become due.
    pub(super) fn claim(&mut self, now: Moment, soon: Moment, most: usize) -> Vec<Claimed<K, T>> {
        let mut claimed = Vec::new();
        while claimed.len() < most
            && let Some(id) = self.first_due(now)
        {
            claimed.extend(self.begin(id, now));
        }
        if claimed.is_empty() {
            return claimed;
        }
        let early = self.due[Class::Resync as usize].iter();
        let early = early.take_while(|(at, _)| *at <= soon).map(|(_, id)| *id);
        let early = early.filter(|id| self.items[id.0].due.is_some_and(|due| !due.exact));
        let early: Vec<Id> = early.take(most - claimed.len()).collect();
        for id in early {
            claimed.extend(self.begin(id, now));
        }
        claimed
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

    fn begin(&mut self, id: Id, now: Moment) -> Option<Claimed<K, T>> {
        self.set_due(id, None);
        let item = &mut self.items[id.0];
        debug_assert!(item.run.is_none(), "nothing is polled twice at the same time");
        item.run = Some(Run {
            since: now,
            again: None,
        });
        self.running.insert((now, id));
        Some(Claimed {
            id,
            generation: item.generation,
            key: item.key.clone(),
            value: item.value.clone()?,
        })
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
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use fastrand::Rng;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    impl<K: Clone + Eq + Hash, T: Clone> Queue<K, T> {
        /// One place an item, one item a key, and nothing besides.
        fn assert_sound(&self) {
            let there = self.items.iter().filter(|(_, item)| item.value.is_some());
            assert_eq!(there.clone().count(), self.len);
            assert_eq!(self.ids.len(), self.items.len());
            let (mut due, mut expiring, mut running) = (0, 0, 0);
            for (at, item) in &self.items {
                let id = Id(at);
                assert_eq!(self.ids.get(&item.key), Some(&id));
                assert!(item.value.is_some() || item.run.is_some(), "a place of nobody");
                assert!(item.due.is_none() || item.run.is_none(), "due and under way");
                if let Some(due_at) = item.due {
                    due += 1;
                    assert!(self.due[due_at.class as usize].contains(&(due_at.at, id)));
                    assert_eq!(item.stage, Stage::Live);
                }
                if let Some(at) = item.expires {
                    expiring += 1;
                    assert!(self.expiring.contains(&(at, id)));
                }
                if let Some(run) = item.run {
                    running += 1;
                    assert!(self.running.contains(&(run.since, id)));
                }
                let used = self.used[item.stage as usize].contains(&(item.used, id));
                assert_eq!(used, item.value.is_some());
            }
            assert_eq!(due, self.due.iter().map(BTreeSet::len).sum::<usize>());
            assert_eq!(expiring, self.expiring.len());
            assert_eq!(running, self.running.len());
            assert_eq!(self.len, self.used.iter().map(BTreeSet::len).sum::<usize>());
        }
    }

    fn resync(at: Moment) -> Due {
        Due {
            class: Class::Resync,
            ..Due::urgent(at)
        }
    }

    /// What a model knows of a key.
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Known {
        value: u32,
        is_live: bool,
        due: Option<Moment>,
    }

    /// Beside a model that has every item, and every poll, in one map each.
    #[test]
    #[expect(clippy::too_many_lines, reason = "one arm a step")]
    fn every_item_has_one_place_whatever_happens() {
        let start = Moment::now();
        let mut rng = Rng::with_seed(7);
        let mut queue: Queue<&str, u32> = Queue::new();
        let mut model: BTreeMap<&str, Known> = BTreeMap::new();
        // By key: the claim, and when it was asked for again.
        let mut polls: BTreeMap<&str, (Claimed<&str, u32>, Option<Moment>)> = BTreeMap::new();
        for step in 0..30_000 {
            let key = ["a", "b", "c", "d", "e"][rng.usize(..5)];
            let moment = start + SECOND * rng.u32(0..1_000);
            let due = if rng.bool() {
                Due::urgent(moment)
            } else {
                resync(moment)
            };
            match (rng.u32(0..8), queue.find(&key)) {
                (0, None) => {
                    let id = queue.insert(key, step, step.into());
                    assert!(queue.schedule(id, due, start));
                    let is_polled = polls
                        .get_mut(key)
                        .map(|(_, again)| *again = Some(moment))
                        .is_some();
                    let due = (!is_polled).then_some(moment);
                    model.insert(
                        key,
                        Known {
                            value: step,
                            is_live: true,
                            due,
                        },
                    );
                }
                (1, Some(id)) => {
                    assert_eq!(queue.remove(id), model.remove(key).map(|known| known.value));
                    if let Some((_, again)) = polls.get_mut(key) {
                        *again = None;
                    }
                }
                (2, Some(id)) => {
                    let known = model.get_mut(key).unwrap();
                    assert_eq!(queue.schedule(id, due, start), known.is_live);
                    match polls.get_mut(key) {
                        _ if !known.is_live => {}
                        Some((_, again)) => *again = Some(again.map_or(moment, |before| before.min(moment))),
                        None => known.due = Some(known.due.map_or(moment, |before| before.min(moment))),
                    }
                }
                (3, Some(id)) => {
                    queue.enter(id, Stage::Finished);
                    let known = model.get_mut(key).unwrap();
                    (known.is_live, known.due) = (false, None);
                    if let Some((_, again)) = polls.get_mut(key) {
                        *again = None;
                    }
                }
                (4, _) => {
                    for claimed in queue.claim(moment, moment + SECOND, rng.usize(1..4)) {
                        let known = model.get_mut(claimed.key).unwrap();
                        let due = known.due.take().expect("only what is due");
                        assert!(known.is_live && due <= moment + SECOND, "{due:?}");
                        assert_eq!(claimed.value, known.value);
                        let twice = polls.insert(claimed.key, (claimed, None));
                        assert!(twice.is_none(), "twice at the same time");
                    }
                }
                (5, found) => {
                    let Some((claimed, again)) = polls.remove(key) else {
                        continue;
                    };
                    let is_current = found.is_some() && model[key].value == claimed.value;
                    assert_eq!(queue.is_current(claimed.id, claimed.generation), is_current);
                    queue.end(claimed.id, Some(due));
                    if let Some(known) = model.get_mut(key).filter(|known| known.is_live) {
                        known.due = Some(again.map_or(moment, |again| again.min(moment)));
                    }
                }
                (6, Some(id)) => queue.expire_at(id, rng.bool().then_some(moment)),
                (7, _) if rng.u32(..20) == 0 => {
                    let least = queue.least_recently_used(|value| u64::from(*value) + 1);
                    assert_eq!(least.is_some(), !model.is_empty());
                    if let Some(id) = least {
                        let known = model.remove(queue.key(id)).unwrap();
                        let finished = |known: &Known| !known.is_live;
                        assert!(
                            !known.is_live || !model.values().any(finished),
                            "finished ones first"
                        );
                        let same = |other: &&Known| other.is_live == known.is_live;
                        assert!(model.values().filter(same).all(|other| other.value > known.value));
                        if let Some((_, again)) = polls.get_mut(queue.key(id)) {
                            *again = None;
                        }
                        queue.remove(id);
                    }
                }
                _ => {}
            }
            queue.assert_sound();
            assert_eq!(queue.len(), model.len());
            for (key, known) in &model {
                let id = queue.find(key).unwrap();
                assert_eq!(queue.get(id), Some(&known.value));
                assert_eq!(
                    queue.items[id.0].due.map(|due| due.at),
                    known.due,
                    "{key}, step {step}"
                );
                assert_eq!(queue.stage(id) == Stage::Live, known.is_live);
            }
            assert_eq!(queue.running.len(), polls.len());
            assert_eq!(
                queue.next_due(),
                model.values().filter_map(|known| known.due).min()
            );
        }
        assert!(queue.generations > 1_000);
    }

    #[test]
    fn what_has_a_time_of_its_own_is_not_taken_early() {
        let now = Moment::now();
        let mut queue = Queue::new();
        let mut add = |key, due: Due| {
            let id = queue.insert(key, (), 0);
            queue.schedule(id, due, now);
        };
        let soon = now + SECOND;
        add("now", resync(now));
        add("soon", resync(soon));
        add(
            "exactly",
            Due {
                exact: true,
                ..resync(soon)
            },
        );
        add("late", resync(soon + SECOND));
        let claimed = queue.claim(now, soon, 10);
        let keys: Vec<&str> = claimed.iter().map(|claimed| claimed.key).collect();
        assert_eq!(keys, ["now", "soon"]);
        assert!(
            queue.claim(now, soon, 10).is_empty(),
            "nothing is taken early for itself"
        );
    }

    #[test]
    fn three_urgent_ones_and_then_one_that_waits() {
        let now = Moment::now();
        let mut queue = Queue::new();
        for key in 0..8 {
            let id = queue.insert(key, (), 0);
            let due = if key < 6 { Due::urgent(now) } else { resync(now) };
            queue.schedule(id, due, now);
        }
        let claimed: Vec<i32> = (0..8)
            .flat_map(|_| queue.claim(now, now, 1))
            .map(|claimed| claimed.key)
            .collect();
        assert_eq!(claimed, [0, 1, 2, 6, 3, 4, 5, 7]);
    }

    #[test]
    fn an_overdue_item_that_is_hinted_at_is_urgent() {
        let now = Moment::now();
        let mut queue = Queue::new();
        for key in [0, 1] {
            let id = queue.insert(key, (), 0);
            queue.schedule(id, resync(now), now);
        }
        let id = queue.find(&1).unwrap();
        queue.schedule(id, Due::urgent(now + SECOND), now + SECOND);
        assert_eq!(queue.claim(now + SECOND, now + SECOND, 1)[0].key, 1);
    }
}
