//! 4–6, 8, 12, 14, 16: who computes what, and when.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use touchable::reactive::{BoxError, Compute, Computed, Pool};

use crate::{
    on_every_schedule, on_every_shared_schedule,
    places::{Place, UNIT, eventually},
    reading::fresh,
    script::{Answer, Service, key},
};

async fn b04_computed_again_an_interval_after_the_last(place: &Place) {
    let service = Service::default();
    let node = place.node(service.clone()).await;
    let mut before = 0;
    let mut moments = Vec::new();
    while moments.len() < 4 {
        let value = fresh(&node, "a").await;
        if value != before {
            moments.push(Instant::now());
            before = value;
        }
        sleep(UNIT / 10).await;
    }
    for pair in moments.windows(2) {
        let between = pair[1] - pair[0];
        // Ten units, give or take one for the jitter and some for a machine that is busy.
        assert!(between >= UNIT * 8 && between <= UNIT * 40, "{between:?}");
    }
    node.shutdown().await;
}

async fn b04_missed_runs_are_not_caught_up(place: &Place) {
    let service = Service::default();
    let keeper = place
        .start(place.builder(service.clone()).without_worker())
        .await
        .unwrap();
    let _ = keeper.read(&key("a")).await.unwrap();
    // Nobody works for many intervals, in memory not at all: then the first read begins with it.
    for _ in 0..50 {
        sleep(UNIT).await;
        let _ = keeper.read(&key("a")).await.unwrap();
    }
    assert_eq!(service.began(), 0);
    if place.is_shared() {
        let worker = place.node(service.clone()).await;
        eventually("the computation", async || {
            (service.asked("a") == 1).then_some(())
        })
        .await;
        sleep(UNIT * 5).await;
        assert_eq!(service.asked("a"), 1, "one run after an outage");
        worker.shutdown().await;
    }
}

/// A claim is held for as long as its worker lives and the computation may take.
async fn b05_a_computation_longer_than_its_claim_keeps_its_key(place: &Place) {
    let service = Service::default();
    service.answer("a", Answer::Slow(1, UNIT * 12));
    let builder = |service: &Service| {
        let builder = place.builder(service.clone()).claim_time(UNIT * 3);
        builder.compute_timeout(UNIT * 50)
    };
    let node = place.start(builder(&service)).await.unwrap();
    // Another that would take what is not held.
    let other = if place.is_shared() {
        Some(place.start(builder(&service)).await.unwrap())
    } else {
        None
    };
    assert_eq!(fresh(&node, "a").await, 1);
    assert_eq!((service.began(), service.overlaps()), (1, 0));
    for node in other.into_iter().chain([node]) {
        node.shutdown().await;
    }
}

async fn b05_nodes_share_the_keys_and_never_overlap(place: &Place) {
    let service = Service::default();
    let mut nodes = Vec::new();
    for _ in 0..4 {
        let builder = place
            .builder(service.clone())
            .refresh_interval(UNIT / 2)
            .pool(Pool::named("own").concurrency(4));
        nodes.push(place.start(builder).await.unwrap());
    }
    let keys: Vec<String> = (0..6).map(|number| format!("k{number}")).collect();
    let begun = Instant::now();
    while begun.elapsed() < UNIT * 30 {
        for (node, key) in nodes.iter().cycle().zip(keys.iter().cycle()).take(24) {
            let _ = node.read(key).await.unwrap();
        }
        nodes[0].expire(&keys[0]).await.unwrap();
        sleep(UNIT / 4).await;
    }
    for key in &keys {
        assert!(
            service.asked(key) >= 5,
            "{key} was computed {} times",
            service.asked(key)
        );
    }
    assert_eq!(service.overlaps(), 0);
    for node in nodes {
        node.shutdown().await;
    }
}

async fn b06_unchanged_keeps_the_value_and_makes_it_fresh(place: &Place) {
    let service = Service::default();
    let node = place.node(service.clone()).await;
    assert_eq!(fresh(&node, "a").await, 1);
    service.answer("a", Answer::Unchanged);
    eventually("the next one", async || {
        let _ = node.read(&key("a")).await.unwrap();
        (service.asked("a") >= 3).then_some(())
    })
    .await;
    assert_eq!(fresh(&node, "a").await, 1);
    assert_eq!(service.before()[..2], [None, Some(1)]);
    assert_eq!(service.updates().len(), 1, "the value is the same");
    node.shutdown().await;
}

async fn b06_unchanged_without_a_value_is_a_failure(place: &Place) {
    let service = Service::default();
    service.answer("a", Answer::Unchanged);
    let node = place.node(service.clone()).await;
    let reading = node.read_or_wait(&key("a"), UNIT * 1_000).await.unwrap();
    assert!(
        reading.error().unwrap().to_string().contains("no value before"),
        "{reading:?}"
    );
    node.shutdown().await;
}

