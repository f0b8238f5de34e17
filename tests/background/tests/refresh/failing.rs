//! Promise 8: what fails, hangs and panics.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep};
use touchable::refresh::{ItemState, RateLimit, Slot};

use crate::script::{Asked, Numbers, PERIOD, SECOND, builder, cache, service};

fn gaps(asked: &Asked) -> Vec<Duration> {
    asked.times().windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// After each failure so many periods, or up to a tenth more.
fn assert_backs_off(asked: &Asked, periods: &[u32]) {
    let gaps = gaps(asked);
    assert_eq!(gaps.len(), periods.len(), "{gaps:?}");
    for (gap, periods) in gaps.iter().zip(periods) {
        let pause = PERIOD * *periods;
        assert!((pause..=pause * 11 / 10 + SECOND).contains(gap), "{gaps:?}");
    }
}

fn failing_slots() -> Numbers {
    service(|batch| {
        Box::pin(async move {
            batch.slots().for_each(|slot| slot.fail("the job is nowhere"));
            Ok(())
        })
    })
}

fn failing_calls() -> Numbers {
    service(|_| Box::pin(async { Err("the service is closed".into()) }))
}

fn panicking() -> Numbers {
    service(|_| Box::pin(async { panic!("a bug") }))
}

fn hanging() -> Numbers {
    service(|_| Box::pin(std::future::pending()))
}

async fn is_given_up_after_five(numbers: Numbers, says: &str) {
    let (builder, asked) = builder(numbers);
    let cache = builder.poll_timeout(Duration::from_millis(100)).start().unwrap();
    cache.get_or_create(&1, || 7).unwrap();
    sleep(PERIOD * 60).await;
    assert_backs_off(&asked, &[1, 2, 4, 8]);
    let item = cache.entry(&1).unwrap();
    assert_eq!((*item.value, item.state), (7, ItemState::GivenUp), "visible");
    assert_eq!(item.failures, 5);
    let error = item.last_error.unwrap();
    assert!(error.contains(says), "{error}");
    let stats = cache.stats();
    assert_eq!((stats.failures, stats.finished, stats.queued), (5, 1, 0));
    assert!(!cache.sync_soon(&1), "until somebody says `retry`");
    assert!(cache.retry(&1));
    assert!(!cache.retry(&1));
    sleep(SECOND).await;
    assert_eq!(asked.count(), 6);
    assert_eq!(cache.entry(&1).unwrap().failures, 1, "counted anew");
}

#[tokio::test(start_paused = true)]
async fn b08_a_slot_that_fails() {
    is_given_up_after_five(failing_slots(), "the job is nowhere").await;
}

#[tokio::test(start_paused = true)]
async fn b08_a_call_that_fails() {
    is_given_up_after_five(failing_calls(), "the service is closed").await;
}

#[tokio::test(start_paused = true)]
async fn b08_a_call_that_panics() {
    is_given_up_after_five(panicking(), "the poller panicked: a bug").await;
}

#[tokio::test(start_paused = true)]
async fn b08_a_call_that_hangs() {
    is_given_up_after_five(hanging(), "did not end within 100ms").await;
}

#[tokio::test(start_paused = true)]
async fn b08_pauses_end_at_ten_periods() {
    let (builder, asked) = builder(failing_calls());
    let cache = builder.max_failures(u32::MAX).start().unwrap();
    cache.get_or_create(&1, || 7).unwrap();
    sleep(PERIOD * 50).await;
    assert_backs_off(&asked, &[1, 2, 4, 8, 10, 10, 10][..asked.count() - 1]);
    assert!(asked.count() > 6);
    assert_eq!(cache.entry(&1).unwrap().state, ItemState::Live);
}

#[tokio::test(start_paused = true)]
async fn b08_success_ends_the_pauses() {
    let is_open = Arc::new(AtomicBool::new(false));
    let open = Arc::clone(&is_open);
    let (cache, asked) = cache(service(move |batch| {
        let open = Arc::clone(&open);
        Box::pin(async move {
            if !open.load(SeqCst) {
                return Err("closed".into());
            }
            batch.slots().for_each(Slot::unchanged);
            Ok(())
        })
    }));
    cache.get_or_create(&1, || 7).unwrap();
    sleep(PERIOD * 2).await;
    is_open.store(true, SeqCst);
    sleep(PERIOD * 5).await;
    let item = cache.entry(&1).unwrap();
    assert_eq!((item.failures, item.last_error), (0, None));
    let last = *gaps(&asked).last().unwrap();
    assert!(last <= PERIOD * 11 / 10 + SECOND, "{last:?}");
}

/// What was answered before the end counts.
#[tokio::test(start_paused = true)]
async fn b08_answers_before_a_failure_count() {
    let (builder, _) = builder(service(|batch| {
        Box::pin(async move {
            let slot = batch.slot(&1).expect("the first");
            slot.update(5);
            panic!("before the second")
        })
    }));
    let cache = builder.batch(2).start().unwrap();
    cache.get_or_create(&1, || 0).unwrap();
    cache.get_or_create(&2, || 0).unwrap();
    sleep(SECOND).await;
    let (one, two) = (cache.entry(&1).unwrap(), cache.entry(&2).unwrap());
    assert_eq!((*one.value, one.failures), (5, 0));
    assert_eq!((*two.value, two.failures), (0, 1));
}

/// Ten workers, a key that always panics: an eleventh call happens, and other keys go on.
#[tokio::test(start_paused = true)]
async fn b08_a_panic_ends_no_worker() {
    let (builder, asked) = builder(service(|batch| {
        Box::pin(async move {
            assert!(batch.slot(&0).is_none(), "a bug");
            for slot in batch.slots() {
                let next = **slot.item() + 1;
                slot.update(next);
            }
            Ok(())
        })
    }));
    let cache = builder.max_failures(u32::MAX).start().unwrap();
    cache.get_or_create(&0, || 0).unwrap();
    for _ in 0..30 {
        assert!(cache.sync_soon(&0));
        sleep(SECOND).await;
    }
    assert_eq!(asked.count(), 30);
    assert_eq!(cache.stats().failures, 30);
    assert_eq!(
        cache.entry(&0).unwrap().failures,
        1,
        "those within a period are one"
    );
    cache.get_or_create(&1, || 0).unwrap();
    sleep(SECOND).await;
    assert_eq!(*cache.get(&1).unwrap(), 1);
}

/// One item that hangs holds up one worker, until its time is over.
#[tokio::test(start_paused = true)]
async fn b08_a_call_that_hangs_holds_nobody_up() {
    let (builder, _) = builder(service(|batch| {
        Box::pin(async move {
            if batch.slot(&0).is_some() {
                std::future::pending::<()>().await;
            }
            for slot in batch.slots() {
                let next = **slot.item() + 1;
                slot.update(next);
            }
            Ok(())
        })
    }));
    let cache = builder
        .workers(2)
        .poll_timeout(SECOND * 30)
        .rate_limit(RateLimit::per_second(1e6).burst(100))
        .start()
        .unwrap();
    let begun = Instant::now();
    for key in 0..20 {
        cache.get_or_create(&key, || 0).unwrap();
    }
    sleep(SECOND).await;
    assert!((1..20).all(|key| *cache.get(&key).unwrap() == 1));
    assert_eq!(cache.stats().longest_call, begun.elapsed());
    sleep(SECOND * 30).await;
    assert_eq!(cache.entry(&0).unwrap().failures, 1);
    assert_eq!(cache.stats().longest_call, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn b08_all_that_were_given_up_are_tried_again() {
    let (builder, asked) = builder(failing_calls());
    let cache = builder.max_failures(1).start().unwrap();
    for key in 0..5 {
        cache.get_or_create(&key, || 0).unwrap();
    }
    sleep(SECOND).await;
    assert_eq!((asked.count(), cache.stats().finished), (5, 5));
    assert_eq!(cache.retry_all(), 5);
    assert_eq!(cache.retry_all(), 0);
    sleep(SECOND).await;
    assert_eq!(asked.count(), 10);
}

/// What judges an answer may panic too.
#[tokio::test(start_paused = true)]
async fn b08_a_judge_that_panics() {
    use touchable::refresh::{AutoRefreshCache, Batch, BoxError, Poller};

    struct Unsure;

    impl Poller for Unsure {
        type Key = u32;
        type Item = u32;

        async fn poll(&self, batch: &mut Batch<u32, u32>) -> Result<(), BoxError> {
            batch.slots().for_each(|slot| slot.update(1));
            Ok(())
        }

        fn is_terminal(&self, item: &u32) -> bool {
            assert!(*item == 0, "unsure");
            false
        }
    }

    let cache = AutoRefreshCache::builder("unsure", Unsure).start().unwrap();
    cache.get_or_create(&1, || 0).unwrap();
    sleep(SECOND).await;
    let item = cache.entry(&1).unwrap();
    assert_eq!((*item.value, item.failures), (0, 1));
    assert_eq!(item.last_error.as_deref(), Some("`is_terminal` panicked"));
}
