//! 2, 15: what reads write, and what is left when nobody reads any more.

use redis::{Commands, Connection};
use tokio::time::sleep;
use touchable::reactive::{Reactive, RedisSchedule};
use touchable_servers::OwnRedis;

use crate::{
    places::{Kind, Place, UNIT, eventually},
    reading::fresh,
    script::Service,
};

fn connection(url: &str) -> Connection {
    redis::Client::open(url).unwrap().get_connection().unwrap()
}

/// How often a command was run, by scripts too.
fn calls(connection: &mut Connection, command: &str) -> u64 {
    let info: String = redis::cmd("INFO").arg("commandstats").query(connection).unwrap();
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
    line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
}

#[tokio::test]
async fn b02_reads_write_once_a_tenth_of_the_lifetime() {
    let server = OwnRedis::start(&[]);
    let schedule = RedisSchedule::connect(&server.url()).await.unwrap();
    let lifetime = UNIT * 100;
    let start = |node: Service| {
        Reactive::builder(node)
            .lifetime(lifetime)
            .refresh_interval(UNIT * 10_000)
            .schedule(schedule.clone())
    };
    let worker = start(Service::default()).start().unwrap();
    fresh(&worker, "a").await;
    worker.shutdown().await;
    for copies in [true, false] {
        let node = start(Service::default())
            .near_copies(copies)
            .without_worker()
            .start()
            .unwrap();
        fresh(&node, "a").await;
        let mut asking = connection(&server.url());
        let (writes, scripts, reads) = (
            calls(&mut asking, "hset"),
            calls(&mut asking, "evalsha"),
            calls(&mut asking, "hmget"),
        );
        let begun = tokio::time::Instant::now();
        let mut count = 0;
        while begun.elapsed() < lifetime / 4 {
            assert!(node.read(&"a".to_owned()).await.unwrap().is_fresh());
            count += 1;
            sleep(UNIT / 20).await;
        }
        let scripts = calls(&mut asking, "evalsha") - scripts;
        // Two tenths and a half have begun.
        assert!((1..=3).contains(&scripts), "{scripts} scripts for {count} reads");
        // The key and its wish, and its due time.
        assert!(calls(&mut asking, "hset") - writes <= scripts * 2);
        // Those of the scripts, and once more when the subscription has come about.
        let reads = calls(&mut asking, "hmget") - reads;
        assert!(
            if copies {
                reads <= scripts * 2 + 3
            } else {
                reads >= count
            },
            "{reads} of {count}"
        );
    }
}

async fn keys_of(place: &Place) -> Vec<String> {
    let schedule = redis::Client::open(place.url()).unwrap();
    let mut connection = schedule.get_multiplexed_async_connection().await.unwrap();
    let pattern = format!("{}*", place.namespace);
    redis::cmd("KEYS")
        .arg(pattern)
        .query_async(&mut connection)
        .await
        .unwrap()
}

/// Every key in Redis has an end, and those of a value go when nobody wants it any more.
#[tokio::test]
async fn b15_nothing_is_left() {
    let place = Place::new(Kind::Redis);
    let service = Service::default();
    let node = place
        .start(
            place
                .builder(service.clone())
                .lifetime(UNIT * 10)
                .refresh_interval(UNIT),
        )
        .await
        .unwrap();
    for key in ["a", "b", "c"] {
        fresh(&node, key).await;
    }
    let keys = keys_of(&place).await;
    assert!(keys.len() >= 5, "{keys:?}");
    let mut asking = connection(&place.url());
    for key in keys {
        let ttl: i64 = asking.pttl(&key).unwrap();
        // One that has just gone has none.
        assert!(ttl > 0 || ttl == -2, "{key} has no end");
    }
    eventually("an empty Redis", async || {
        let keys = keys_of(&place).await;
        // That this name exists is known for ten minutes.
        (keys == [format!("{}:{{reactive}}:names", place.namespace)]).then_some(())
    })
    .await;
    assert_eq!(node.keys_read(), 3);
    eventually("no copies either", async || (node.keys_read() == 0).then_some(())).await;
    node.shutdown().await;
}
