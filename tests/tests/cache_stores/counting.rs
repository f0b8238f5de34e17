//! Contract: counters, and entries that only one can add.

use std::time::Duration;

use touchable::cache::store::Store;

use crate::{
    on_every_store, on_every_store_that_fails,
    subject::{Subject, ttl},
};

const TASKS: i64 = 64;

async fn a_counter_begins_at_nothing_and_adds_up<S: Store>(subject: &Subject<S>) {
    let key = subject.key("visits");
    for (by, sum) in [
        (5, 5),
        (-7, -2),
        (0, -2),
        (2, 0),
        (0, 0),
        (i64::MAX, i64::MAX),
        (-1, i64::MAX - 1),
    ] {
        assert_eq!(subject.store.increment(&key, by, None).await.unwrap(), sum);
        assert_eq!(
            subject.store.get(&key).await.unwrap(),
            Some(sum.to_string().into())
        );
    }
    let lowest = subject.key("lowest");
    assert_eq!(
        subject.store.increment(&lowest, i64::MIN, None).await.unwrap(),
        i64::MIN
    );
    // Numbers that a float does not hold.
    let exact = subject.key("exact");
    for sum in [9_007_199_254_740_993, 9_007_199_254_740_994] {
        let by = if sum % 2 == 1 { sum } else { 1 };
        assert_eq!(subject.store.increment(&exact, by, None).await.unwrap(), sum);
    }
}

async fn an_integer_that_was_set_is_a_counter<S: Store>(subject: &Subject<S>) {
    let [set, added, many] = ["set", "added", "many"].map(|name| subject.key(name));
    subject.store.set(&set, "41".into(), None).await.unwrap();
    assert!(subject.store.add(&added, "-43".into(), None).await.unwrap());
    subject
        .store
        .set_many(&[(&many, "0".into())], None)
        .await
        .unwrap();
    for (key, sum) in [(set, 42), (added, -42), (many, 1)] {
        assert_eq!(subject.store.increment(&key, 1, None).await.unwrap(), sum);
    }
}

async fn what_is_no_integer_stays_as_it_is<S: Store>(subject: &Subject<S>) {
    for (i, text) in ["", "a page", "007", "+7", "7.0", " 7", "9223372036854775808"]
        .iter()
        .enumerate()
    {
        let key = subject.key(&i.to_string());
        subject.store.set(&key, (*text).into(), None).await.unwrap();
        let error = subject.store.increment(&key, 1, None).await.unwrap_err();
        assert!(error.is_store(), "{error:?}");
        let message = error.to_string();
        assert!(
            message.contains(&key) && message.contains("not an integer"),
            "{message}"
        );
        assert_eq!(subject.store.get(&key).await.unwrap(), Some((*text).into()));
    }
}

async fn a_sum_that_does_not_fit_leaves_the_counter<S: Store>(subject: &Subject<S>) {
    for (i, (first, by)) in [
        (i64::MAX, 1),
        (i64::MIN, -1),
        (i64::MAX - 5, i64::MAX),
        (-2, i64::MIN),
    ]
    .iter()
    .enumerate()
    {
        let key = subject.key(&i.to_string());
        subject
            .store
            .increment(&key, *first, Some(ttl(Duration::from_hours(1))))
            .await
            .unwrap();
        let error = subject.store.increment(&key, *by, None).await.unwrap_err();
        let message = error.to_string();
        assert!(message.contains(&key) && message.contains("64 bits"), "{message}");
        assert_eq!(
            subject.store.get(&key).await.unwrap(),
            Some(first.to_string().into())
        );
    }
}

async fn increments_of_many_tasks_are_all_counted<S: Store + Clone>(subject: &Subject<S>) {
    let key = subject.key("visits");
    let mut tasks = Vec::new();
    for _ in 0..TASKS {
        let (store, key) = (subject.store.clone(), key.clone());
        tasks.push(tokio::spawn(async move {
            let mut sums = Vec::new();
            for by in [1, 10] {
                sums.push(
                    store
                        .increment(&key, by, Some(ttl(Duration::from_hours(1))))
                        .await
                        .unwrap(),
                );
            }
            sums
        }));
    }
    let mut sums = Vec::new();
    for task in tasks {
        sums.extend(task.await.unwrap());
    }
    sums.sort_unstable();
    sums.dedup();
    assert_eq!(
        i64::try_from(sums.len()).unwrap(),
        TASKS * 2,
        "a sum was given twice"
    );
    assert_eq!(sums.last(), Some(&(TASKS * 11)));
    assert_eq!(
        subject.store.get(&key).await.unwrap(),
        Some((TASKS * 11).to_string().into())
    );
}

async fn of_many_tasks_one_adds<S: Store + Clone>(subject: &Subject<S>) {
    for round in 0..4 {
        let key = subject.key(&format!("lock {round}"));
        let mut tasks = Vec::new();
        for task in 0..TASKS {
            let (store, key) = (subject.store.clone(), key.clone());
            tasks.push(tokio::spawn(async move {
                let added = store.add(&key, task.to_string().into(), None).await.unwrap();
                added.then_some(task)
            }));
        }
        let mut winners = Vec::new();
        for task in tasks {
            winners.extend(task.await.unwrap());
        }
        assert_eq!(winners.len(), 1, "{winners:?}");
        assert_eq!(
            subject.store.get(&key).await.unwrap(),
            Some(winners[0].to_string().into())
        );
    }
}

/// Where an expired entry is still in the way.
async fn of_many_tasks_one_adds_after_the_end_of_another<S: Store + Clone>(subject: &Subject<S>) {
    let key = subject.key("lock");
    let short = subject.short();
    assert!(
        subject
            .store
            .add(&key, "first".into(), Some(short))
            .await
            .unwrap()
    );
    subject
        .expect_end(short, async || subject.store.get(&key).await.unwrap().is_none())
        .await;
    let mut tasks = Vec::new();
    for _ in 0..TASKS {
        let (store, key) = (subject.store.clone(), key.clone());
        tasks.push(tokio::spawn(async move {
            store.add(&key, "next".into(), None).await.unwrap()
        }));
    }
    let mut winners = 0;
    for task in tasks {
        winners += u32::from(task.await.unwrap());
    }
    assert_eq!(winners, 1);
}

on_every_store!(
    a_counter_begins_at_nothing_and_adds_up,
    an_integer_that_was_set_is_a_counter,
    increments_of_many_tasks_are_all_counted,
    of_many_tasks_one_adds,
    of_many_tasks_one_adds_after_the_end_of_another,
);
on_every_store_that_fails!(
    what_is_no_integer_stays_as_it_is,
    a_sum_that_does_not_fit_leaves_the_counter,
);
