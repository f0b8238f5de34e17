//! Promises 9 and 14, adaptive polling, and memory: the limiter, batches, and the end.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::Semaphore,
    time::{Instant, sleep},
};
use touchable::refresh::{AutoRefreshCache, Hints, RateLimit};

use crate::script::{
    Numbers, PERIOD, SECOND, builder, cache, counting, counting_behind, settle, slowly_counting, until_asked,
};

/// Whoever waits has reserved nothing: what was removed costs no call.
#[tokio::test(start_paused = true)]
async fn b09_the_limit_is_of_calls_that_begin() {
    let (builder, asked) = builder(counting());
    let cache = builder.rate_limit(RateLimit::per_second(1.0)).start().unwrap();
    let begun = Instant::now();
    for key in 0..100 {
        cache.get_or_create(&key, || 0).unwrap();
    }
    settle().await;
    for key in 1..99 {
        cache.remove(&key);
    }
    sleep(SECOND * 5).await;
    let times: Vec<Duration> = asked.times().into_iter().map(|at| at - begun).collect();
    assert_eq!(times, [Duration::ZERO, SECOND]);
    assert_eq!(asked.calls(), [[0], [99]]);
}

/// The rate that is set is used: fewer than one in twenty calls is lost.
#[tokio::test(start_paused = true)]
async fn b09_the_rate_is_kept_and_used() {
    let (builder, asked) = builder(slowly_counting(SECOND / 20));
    let cache = builder
        .resync_period(SECOND)
        .rate_limit(RateLimit::per_second(50.0))
        .start()
        .unwrap();
    for key in 0..1_000 {
        cache.get_or_create(&key, || 0).unwrap();
    }
    sleep(SECOND * 100).await;
    let calls = asked.count();
    assert!((4_750..=5_001).contains(&calls), "{calls}");
    let times = asked.times();
    for second in times.windows(51) {
        assert!(second[50] - second[0] >= SECOND, "51 in a second");
    }
}

/// With a batch, items go along that are nearly due, so that they come to stay together.
#[tokio::test(start_paused = true)]
async fn b09_a_call_takes_what_is_nearly_due() {
    let (builder, asked) = builder(counting());
    let cache = builder.batch(50).start().unwrap();
    for key in 0..100 {
        cache.get_or_create(&key, || 0).unwrap();
    }
    sleep(PERIOD * 10).await;
    assert!(asked.calls().iter().all(|keys| keys.len() <= 50));
    let (calls, polls) = (asked.count(), cache.stats().polled);
    assert!((900..=1_200).contains(&polls), "{polls}");
    // Each by itself would be as many calls as polls.
    assert!(calls <= 110, "{calls} calls for {polls} polls");
}

#[tokio::test(start_paused = true)]
async fn adaptive_polling_slows_down() {
    let (builder, asked) = builder(counting());
    let cache = builder.adaptive(SECOND).start().unwrap();
    cache.get_or_create(&1, || 0).unwrap();
    sleep(PERIOD * 20).await;
    let times = asked.times();
    let gaps: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps[0] >= SECOND * 9 / 10 && gaps[0] <= SECOND * 11 / 10 + SECOND / 100);
    for (gap, at) in gaps.iter().zip(&times) {
        let age = *at - times[0];
        let due = (age / 4).clamp(SECOND, PERIOD);
        let slack = SECOND / 100;
        assert!(
            (due * 9 / 10..=due * 11 / 10 + slack).contains(gap),
            "{gap:?} at {age:?}"
        );
    }
    assert!((25..=45).contains(&gaps.len()), "{}", gaps.len());
}

/// A slow service and many items: no more in the queue than there are, however long it goes on.
#[tokio::test(start_paused = true)]
async fn b04_the_queue_does_not_grow() {
    let (builder, _) = builder(slowly_counting(SECOND));
    let cache = builder
        .resync_period(SECOND)
        .workers(3)
        .capacity(100_000)
        .rate_limit(RateLimit::per_second(1e6).burst(1_000))
        .start()
        .unwrap();
    for key in 0..100_000 {
        cache.get_or_create(&key, || 0).unwrap();
    }
    for _ in 0..20 {
        sleep(SECOND * 5).await;
        for key in (0..100_000).step_by(97) {
            cache.sync_soon(&key);
        }
        assert_eq!(cache.stats().queued, 100_000);
    }
}

