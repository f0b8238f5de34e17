//! 15, 16: a Redis that is killed, loses its data, or is not there.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use touchable::reactive::{Reactive, ReactiveBuilder, RedisSchedule};
use touchable_servers::OwnRedis;

use crate::{
    places::{UNIT, eventually},
    reading::fresh,
    script::{Answer, Service, key},
};

async fn builder(server: &OwnRedis, service: &Service) -> ReactiveBuilder<Service> {
    let schedule = RedisSchedule::connect(&server.url()).await.unwrap();
    Reactive::builder(service.clone())
        .refresh_interval(UNIT * 5)
        .lifetime(UNIT * 100)
        .compute_timeout(UNIT * 50)
        .claim_time(UNIT * 20)
        .schedule(schedule)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b16_a_server_that_was_killed_and_is_back() {
    let mut server = OwnRedis::start(&[]);
    let service = Service::default();
    let node = builder(&server, &service).await.start().unwrap();
    fresh(&node, "a").await;
    server.kill();
    let reading = eventually("the last copy", async || {
        let reading = node.read(&key("a")).await.unwrap();
        reading
            .error()
            .is_some_and(touchable::reactive::ComputeError::is_unreachable)
            .then_some(reading)
    })
    .await;
    assert!(reading.is_stale() && reading.value().is_some(), "{reading:?}");
    let error = node.read(&key("b")).await.unwrap_err();
    assert!(
        error.is_schedule() && error.to_string().contains("service:b"),
        "{error}"
    );
    server.restart();
    let before = service.asked("a");
    eventually("its next computation", async || {
        let reading = node.read(&key("a")).await;
        (reading.is_ok_and(|reading| reading.is_fresh()) && service.asked("a") > before).then_some(())
    })
    .await;
    fresh(&node, "b").await;
    node.shutdown().await;
}

/// A page of many values waits for one of them, not for each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b16_a_server_that_hangs_holds_up_one_read() {
    let server = OwnRedis::start(&[]);
    let service = Service::default();
    let builder = builder(&server, &service).await.lifetime(UNIT * 20);
    let node = builder.near_copies(true).start().unwrap();
    let keys: Vec<String> = (0..30).map(|number| format!("k{number}")).collect();
    for key in &keys {
        fresh(&node, key).await;
    }
    server.suspend();
    // From now on copies have to be asked for.
    sleep(UNIT * 3).await;
    let begun = Instant::now();
    for key in &keys {
        let reading = node.read(key).await.unwrap();
        assert!(
            reading.is_stale() && reading.error().unwrap().is_unreachable(),
            "{reading:?}"
        );
    }
    let took = begun.elapsed();
    server.resume();
    // Each alone waits for half a second at least.
    assert!(took < UNIT * 100, "{took:?}");
    fresh(&node, "k0").await;
    node.shutdown().await;
}

/// What was computed while Redis was away is stored when it is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b07_a_value_outlives_a_short_outage() {
    let mut server = OwnRedis::start(&[]);
    let service = Service::default();
    service.hold();
    let node = builder(&server, &service).await.start().unwrap();
    let _ = node.read(&key("a")).await.unwrap();
    eventually("the computation", async || (service.began() == 1).then_some(())).await;
    server.kill();
    service.open();
    eventually("its end", async || (service.asked("a") == 1).then_some(())).await;
    server.restart();
    let value = eventually("a value", async || {
        let reading = node.read(&key("a")).await.ok()?;
        reading.into_value().map(|value| value.0)
    })
    .await;
    assert_eq!(value, 1, "it was not computed twice");
    node.shutdown().await;
}