async fn b06_gone_ends_it(place: &Place) {
    let service = Service::default();
    let node = place.node(service.clone()).await;
    fresh(&node, "a").await;
    service.answer("a", Answer::Gone);
    eventually("its end", async || {
        node.inspect(&key("a")).await.unwrap().is_none().then_some(())
    })
    .await;
    assert!(node.peek(&key("a")).await.unwrap().is_none());
    let asked = service.asked("a");
    sleep(UNIT * 20).await;
    assert_eq!(service.asked("a"), asked, "nobody computes it");
    service.answer("a", Answer::Value(5));
    assert!(node.read(&key("a")).await.unwrap().is_pending());
    assert_eq!(fresh(&node, "a").await, 5, "until somebody asks again");
    node.shutdown().await;
}

async fn b06_again_in_its_own_time(place: &Place) {
    let service = Service::default();
    service.answer("a", Answer::AgainIn(1, UNIT * 3));
    let node = place
        .start(place.builder(service.clone()).refresh_interval(UNIT * 10_000))
        .await
        .unwrap();
    let due_in = async || {
        node.inspect(&key("a"))
            .await
            .unwrap()
            .and_then(|found| found.due_in)
    };
    fresh(&node, "a").await;
    assert!(due_in().await.is_none_or(|due_in| due_in <= UNIT * 3));
    service.answer("a", Answer::UnchangedAgainIn(UNIT * 50_000));
    eventually("the second one", async || {
        let _ = node.read(&key("a")).await.unwrap();
        due_in().await.filter(|due_in| *due_in > UNIT * 40_000)
    })
    .await;
    assert!(node.read(&key("a")).await.unwrap().is_fresh());
    node.shutdown().await;
}

async fn b08_first_fills_go_before_refreshes(place: &Place) {
    let service = Service::default();
    service.hold();
    let own = |builder: touchable::reactive::ReactiveBuilder<Service>| {
        builder
            .pool(Pool::named("one").concurrency(1))
            .compute_timeout(UNIT * 10_000)
    };
    let node = place.start(own(place.builder(service.clone()))).await.unwrap();
    // Refreshes that are due, behind one computation that holds the only place.
    for name in ["a1", "a2"] {
        let _ = node.read(&key(name)).await.unwrap();
        eventually("it", async || {
            (service.order().last().map(String::as_str) == Some(name)).then_some(())
        })
        .await;
        service.let_go(1);
        eventually("its value", async || {
            let found = node.peek(&key(name)).await.unwrap();
            found.is_some_and(|found| found.is_fresh()).then_some(())
        })
        .await;
    }
    let _ = node.read(&key("holds")).await.unwrap();
    eventually("it", async || {
        (service.order().last().map(String::as_str) == Some("holds")).then_some(())
    })
    .await;
    for name in ["a1", "a2"] {
        node.expire(&key(name)).await.unwrap();
    }
    for name in ["f1", "f2"] {
        let _ = node.read(&key(name)).await.unwrap();
    }
    let seen = service.order().len();
    service.open();
    eventually("all of them", async || {
        (service.order().len() >= seen + 4).then_some(())
    })
    .await;
    let order = service.order()[seen..seen + 4].to_vec();
    assert!(order[..2].iter().all(|name| name.starts_with('f')), "{order:?}");
    node.shutdown().await;
}

async fn b12_the_hook_is_told_of_other_values_only(place: &Place) {
    let service = Service::default();
    service.answer("a", Answer::Value(1));
    let node = place.node(service.clone()).await;
    fresh(&node, "a").await;
    eventually("the same again", async || {
        let _ = node.read(&key("a")).await.unwrap();
        (service.asked("a") >= 3).then_some(())
    })
    .await;
    service.answer("a", Answer::Value(2));
    eventually("another value", async || {
        let _ = node.read(&key("a")).await.unwrap();
        (service.updates().len() >= 2).then_some(())
    })
    .await;
    assert_eq!(service.updates(), [(key("a"), None, 1), (key("a"), Some(1), 2)]);
    node.shutdown().await;
}

async fn b12_a_hook_that_panics_changes_nothing(place: &Place) {
    let service = Service::default();
    service.let_hooks_panic();
    let node = place.node(service.clone()).await;
    assert_eq!(fresh(&node, "a").await, 1);
    eventually("the next one", async || {
        let _ = node.read(&key("a")).await.unwrap();
        (service.asked("a") >= 3).then_some(())
    })
    .await;
    assert!(service.hook_calls() >= 3, "it was called, and called again");
    assert!(node.read(&key("a")).await.unwrap().is_fresh());
    node.shutdown().await;
}

struct Other;

