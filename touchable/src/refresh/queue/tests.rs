//! The queue by itself: beside a model, and in many orders of steps.

use std::{collections::BTreeMap, time::Duration};

use fastrand::Rng;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

impl<K: Clone + Eq + Hash, T: Clone> Queue<K, T> {
    fn claim_all(&mut self, now: Moment, soon: Moment, most: usize) -> Vec<Claimed<K, T>> {
        let mut all = Vec::new();
        self.claim(now, [soon; 2], most, |claimed| all.push(claimed));
        all
    }

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
                for claimed in queue.claim_all(moment, moment + SECOND, rng.usize(1..4)) {
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
    let claimed = queue.claim_all(now, soon, 10);
    let keys: Vec<&str> = claimed.iter().map(|claimed| claimed.key).collect();
    assert_eq!(keys, ["now", "soon"]);
    assert!(
        queue.claim_all(now, soon, 10).is_empty(),
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
        .flat_map(|_| queue.claim_all(now, now, 1))
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
    assert_eq!(queue.claim_all(now + SECOND, now + SECOND, 1)[0].key, 1);
}

/// Workers that claim and end, and callers who create, hint, replace, finish and remove, in thousands of orders of their steps:
/// no key is polled twice at the same time, and in the end nothing is due, under way, or left behind.
#[test]
fn whoever_goes_first() {
    use shuttle::{
        sync::{Arc, Mutex},
        thread,
    };

    type Shared = Arc<Mutex<(Queue<u32, u32>, Vec<u32>)>>;

    fn work(shared: &Shared, now: Moment, most: usize) {
        for _ in 0..4 {
            let claimed = {
                let (queue, under_way) = &mut *shared.lock().unwrap();
                let claimed = queue.claim_all(now, now, most);
                for claim in &claimed {
                    assert!(!under_way.contains(&claim.key), "twice at the same time");
                    under_way.push(claim.key);
                }
                claimed
            };
            thread::yield_now();
            let (queue, under_way) = &mut *shared.lock().unwrap();
            for claim in claimed {
                under_way.retain(|key| *key != claim.key);
                if queue.is_current(claim.id, claim.generation) && claim.value % 3 == 0 {
                    queue.enter(claim.id, Stage::Finished);
                }
                queue.end(claim.id, Some(resync(now + SECOND)));
            }
            queue.assert_sound();
        }
    }

    fn call(shared: &Shared, now: Moment, number: u32) {
        for step in 0..6 {
            let (queue, _) = &mut *shared.lock().unwrap();
            let key = (number + step) % 2;
            match (queue.find(&key), (number + step) % 4) {
                (None, _) => {
                    let id = queue.insert(key, number + step, 0);
                    queue.schedule(id, Due::urgent(now), now);
                }
                (Some(id), 0) => drop(queue.remove(id)),
                (Some(id), 1) => queue.replaced(id),
                (Some(id), _) => drop(queue.schedule(id, Due::urgent(now), now)),
            }
            queue.assert_sound();
        }
    }

    let now = Moment::now();
    let all = move || {
        let shared: Shared = Arc::new(Mutex::new((Queue::new(), Vec::new())));
        let spawn = |number: u32| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || match number {
                0 => work(&shared, now, 1),
                1 => work(&shared, now, 2),
                number => call(&shared, now, number),
            })
        };
        let threads: Vec<_> = (0..4).map(spawn).collect();
        for thread in threads {
            thread.join().unwrap();
        }
        work(&shared, now + SECOND * 2, 9);
        let (queue, under_way) = &mut *shared.lock().unwrap();
        assert!(under_way.is_empty() && queue.running.is_empty());
        let all: Vec<Id> = queue.ids().collect();
        for id in all {
            assert!(queue.remove(id).is_some());
        }
        assert!(queue.items.is_empty() && queue.ids.is_empty() && queue.len() == 0);
    };
    shuttle::check_random(all, 3_000);
    shuttle::check_pct(all, 1_000, 3);
}
