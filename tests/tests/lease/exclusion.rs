//! At most one holder at a time.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
};

use futures_util::future::join_all;
use tokio::task::yield_now;
use touchable::lease::{Holder, Leases};

use crate::places::{LONG, on_every_place};

const RIVALS: usize = 6;
const TURNS: usize = 15;

async fn never_two_holders<P: Leases>(place: P) {
    let (inside, last) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicU64::new(0)));
    let rivals = (0..RIVALS).map(|_| {
        let (place, inside, last) = (place.clone(), Arc::clone(&inside), Arc::clone(&last));
        tokio::spawn(async move {
            let mut turns = 0;
            while turns < TURNS {
                let Some(grant) = place.acquire("one", &Holder::unique(), LONG).await.unwrap() else {
                    yield_now().await;
                    continue;
                };
                assert_eq!(inside.fetch_add(1, SeqCst), 0, "two at a time");
                let before = last.swap(grant.token, SeqCst);
                assert!(before < grant.token, "{before} came before {}", grant.token);
                yield_now().await;
                inside.fetch_sub(1, SeqCst);
                assert!(place.release(&grant).await.unwrap());
                turns += 1;
            }
        })
    });
    for rival in join_all(rivals).await {
        rival.unwrap();
    }
    assert_eq!(
        last.load(SeqCst),
        (RIVALS * TURNS) as u64,
        "every grant has a token of its own"
    );
}

async fn a_held_lease_is_refused<P: Leases>(place: P) {
    let one = place.acquire("one", &Holder::unique(), LONG).await.unwrap();
    assert!(one.is_some());
    assert!(
        place
            .acquire("one", &Holder::unique(), LONG)
            .await
            .unwrap()
            .is_none()
    );
}

async fn a_released_lease_is_free<P: Leases>(place: P) {
    for _ in 0..3 {
        let grant = place
            .acquire("one", &Holder::unique(), LONG)
            .await
            .unwrap()
            .unwrap();
        assert!(place.release(&grant).await.unwrap());
        assert!(!place.release(&grant).await.unwrap(), "it is over");
        assert!(!place.renew(&grant, LONG).await.unwrap(), "it is over");
    }
}

async fn a_successors_lease_is_its_own<P: Leases>(place: P) {
    let before = place
        .acquire("one", &Holder::unique(), LONG)
        .await
        .unwrap()
        .unwrap();
    assert!(place.release(&before).await.unwrap());
    let after = place
        .acquire("one", &Holder::unique(), LONG)
        .await
        .unwrap()
        .unwrap();
    assert!(!place.renew(&before, LONG).await.unwrap());
    assert!(!place.release(&before).await.unwrap());
    assert!(
        place
            .acquire("one", &Holder::unique(), LONG)
            .await
            .unwrap()
            .is_none()
    );
    assert!(place.renew(&after, LONG).await.unwrap());
}

on_every_place!(
    never_two_holders,
    a_held_lease_is_refused,
    a_released_lease_is_free,
    a_successors_lease_is_its_own,
);