impl Compute for Other {
    const NAME: &'static str = "other";
    type Key = String;
    type Value = String;

    async fn compute(&self, key: &String, _: Option<&String>) -> Result<Computed<String>, BoxError> {
        Ok(Computed::Value(format!("other {key}")))
    }
}

async fn b14_names_are_apart(place: &Place) {
    let service = Service::default();
    service.answer("a", Answer::Fails("down"));
    let one = place.node(service.clone()).await;
    let other = place.node(Other).await;
    let reading = other.read_or_wait(&key("a"), UNIT * 1_000).await.unwrap();
    assert_eq!(*reading.into_value().unwrap(), "other a");
    assert!(
        one.read_or_wait(&key("a"), UNIT * 1_000)
            .await
            .unwrap()
            .is_failed()
    );
    other.clear(&key("a")).await.unwrap();
    assert!(one.read(&key("a")).await.unwrap().is_failed());
    one.shutdown().await;
    other.shutdown().await;
}

async fn b14_a_node_leaves_alone_what_it_does_not_compute(place: &Place) {
    let reader = place.start(place.builder(Other).without_worker()).await.unwrap();
    let _ = reader.read(&key("a")).await.unwrap();
    let worker = place.node(Service::default()).await;
    fresh(&worker, "b").await;
    sleep(UNIT * 5).await;
    let found = reader.inspect(&key("a")).await.unwrap().unwrap();
    assert!(found.due_in.is_some() && found.claimed_for.is_none(), "{found:?}");
    worker.shutdown().await;
}

async fn b16_a_shutdown_gives_its_keys_back(place: &Place) {
    let service = Service::default();
    service.hold();
    let builder = place
        .builder(service.clone())
        .claim_time(Duration::from_mins(10))
        .compute_timeout(UNIT * 10_000);
    let node = place.start(builder).await.unwrap();
    let _ = node.read(&key("a")).await.unwrap();
    eventually("its claim", async || {
        node.inspect(&key("a")).await.unwrap()?.claimed_for
    })
    .await;
    node.shutdown().await;
    let found = node.inspect(&key("a")).await.unwrap().unwrap();
    assert_eq!((found.due_in, found.claimed_for), (Some(Duration::ZERO), None));
}

async fn b16_the_last_handle_takes_its_tasks_along(place: &Place) {
    let service = Service::default();
    service.hold();
    let builder = place
        .builder(service.clone())
        .claim_time(Duration::from_mins(10))
        .compute_timeout(UNIT * 10_000);
    let node = place.start(builder).await.unwrap();
    let other = node.clone();
    let _ = node.read(&key("a")).await.unwrap();
    eventually("it", async || (service.began() == 1).then_some(())).await;
    drop(node);
    assert!(
        other
            .inspect(&key("a"))
            .await
            .unwrap()
            .unwrap()
            .claimed_for
            .is_some(),
        "a clone is left"
    );
    drop(other);
    // On a shared schedule another node has it at once.
    if place.is_shared() {
        service.open();
        let next = place.node(service.clone()).await;
        // Its own, or the one that the first node has just finished; whatever is cut off in between, the claim is not left.
        let value = fresh(&next, "a").await;
        assert!((1..=2).contains(&value), "{value}");
        next.shutdown().await;
    }
}

async fn b16_what_has_begun_may_end(place: &Place) {
    let service = Service::default();
    service.hold();
    let node = place.node(service.clone()).await;
    let _ = node.read(&key("a")).await.unwrap();
    eventually("it", async || (service.began() == 1).then_some(())).await;
    let stopping = tokio::spawn({
        let node = node.clone();
        async move { node.shutdown().await }
    });
    tokio::task::yield_now().await;
    service.open();
    stopping.await.unwrap();
    assert_eq!(
        node.peek(&key("a"))
            .await
            .unwrap()
            .unwrap()
            .into_value()
            .unwrap()
            .0,
        1
    );
}

on_every_schedule!(
    b05_a_computation_longer_than_its_claim_keeps_its_key,
    b04_computed_again_an_interval_after_the_last,
    b04_missed_runs_are_not_caught_up,
    b06_unchanged_keeps_the_value_and_makes_it_fresh,
    b06_unchanged_without_a_value_is_a_failure,
    b06_gone_ends_it,
    b06_again_in_its_own_time,
    b08_first_fills_go_before_refreshes,
    b12_the_hook_is_told_of_other_values_only,
    b12_a_hook_that_panics_changes_nothing,
    b14_names_are_apart,
    b14_a_node_leaves_alone_what_it_does_not_compute,
    b16_a_shutdown_gives_its_keys_back,
    b16_the_last_handle_takes_its_tasks_along,
    b16_what_has_begun_may_end,
);
on_every_shared_schedule!(b05_nodes_share_the_keys_and_never_overlap);
