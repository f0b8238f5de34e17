//! A service that is down, rests, or fails for one item: who is asked about again, and how often.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep};
use touchable::refresh::{AutoRefreshCache, ItemState, RateLimit};

use crate::script::{Asked, Numbers, PERIOD, SECOND, builder, service, settle};

/// A service that can be closed, and fails for some keys.
fn shop(is_closed: &Arc<AtomicBool>, poison: &'static [u32]) -> Numbers {
    let is_closed = Arc::clone(is_closed);
    service(move |batch| {
        let is_closed = Arc::clone(&is_closed);
        Box::pin(async move {
            assert!(batch.keys().all(|key| !poison.contains(key)), "a bug");
            if is_closed.load(SeqCst) {
                return Err("closed".into());
            }
            batch.slots().for_each(|slot| slot.update(1));
            Ok(())
        })
    })
}

fn in_batches(numbers: Numbers, items: u32) -> (AutoRefreshCache<Numbers>, Asked) {
    let (builder, asked) = builder(numbers);
    let cache = builder
        .batch(50)
        .max_failures(u32::MAX)
        .rate_limit(RateLimit::per_second(1_000.0).burst(1_000))
        .start()
        .unwrap();
    for key in 0..items {
        cache.get_or_create(&key, || 0).unwrap();
    }
    (cache, asked)
}

/// No more calls than when all is well, and fewer the longer it lasts.
#[tokio::test(start_paused = true)]
async fn b08_an_outage_multiplies_no_calls() {
    let is_closed = Arc::new(AtomicBool::new(false));
    let (cache, asked) = in_batches(shop(&is_closed, &[]), 1_000);
    sleep(PERIOD * 10).await;
    let well = asked.count();
    is_closed.store(true, SeqCst);
    sleep(PERIOD * 10).await;
    let down = asked.count() - well;
    assert!(
        down < well,
        "{well} calls while it was up, {down} while it was down"
    );
    is_closed.store(false, SeqCst);
    sleep(PERIOD * 12).await;
    assert!((0..1_000).all(|key| cache.entry(&key).unwrap().failures == 0));
    let after = asked.count();
    sleep(PERIOD * 10).await;
    let again = asked.count() - after;
    assert!(again <= well * 2, "{well} calls before it, {again} long after");
}

/// One item that fails every call it is part of: the others go on, and are not given up.
#[tokio::test(start_paused = true)]
async fn b08_one_item_that_fails_its_batch() {
    for items in [2, 50, 500] {
        let is_closed = Arc::new(AtomicBool::new(false));
        let (cache, _) = in_batches(shop(&is_closed, &[1]), items);
        sleep(PERIOD * 10).await;
        let innocent = (0..items).filter(|key| *key != 1);
        for key in innocent {
            let item = cache.entry(&key).unwrap();
            assert_eq!((*item.value, item.failures), (1, 0), "{key} of {items}");
        }
        assert!(cache.entry(&1).unwrap().failures >= 3);
    }
}

/// The innocent fail fewer than five times until they are asked about without it.
#[tokio::test(start_paused = true)]
async fn b08_nobody_is_given_up_for_another() {
    let is_closed = Arc::new(AtomicBool::new(false));
    let (builder, _) = builder(shop(&is_closed, &[7]));
    let cache = builder.batch(50).start().unwrap();
    for key in 0..50 {
        cache.get_or_create(&key, || 0).unwrap();
    }
    sleep(PERIOD * 60).await;
    for key in 0..50 {
        let state = cache.entry(&key).unwrap().state;
        let right = if key == 7 {
            ItemState::GivenUp
        } else {
            ItemState::Live
        };
        assert_eq!(state, right, "{key}");
    }
}