#[tokio::test(start_paused = true)]
async fn b14_a_shutdown_lets_calls_end() {
    let gate = Arc::new(Semaphore::new(0));
    let (cache, asked) = cache(counting_behind(&gate));
    for key in 0..30 {
        cache.get_or_create(&key, || 0).unwrap();
    }
    until_asked(&asked, 10).await;
    let still = cache.clone();
    let ended = tokio::spawn(cache.shutdown());
    settle().await;
    assert!(!ended.is_finished(), "calls are under way");
    gate.add_permits(100);
    ended.await.unwrap();
    assert_eq!(asked.count(), 10, "none has begun");
    let done = (0..30).filter(|key| *still.get(key).unwrap() == 1).count();
    assert_eq!(done, 10, "what they have said counts");
    let error = still.get_or_create(&100, || 0).unwrap_err().to_string();
    assert!(error.contains("was shut down"), "{error}");
    assert_eq!(
        *still.get_or_create(&1, || unreachable!()).unwrap(),
        *still.get(&1).unwrap()
    );
    sleep(PERIOD * 3).await;
    assert_eq!(asked.count(), 10);
}

#[tokio::test(start_paused = true)]
async fn b14_after_a_shutdown_nobody_waits_in_vain() {
    let (cache, _) = cache(counting());
    cache.get_or_create(&1, || 0).unwrap();
    let waits = |cache: &AutoRefreshCache<Numbers>| {
        let cache = cache.clone();
        async move { cache.wait_until(&1, |item| *item == 99, Duration::MAX).await }
    };
    let waiting = tokio::spawn(waits(&cache));
    let after = cache.clone();
    settle().await;
    cache.shutdown().await;
    for waited in [waiting.await.unwrap(), waits(&after).await] {
        let error = waited.unwrap_err();
        assert!(error.is_shut_down(), "{error}");
    }
    assert!(!after.sync_soon(&1), "it is not polled");
}

#[tokio::test(start_paused = true)]
async fn b14_a_shutdown_ends_with_the_longest_call() {
    let gate = Arc::new(Semaphore::new(0));
    let (cache, asked) = cache(counting_behind(&gate));
    cache.get_or_create(&1, || 0).unwrap();
    until_asked(&asked, 1).await;
    let begun = Instant::now();
    cache.shutdown().await;
    assert!(begun.elapsed() <= SECOND * 61, "{:?}", begun.elapsed());
}

/// With the last handle the tasks end, whatever they do; the service is not asked any more.
#[tokio::test(start_paused = true)]
async fn b14_the_last_handle_takes_all_tasks_along() {
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let gate = Arc::new(Semaphore::new(0));
    let (cache, asked) = cache(counting_behind(&gate));
    for key in 0..30 {
        cache.get_or_create(&key, || 0).unwrap();
    }
    until_asked(&asked, 10).await;
    assert_eq!(tasks() - before, 11, "ten workers, and one that keeps");
    let other = cache.clone();
    drop(cache);
    settle().await;
    assert_eq!(tasks() - before, 11, "another handle");
    drop(other);
    settle().await;
    assert_eq!(tasks(), before, "no task is left");
}

/// What hints hold does not keep the cache.
#[tokio::test(start_paused = true)]
async fn b14_hints_do_not_keep_the_cache() {
    use std::sync::Mutex;
    use touchable::refresh::{Batch, BoxError, Listening, Poller};

    struct Hinted(Arc<Mutex<Option<Hints<u32>>>>, Numbers);

    impl Poller for Hinted {
        type Key = u32;
        type Item = u32;

        async fn poll(&self, batch: &mut Batch<u32, u32>) -> Result<(), BoxError> {
            self.1.poll(batch).await
        }

        fn listen(&self, hints: Hints<u32>) -> Option<Listening> {
            *self.0.lock().unwrap() = Some(hints.clone());
            Some(Box::pin(async move {
                sleep(SECOND * 10).await;
                assert!(hints.soon(&1));
                std::future::pending::<()>().await;
            }))
        }
    }

    let kept = Arc::new(Mutex::new(None));
    let numbers = counting();
    let asked = numbers.asked.clone();
    let cache = AutoRefreshCache::builder("hinted", Hinted(Arc::clone(&kept), numbers))
        .resync_period(PERIOD)
        .start()
        .unwrap();
    let hints = kept.lock().unwrap().take().unwrap();
    cache.get_or_create(&1, || 0).unwrap();
    sleep(SECOND).await;
    assert!(hints.soon(&1) && !hints.soon(&2));
    sleep(SECOND).await;
    assert_eq!(asked.count(), 2);
    hints.all();
    sleep(SECOND).await;
    assert_eq!(asked.count(), 3);
    sleep(SECOND * 10).await;
    assert_eq!(asked.count(), 4, "of what listens");
    let poller = Arc::downgrade(&kept);
    drop((cache, kept));
    settle().await;
    assert!(poller.upgrade().is_none(), "the poller has ended");
    assert!(!hints.soon(&1));
    hints.all();
}
