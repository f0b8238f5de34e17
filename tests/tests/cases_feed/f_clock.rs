//! F: how long something lasts is not for a wall clock to say.
//!
//! A server's clock that is set back by a minute is shown by what it leaves: everything that ends at a moment of that
//! clock ends a minute later.

use std::{io, time::Duration};

use redis::cmd;
use tokio::time::timeout;
use touchable::{
    feed::{Batch, Change},
    lease::{Holder, Lease, Leases, RedisLeases},
};
use touchable_tests::{namespace, redis_url};

use crate::world::{PATIENCE, Seen, World, ask, here};

const BACK: Duration = Duration::from_mins(1);

async fn f_a_dead_holders_lease_ends_when_the_clock_was_set_back() {
    let (space, time) = (namespace(), Duration::from_millis(300));
    let leases = RedisLeases::connect(&redis_url())
        .await
        .unwrap()
        .namespace(&space);
    // Nobody renews it.
    leases
        .acquire("work", &Holder::unique(), time)
        .await
        .unwrap()
        .unwrap();
    let keys: Vec<String> = ask(&redis_url(), cmd("KEYS").arg(format!("*{space}*"))).await;
    for key in keys {
        let left: i64 = ask(&redis_url(), cmd("PTTL").arg(&key)).await;
        if let Ok(left @ 1..) = u64::try_from(left) {
            let later = Duration::from_millis(left) + BACK;
            let () = ask(
                &redis_url(),
                cmd("PEXPIRE").arg(&key).arg(later.as_millis().to_string()),
            )
            .await;
        }
    }
    let next = timeout(PATIENCE, Lease::wait(&leases, "work", time)).await;
    assert!(
        next.is_ok(),
        "a lease of {time:?} is held for more than {PATIENCE:?} after its holder died"
    );
}

async fn f_a_consumers_pause_ends_when_the_clock_was_set_back() {
    let world = World::shared().await;
    let users = world.users().await;
    users.producer().queue(&Change::of(1)).await.unwrap();
    let (first, longest) = (Duration::from_millis(5), Duration::from_millis(10));
    let consumer = users.consumer("search").pauses(first, longest);
    let fails = |_: Batch<Change>| std::future::ready(Err(io::Error::other("no")));
    consumer.run_once(fails).await.unwrap_err();
    if let Some(trouble) = world.key(&[":trouble"]).await {
        let mut later = cmd("HINCRBY");
        later
            .arg(trouble)
            .arg("retry_at")
            .arg(BACK.as_millis().to_string());
        let _: i64 = world.ask(&later).await;
    }
    let seen = Seen::default();
    let done = timeout(PATIENCE, consumer.run_once(seen.handler())).await;
    assert!(
        done.is_ok(),
        "a pause of at most {longest:?} takes more than {PATIENCE:?}"
    );
    assert_eq!(seen.all(), [1]);
}

here!(
    f_a_dead_holders_lease_ends_when_the_clock_was_set_back,
    f_a_consumers_pause_ends_when_the_clock_was_set_back,
);
