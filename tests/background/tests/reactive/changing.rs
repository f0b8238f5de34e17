//! 9: expired and cleared values.

use tokio::time::sleep;
use touchable::reactive::{BoxError, Compute, Computed};

use crate::{
    on_every_schedule, on_every_shared_schedule,
    places::{Place, UNIT, eventually},
    reading::fresh,
    script::{Answer, Service, key},
};

async fn b09_an_expired_value_is_stale_and_computed_now(place: &Place) {
    let service = Service::default();
    let node = place
        .start(place.builder(service.clone()).refresh_interval(UNIT * 10_000))
        .await
        .unwrap();
    assert!(!node.expire(&key("a")).await.unwrap(), "nobody knows it");
    assert_eq!(fresh(&node, "a").await, 1);
    service.hold();
    assert!(node.expire(&key("a")).await.unwrap());
    let reading = node.read(&key("a")).await.unwrap();
    assert!(reading.is_stale() && reading.error().is_none(), "{reading:?}");
    assert_eq!(reading.into_value().unwrap().0, 1);
    service.open();
    assert_eq!(fresh(&node, "a").await, 2);
    node.shutdown().await;
}

async fn b09_a_cleared_value_is_gone_and_computed_now(place: &Place) {
    let service = Service::default();
    let node = place
        .start(place.builder(service.clone()).refresh_interval(UNIT * 10_000))
        .await
        .unwrap();
    assert_eq!(fresh(&node, "a").await, 1);
    service.hold();
    assert!(node.clear(&key("a")).await.unwrap());
    assert!(node.read(&key("a")).await.unwrap().is_pending());
    service.open();
    assert_eq!(fresh(&node, "a").await, 2);
    assert_eq!(service.before(), [None, None]);
    node.shutdown().await;
}

/// A computation that began before cannot bring its value back, and its key is computed once more: not twice.
async fn b09_what_was_running_does_not_count(place: &Place) {
    for is_cleared in [true, false] {
        let service = Service::default();
        let node = place
            .start(place.builder(service.clone()).refresh_interval(UNIT * 10_000))
            .await
            .unwrap();
        let name = format!("a {is_cleared}");
        service.answer(&name, Answer::Value(1));
        service.hold();
        let _ = node.read(&name).await.unwrap();
        eventually("it", async || (service.began() == 1).then_some(())).await;
        service.answer(&name, Answer::Value(2));
        if is_cleared {
            node.clear(&name).await.unwrap();
        } else {
            node.expire(&name).await.unwrap();
        }
        // Read in the pause: no second chain.
        assert!(node.read(&name).await.unwrap().is_pending());
        service.let_go(1);
        eventually("the second one", async || (service.began() == 2).then_some(())).await;
        assert!(
            node.read(&name).await.unwrap().is_pending(),
            "the first one was too late"
        );
        service.open();
        assert_eq!(fresh(&node, &name).await, 2);
        sleep(UNIT * 5).await;
        assert_eq!((service.began(), service.overlaps()), (2, 0), "one chain");
        node.shutdown().await;
    }
}

struct Tree;

impl Compute for Tree {
    const NAME: &'static str = "tree";
    type Key = (String, u32, String);
    type Value = u32;

    async fn compute(&self, key: &Self::Key, _: Option<&u32>) -> Result<Computed<u32>, BoxError> {
        Ok(Computed::Value(key.1))
    }
}

async fn b09_every_key_below(place: &Place) {
    let node = place
        .start(place.builder(Tree).refresh_interval(UNIT * 10_000))
        .await
        .unwrap();
    let of = |project: u32, name: &str| (key("projects"), project, key(name));
    let keys = [of(5, "a"), of(5, "b"), of(55, "a"), of(6, "a")];
    for key in &keys {
        assert!(node.read_or_wait(key, UNIT * 1_000).await.unwrap().is_fresh());
    }
    node.shutdown().await;
    assert_eq!(node.clear_under(&("projects", 5)).await.unwrap(), 2);
    for (key, is_there) in keys.iter().zip([false, false, true, true]) {
        assert_eq!(node.read(key).await.unwrap().is_fresh(), is_there, "{key:?}");
    }
    assert_eq!(node.clear_under(&"projects").await.unwrap(), 4);
    assert_eq!(node.clear_under(&"proj").await.unwrap(), 0);
}

async fn b09_many_keys_below(place: &Place) {
    let node = place.start(place.builder(Tree).without_worker()).await.unwrap();
    for number in 0..2_500 {
        let _ = node.read(&(key("many"), number, key("x"))).await.unwrap();
    }
    assert_eq!(node.clear_under(&"many").await.unwrap(), 2_500);
}

/// Nobody computes them anew: what ends the copies is that they are told.
async fn b16_copies_of_keys_below_go_too(place: &Place) {
    let builder = |place: &Place| {
        let builder = place.builder(Tree).refresh_interval(UNIT * 10_000);
        builder.lifetime(UNIT * 10_000)
    };
    let worker = place.start(builder(place)).await.unwrap();
    let reader = place.start(builder(place).without_worker()).await.unwrap();
    let key = (key("projects"), 5, key("a"));
    assert!(reader.read_or_wait(&key, UNIT * 1_000).await.unwrap().is_fresh());
    worker.shutdown().await;
    assert_eq!(worker.clear_under(&"projects").await.unwrap(), 1);
    eventually("the end of the copy", async || {
        reader.read(&key).await.unwrap().is_pending().then_some(())
    })
    .await;
    reader.shutdown().await;
}

on_every_shared_schedule!(b16_copies_of_keys_below_go_too);
on_every_schedule!(
    b09_an_expired_value_is_stale_and_computed_now,
    b09_a_cleared_value_is_gone_and_computed_now,
    b09_what_was_running_does_not_count,
    b09_every_key_below,
    b09_many_keys_below,
);