/// A node that goes away before its result is stored gives the key back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b16_what_could_not_be_stored_is_given_back() {
    let server = OwnRedis::start(&[]);
    let service = Service::default();
    service.hold();
    let long = Duration::from_mins(10);
    let claiming = builder(&server, &service).await.claim_time(long).lifetime(long);
    let node = claiming.start().unwrap();
    let _ = node.read(&key("a")).await.unwrap();
    eventually("the computation", async || (service.began() == 1).then_some(())).await;
    let mut asking = redis::Client::open(server.url())
        .unwrap()
        .get_connection()
        .unwrap();
    let mut needs = |replicas: u32| {
        let mut set = redis::cmd("CONFIG");
        set.arg("SET").arg("min-replicas-to-write").arg(replicas);
        set.exec(&mut asking).unwrap();
    };
    // Nothing can be stored, and the pauses between the tries grow to seconds.
    needs(1);
    service.open();
    eventually("its end", async || (service.asked("a") == 1).then_some(())).await;
    sleep(UNIT * 50).await;
    needs(0);
    drop(node);
    let next = builder(&server, &service).await.start().unwrap();
    assert_eq!(fresh(&next, "a").await, 2);
    next.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b15_a_server_that_has_lost_everything() {
    let server = OwnRedis::start(&[]);
    let service = Service::default();
    let node = builder(&server, &service).await.start().unwrap();
    fresh(&node, "a").await;
    service.answer("a", Answer::Value(77));
    let mut asking = redis::Client::open(server.url())
        .unwrap()
        .get_connection()
        .unwrap();
    redis::cmd("FLUSHALL").exec(&mut asking).unwrap();
    let begun = Instant::now();
    eventually("a new value", async || {
        let reading = node.read(&key("a")).await.unwrap();
        reading.value().is_some_and(|value| value.0 == 77).then_some(())
    })
    .await;
    // Copies go after a tenth of the lifetime.
    assert!(begun.elapsed() < UNIT * 40, "{:?}", begun.elapsed());
    node.shutdown().await;
}

/// A node that does not hear the others asks Redis for every read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b16_a_subscription_that_was_cut() {
    let server = OwnRedis::start(&[]);
    let service = Service::default();
    let long = UNIT * 100_000;
    let reader = builder(&server, &service)
        .await
        .lifetime(long)
        .refresh_interval(long)
        .without_worker()
        .start()
        .unwrap();
    let worker = builder(&server, &service)
        .await
        .lifetime(long)
        .refresh_interval(long)
        .start()
        .unwrap();
    assert_eq!(fresh(&reader, "a").await, 1);
    let mut asking = redis::Client::open(server.url())
        .unwrap()
        .get_connection()
        .unwrap();
    for number in 2..6 {
        redis::cmd("CLIENT")
            .arg("KILL")
            .arg("TYPE")
            .arg("pubsub")
            .exec(&mut asking)
            .unwrap();
        worker.expire(&key("a")).await.unwrap();
        eventually("the new value", async || {
            let reading = reader.read(&key("a")).await.unwrap();
            (reading.is_fresh() && reading.into_value().unwrap().0 == number).then_some(())
        })
        .await;
    }
    worker.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b16_one_script_claims_a_hundred_keys() {
    let server = OwnRedis::start(&[]);
    let service = Service::default();
    service.hold();
    let reader = builder(&server, &service).await.without_worker().start().unwrap();
    for number in 0..100 {
        let _ = reader.read(&format!("k{number}")).await.unwrap();
    }
    let mut asking = redis::Client::open(server.url())
        .unwrap()
        .get_connection()
        .unwrap();
    redis::cmd("CONFIG").arg("RESETSTAT").exec(&mut asking).unwrap();
    let pool = touchable::reactive::Pool::named("hundred").concurrency(100);
    let worker = builder(&server, &service)
        .await
        .pool(pool)
        .compute_timeout(UNIT * 1_000)
        .start()
        .unwrap();
    eventually("all of them", async || (service.began() == 100).then_some(())).await;
    let info: String = redis::cmd("INFO").arg("commandstats").query(&mut asking).unwrap();
    let scripts = info.lines().filter_map(|line| line.strip_prefix("cmdstat_eval"));
    let calls: u32 = scripts
        .map(|line| line.split(['=', ',']).nth(1).unwrap().parse::<u32>().unwrap())
        .sum();
    // A look or two, the registry of names, and each script once more in full when the server does not know it yet.
    assert!(calls <= 7, "{calls} scripts for 100 claims");
    service.open();
    worker.shutdown().await;
}
