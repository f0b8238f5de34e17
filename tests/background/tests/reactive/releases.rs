//! Two releases at once, and keys that are not told apart.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use touchable::{
    Result,
    cache::{CacheKey, key::KeyWriter},
    reactive::{BoxError, Compute, Computed, Reading},
};

use crate::{
    on_every_schedule, on_every_shared_schedule,
    places::{Place, UNIT, eventually},
};

/// Its name leaves out the language.
#[derive(Debug, Serialize, Deserialize)]
struct Page(u32, String);

impl CacheKey for Page {
    fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
        self.0.write_to(key)
    }
}

/// The release that has keys and values of these types.
struct Release<K, V>(V, PhantomData<fn() -> K>);

impl<K, V> Release<K, V> {
    const fn of(value: V) -> Self {
        Self(value, PhantomData)
    }
}

impl<K, V> Compute for Release<K, V>
where
    K: CacheKey + Serialize + DeserializeOwned + Send + Sync + 'static,
    V: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    const NAME: &'static str = "release";
    type Key = K;
    type Value = V;

    async fn compute(&self, _: &K, _: Option<&V>) -> Result<Computed<V>, BoxError> {
        Ok(Computed::Value(self.0.clone()))
    }
}

async fn b14_keys_that_are_spelled_alike_are_told(place: &Place) {
    let node = place.node(Release::<Page, u8>::of(1)).await;
    let (english, german) = (Page(1, "en".to_owned()), Page(1, "de".to_owned()));
    eventually("a value", async || {
        node.read(&english).await.unwrap().is_fresh().then_some(())
    })
    .await;
    // A copy in the process is found by its name alone, for a tenth of the lifetime.
    eventually("the error", async || {
        let error = node.read(&german).await.err()?.to_string();
        (error.contains("two keys of `release` are spelled `1`")).then_some(())
    })
    .await;
    assert!(
        node.read(&english).await.unwrap().is_fresh(),
        "the first is served"
    );
    let error = node.compute_now(&german).await.unwrap_err().to_string();
    assert!(error.contains("two keys of `release`"), "{error}");
    node.shutdown().await;
}

/// Who is told does not keep what another wanted.
async fn b14_who_is_told_keeps_nothing_wanted(place: &Place) {
    let builder = place.builder(Release::<Page, u8>::of(1)).lifetime(UNIT * 5);
    let node = place.start(builder.without_worker()).await.unwrap();
    let (english, german) = (Page(1, "en".to_owned()), Page(1, "de".to_owned()));
    assert!(node.read(&english).await.unwrap().is_pending());
    assert!(node.compute_now(&german).await.is_err());
    let _ = eventually("the turn of the other", async || {
        let _ = node.read(&german).await;
        node.compute_now(&german).await.ok()
    })
    .await;
    node.shutdown().await;
}

async fn b14_another_release_has_another_type_for_the_key(place: &Place) {
    let builder = place.builder(Release::<u32, u8>::of(1));
    let old = place.start(builder.lifetime(UNIT * 5)).await.unwrap();
    let builder = place.builder(Release::<Page, u8>::of(2));
    let new = place.start(builder).await.unwrap();
    let page = Page(5, "en".to_owned());
    assert!(old.read(&5).await.unwrap().is_pending());
    let error = new.read(&page).await.unwrap_err().to_string();
    assert!(error.contains("give it another `NAME`"), "{error}");
    old.shutdown().await;
    eventually("its turn", async || {
        let reading = new.read(&page).await.ok()?;
        reading.value().is_some_and(|value| **value == 2).then_some(())
    })
    .await;
    new.shutdown().await;
}

/// A value that an older release has stored is none to the newer one, which computes its own.
async fn b14_another_release_has_another_type_for_the_value(place: &Place) {
    let builder = place.builder(Release::<u32, String>::of("old".to_owned()));
    let old = place
        .start(builder.refresh_interval(UNIT * 100_000))
        .await
        .unwrap();
    eventually("the old value", async || {
        old.read(&5).await.unwrap().is_fresh().then_some(())
    })
    .await;
    old.shutdown().await;
    let builder = place.builder(Release::<u32, (u64, bool)>::of((7, true)));
    let new = place
        .start(builder.refresh_interval(UNIT * 100_000))
        .await
        .unwrap();
    // Long before the old value is due again.
    let reading = new.read_or_wait(&5, UNIT * 1_000).await.unwrap();
    assert!(
        matches!(&reading, Reading::Fresh { value, .. } if **value == (7, true)),
        "{reading:?}"
    );
    new.shutdown().await;
}

on_every_schedule!(
    b14_keys_that_are_spelled_alike_are_told,
    b14_who_is_told_keeps_nothing_wanted,
);
on_every_shared_schedule!(
    b14_another_release_has_another_type_for_the_key,
    b14_another_release_has_another_type_for_the_value,
);
