//! Several records under one key.

use sea_orm::TryIntoModel;
use touchable::{
    Stamp,
    cache::{Version, Versioned, key::Namespace},
};
use touchable_tests::{
    at,
    entities::board::{self, event, user},
    epoch,
};

type Task = board::task::Model;

fn task(id: i32, micros: i64) -> Task {
    let task = board::task(id, None, None).try_into_model().unwrap();
    Task {
        updated_at: at(micros),
        ..task
    }
}

fn owner() -> user::Model {
    board::user(7).try_into_model().unwrap()
}

fn version(of: &(impl Versioned + ?Sized)) -> Version {
    of.cache_version().unwrap()
}

#[test]
fn b03_tuples_of_records_have_keys_and_versions() {
    let (task, owner) = (task(5, 1), owner());
    let both = (&task, &owner);
    assert_eq!(both.cache_key().unwrap(), "tasks/5:users/7");
    let with_version = both.cache_key_with_version().unwrap();
    let expected = format!("tasks/5@{:020}:users/7@{:020}", epoch() + 1, epoch() + 107);
    assert_eq!(with_version, expected);
    assert_ne!(version(&both), version(&(&owner, &task)));
    let mut touched = owner.clone();
    touched.updated_at = at(108);
    assert_ne!(version(&both), version(&(&task, &touched)));
    let event: event::Model = board::event(1).try_into_model().unwrap();
    let many = (&task, &owner, &event, &task, &owner, &event, &task, Some(&owner));
    assert!(many.cache_key().unwrap().starts_with("tasks/5:users/7:events/1:"));
}

#[test]
fn b03_a_collections_version_covers_keys_versions_and_order() {
    let tasks = vec![task(1, 1), task(2, 2)];
    assert_eq!(tasks.cache_key().unwrap(), "tasks/1:tasks/2");
    let others = [
        vec![],
        vec![task(1, 1)],
        vec![task(2, 2), task(1, 1)],
        vec![task(1, 1), task(2, 3)],
        // One leaves, another of the same stamp comes.
        vec![task(1, 1), task(3, 2)],
        // The stamps change places.
        vec![task(1, 2), task(2, 1)],
        vec![task(1, 1), task(2, 2), task(2, 2)],
    ];
    for other in &others {
        assert_ne!(version(&tasks), version(other), "{other:?}");
    }
    assert_eq!(version(&tasks), version(tasks.as_slice()));
    assert_eq!(version(&tasks), version(&[&tasks[0], &tasks[1]]));
}

#[test]
fn b03_a_long_collection_is_a_short_key() {
    let space = Namespace::new("list").unwrap();
    let tasks: Vec<Task> = (1..=1_000).map(|id| task(id, i64::from(id))).collect();
    let key = space.key(&tasks).unwrap();
    assert_eq!(key.len(), 250);
    for changed in [0, 500, 999] {
        let mut others = tasks.clone();
        others[changed].updated_at = at(5_000);
        assert_ne!(space.key(&others).unwrap(), key);
    }
}

#[test]
fn b03_a_record_that_is_not_there_is_a_version_too() {
    let (task, owner) = (task(5, 1), owner());
    let none = (&task, None::<&user::Model>);
    assert_eq!(none.cache_key().unwrap(), "tasks/5:~");
    assert_ne!(version(&none), version(&(&task, Some(&owner))));
    assert_ne!(version(&Some(&task)), version(&None::<&Task>));
}

#[test]
fn b03_one_record_without_a_version_leaves_all_without() {
    let unsaved = board::task(1, None, None);
    let (task, owner) = (task(5, 1), owner());
    assert!(
        (&task, &unsaved, &owner)
            .cache_version()
            .unwrap_err()
            .is_no_version()
    );
    assert!([&unsaved].cache_version().unwrap_err().is_no_version());
    assert!(Some(&unsaved).cache_version().unwrap_err().is_no_version());
}

#[test]
fn b03_a_version_from_elsewhere_takes_a_name() {
    let version_of = |micros| Version::from(Stamp::from_micros(micros));
    let prices = version_of(1).of(("prices", "eu"));
    assert_eq!(prices.cache_key().unwrap(), "prices:eu");
    assert_eq!(prices.cache_version().unwrap(), version_of(1));
    assert_eq!(
        prices.cache_key_with_version().unwrap(),
        "(prices:eu):@00000000000000000001"
    );
    let task = task(5, 1);
    assert_ne!(
        version(&(&task, prices)),
        version(&(&task, version_of(2).of(("prices", "eu"))))
    );
    // Named like a record, it is still none.
    assert_ne!(
        version(&task).of("tasks/5").cache_key_with_version().unwrap(),
        task.cache_key_with_version().unwrap()
    );
}

#[test]
fn b19_only_a_single_record_has_a_moment() {
    let (task, owner) = (task(5, 1), owner());
    assert_eq!(task.touched_at(), Some(Stamp::from_micros(epoch() + 1)));
    assert_eq!((&task).touched_at(), task.touched_at());
    assert_eq!((&task, &owner).touched_at(), None);
    assert_eq!(vec![task].touched_at(), None);
}