/// A service that asks for a rest has not failed, whatever the call returns.
#[tokio::test(start_paused = true)]
async fn b08_a_rest_is_no_failure() {
    for returns_error in [false, true] {
        let (builder, asked) = builder(service(move |batch| {
            Box::pin(async move {
                batch.throttled(SECOND * 2);
                if returns_error {
                    return Err("429 Too Many Requests".into());
                }
                Ok(())
            })
        }));
        let cache = builder.workers(1).max_failures(1).start().unwrap();
        let begun = Instant::now();
        cache.get_or_create(&1, || 7).unwrap();
        sleep(SECOND * 9).await;
        let times: Vec<Duration> = asked.times().into_iter().map(|at| at - begun).collect();
        assert_eq!(times, [0, 2, 4, 6, 8].map(Duration::from_secs));
        let item = cache.entry(&1).unwrap();
        assert_eq!((item.state, item.failures), (ItemState::Live, 0));
    }
}

/// However often somebody hints during a hiccup, it is one failure.
#[tokio::test(start_paused = true)]
async fn b08_hints_do_not_give_an_item_up() {
    let is_closed = Arc::new(AtomicBool::new(true));
    let (builder, asked) = builder(shop(&is_closed, &[]));
    let cache = builder.start().unwrap();
    for key in 0..10 {
        cache.get_or_create(&key, || 0).unwrap();
    }
    for _ in 0..20 {
        sleep(SECOND / 10).await;
        assert!(cache.sync_soon(&0));
        cache.sync_all();
    }
    settle().await;
    assert!(asked.count() >= 30 - 1, "{}", asked.count());
    assert_eq!(cache.entry(&0).unwrap().failures, 1);
    assert_eq!(cache.entry(&1).unwrap().failures, 1);
    assert!(asked.count() <= 31, "what fails is not asked about by the way");
    is_closed.store(false, SeqCst);
    assert!(cache.sync_soon(&0));
    sleep(SECOND).await;
    assert_eq!(cache.entry(&0).unwrap().failures, 0);
}

/// Whatever of the application's panics around a call, polling goes on with as many workers.
#[tokio::test(start_paused = true)]
async fn b08_no_panic_of_whatever_kind_ends_a_worker() {
    use std::fmt;
    use touchable::refresh::{Batch, BoxError, Poller};

    struct Bomb(bool);

    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(!self.0 || std::thread::panicking(), "the end of a value");
        }
    }

    #[derive(Debug)]
    struct Wrong;

    impl fmt::Display for Wrong {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("wrong")
        }
    }

    impl std::error::Error for Wrong {}

    impl Drop for Wrong {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "the end of an error");
        }
    }

    struct Held(u32);

    impl Drop for Held {
        fn drop(&mut self) {
            assert!(self.0 != 4 || std::thread::panicking(), "the end of a call");
        }
    }

    struct Bombs;

    impl Poller for Bombs {
        type Key = u32;
        type Item = Bomb;

        async fn poll(&self, batch: &mut Batch<u32, Bomb>) -> Result<(), BoxError> {
            let key = *batch.keys().next().unwrap();
            let _held = Held(key);
            match key {
                0 => batch.slots().for_each(|slot| slot.update(Bomb(true))),
                1 => batch.slots().for_each(|slot| slot.fail(Wrong)),
                2 => return Err(Wrong.into()),
                3 => std::panic::panic_any(Bomb(true)),
                4 => std::future::pending().await,
                _ => batch.slots().for_each(|slot| slot.update(Bomb(false))),
            }
            Ok(())
        }
    }

    let cache = AutoRefreshCache::builder("bombs", Bombs)
        .resync_period(SECOND)
        .poll_timeout(SECOND)
        .max_failures(u32::MAX)
        .start()
        .unwrap();
    for key in 0..10 {
        cache.get_or_create(&key, || Bomb(false)).unwrap();
    }
    sleep(SECOND * 300).await;
    let before = cache.stats();
    sleep(SECOND * 100).await;
    let after = cache.stats();
    // Five that are well, once a second.
    assert!(after.polled - before.polled >= 400, "{after:?}");
    assert!(after.lag < SECOND && after.longest_call <= SECOND, "{after:?}");
    for key in 1..5 {
        assert!(cache.entry(&key).unwrap().failures > 10, "{key} is counted");
    }
    // Values that cannot end stay out of the way.
    std::mem::forget(cache);
}
