//! F: what servers allow, and what settings can be.

use std::time::Duration;

use redis::cmd;
use touchable::{
    feed::{Change, Feed},
    lease::{Lease, MemoryLeases},
};
use touchable_tests::{OwnRedis, namespace};

use crate::world::{Seen, World, ask, here, queued};

/// Many providers give their users nothing dangerous, of which `INFO` is a part.
async fn f_a_user_without_dangerous_commands_is_enough() {
    let server = OwnRedis::start(&[]);
    let mut user = cmd("ACL");
    user.arg(&[
        "SETUSER",
        "app",
        "on",
        ">secret",
        "~*",
        "&*",
        "+@all",
        "-@dangerous",
    ]);
    let () = ask(&server.url(), &user).await;
    let url = format!("redis://app:secret@127.0.0.1:{}", server.port());
    let feed = Feed::builder(&url).namespace(&namespace()).connect().await;
    let feed = feed.unwrap_or_else(|error| panic!("the user cannot connect: {error}"));
    let users = feed.stream("users").open().await.unwrap();
    users.producer().delay(&Change::of(1)).await.unwrap();
    users.producer().queue(&Change::of(2)).await.unwrap();
    assert_eq!(queued(&users).await, [2]);
    users.delayer(Duration::from_mins(1)).deliver().await.unwrap();
    users.trimmer(["search"]).trim().await.unwrap();
}

/// A consumer with them would wait for ever.
async fn f_lease_times_that_no_lease_can_have_are_refused() {
    let users = World::shared().await.users().await;
    for time in [Duration::ZERO, Duration::from_hours(48)] {
        let running = users
            .consumer("search")
            .lease_time(time)
            .run(Seen::default().handler());
        let said = running
            .err()
            .unwrap_or_else(|| panic!("a lease time of {time:?} is accepted"));
        assert!(said.to_string().contains("search"), "{said}");
    }
}

async fn f_a_lease_can_be_renewed_for_any_time() {
    let leases = MemoryLeases::new();
    let lease = Lease::acquire(&leases, "work", Duration::from_secs(10)).await;
    let lease = lease.unwrap().unwrap();
    lease.renew_for(Some(Duration::MAX));
    assert!(lease.is_held());
    lease.release().await.unwrap();
}

here!(
    f_a_user_without_dangerous_commands_is_enough,
    f_lease_times_that_no_lease_can_have_are_refused,
    f_a_lease_can_be_renewed_for_any_time,
);
