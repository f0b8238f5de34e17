//! K15: whoever holds a fetch without polling it can ask for the same key again.

use futures_util::{FutureExt, StreamExt, stream};
use sea_orm::TryIntoModel;
use tokio::{
    task::yield_now,
    time::{sleep, timeout},
};
use touchable::cache::{Cache, FragmentCache, Options, store::Memory};
use touchable_tests::entities::board;

use crate::support::{Never, SOON, here};

const HANGS: &str = "it waits for a fetch that only its own task could poll";

async fn k15_a_held_fetch_holds_nobody_up() {
    let (cache, options) = (Cache::new(Memory::new()).unwrap(), Options::new());
    let load = async || {
        yield_now().await;
        Ok::<_, Never>(1)
    };
    let mut held = Box::pin(cache.fetch_scoped("n", &options, load));
    assert!(held.as_mut().now_or_never().is_none());
    let second = cache.fetch_scoped("n", &options, async || Ok::<_, Never>(2));
    let second = timeout(SOON, second).await.expect(HANGS).unwrap();
    assert!([1, 2].contains(&second));
    assert_eq!(held.await.unwrap(), 1);
}

async fn k15_a_held_scoped_fetch_holds_no_spawned_one_up() {
    let (cache, options) = (Cache::new(Memory::new()).unwrap(), Options::new());
    let load = async || {
        yield_now().await;
        Ok::<_, Never>(1)
    };
    let mut held = Box::pin(cache.fetch_scoped("n", &options, load));
    assert!(held.as_mut().now_or_never().is_none());
    let second = cache.fetch("n", &options, || async { Ok::<_, Never>(2) });
    let second = timeout(SOON, second).await.expect(HANGS).unwrap();
    assert!([1, 2].contains(&second));
}

/// A stream polls the next future only while it is asked for the next item, not in its consumer's body.
async fn k15_a_buffered_stream_whose_body_fetches_one_of_its_keys() {
    let (cache, options) = (Cache::new(Memory::new()).unwrap(), Options::new());
    let mut pages = stream::iter([1_u64, 2])
        .map(|key| {
            let (cache, options) = (&cache, &options);
            async move {
                let load = async || {
                    sleep(SOON / 60 * u32::try_from(key).unwrap()).await;
                    Ok::<_, Never>(key)
                };
                cache.fetch_scoped(&key, options, load).await
            }
        })
        .buffered(2);
    let body = async {
        let mut read = Vec::new();
        while let Some(page) = pages.next().await {
            let second = cache.fetch_scoped(&2_u64, &options, async || Ok::<_, Never>(2));
            read.push((page.unwrap(), second.await.unwrap()));
        }
        read
    };
    assert_eq!(timeout(SOON, body).await.expect(HANGS), [(1, 2), (2, 2)]);
}

async fn k15_a_held_fragment_holds_nobody_up() {
    let fragments = FragmentCache::new(Cache::new(Memory::new()).unwrap());
    let task = board::task(1, None, None).try_into_model().unwrap();
    let mut held = Box::pin(fragments.fetch(&task, "card", async || {
        yield_now().await;
        "a card"
    }));
    assert!(held.as_mut().now_or_never().is_none());
    let second = fragments.fetch(&task, "card", async || "a card");
    assert_eq!(&*timeout(SOON, second).await.expect(HANGS).unwrap(), "a card");
}

here!(paused:
    k15_a_held_fetch_holds_nobody_up,
    k15_a_held_scoped_fetch_holds_no_spawned_one_up,
    k15_a_buffered_stream_whose_body_fetches_one_of_its_keys,
    k15_a_held_fragment_holds_nobody_up,
);
