//! A lease ends by itself, and not before its time.

use std::time::Duration;

use tokio::time::Instant;
use touchable::lease::{Holder, Lease, Leases};

use crate::places::{LONG, on_every_place, until};

const TIME: Duration = Duration::from_millis(400);

/// A dead holder: it does not renew.
async fn a_dead_holder_is_replaced_after_its_time<P: Leases>(place: P) {
    let asked = Instant::now();
    let dead = place
        .acquire("one", &Holder::unique(), TIME)
        .await
        .unwrap()
        .unwrap();
    let granted = Instant::now();
    let next = Lease::wait(&place, "one", LONG).await.unwrap();
    // Places count in milliseconds.
    assert!(
        asked.elapsed() + Duration::from_millis(1) >= TIME,
        "too soon: {:?}",
        asked.elapsed()
    );
    assert!(granted.elapsed() < LONG, "it was not waited for");
    assert!(next.token() > dead.token);
    assert!(!place.renew(&dead, LONG).await.unwrap(), "it is another's");
    assert!(!place.release(&dead).await.unwrap(), "it is another's");
    assert!(next.is_held());
}

async fn a_lease_that_has_ended_is_not_renewed_even_when_nobody_took_it<P: Leases>(place: P) {
    let short = Duration::from_millis(20);
    until("a lease is renewed after its end", async || {
        let grant = place.acquire("one", &Holder::unique(), short).await.unwrap()?;
        // Longer than it lasts.
        tokio::time::sleep(short * 2).await;
        assert!(!place.renew(&grant, LONG).await.unwrap());
        assert!(!place.release(&grant).await.unwrap());
        Some(())
    })
    .await;
    assert!(
        place
            .acquire("one", &Holder::unique(), LONG)
            .await
            .unwrap()
            .is_some()
    );
}

async fn a_renewal_counts_from_now<P: Leases>(place: P) {
    let holder = Holder::unique();
    let grant = until("a renewal always comes too late", async || {
        let asked = Instant::now();
        let grant = place.acquire("one", &holder, TIME).await.unwrap().unwrap();
        let renewed = place.renew(&grant, LONG).await.unwrap();
        // On a busy machine the time may be over by now.
        assert!(renewed || asked.elapsed() >= TIME);
        renewed.then_some(grant)
    })
    .await;
    // Longer than the first time.
    tokio::time::sleep(TIME * 3 / 2).await;
    assert!(
        place
            .acquire("one", &Holder::unique(), LONG)
            .await
            .unwrap()
            .is_none()
    );
    assert!(place.renew(&grant, LONG).await.unwrap());
}

on_every_place!(
    a_dead_holder_is_replaced_after_its_time,
    a_lease_that_has_ended_is_not_renewed_even_when_nobody_took_it,
    a_renewal_counts_from_now,
);
