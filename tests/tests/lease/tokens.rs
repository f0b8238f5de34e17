//! Fencing tokens rise.

use std::time::Duration;

use touchable::lease::{Holder, Leases};

use crate::places::{LONG, on_every_place, until};

async fn tokens_rise_over_releases_and_ends<P: Leases>(place: P) {
    let short = Duration::from_millis(30);
    let mut last = 0;
    for turn in 0..6 {
        let grant = until("a lease that ended is not free", async || {
            place.acquire("one", &Holder::unique(), short).await.unwrap()
        })
        .await;
        assert!(grant.token > last, "{} after {last}", grant.token);
        last = grant.token;
        if turn % 2 == 0 {
            place.release(&grant).await.unwrap();
        }
    }
}

/// Who has not heard the answer asks again, and a token that was lost on the way is never used.
async fn a_holder_that_asks_again_gets_the_lease_under_a_new_token<P: Leases>(place: P) {
    let holder = Holder::unique();
    let unheard = place.acquire("one", &holder, LONG).await.unwrap().unwrap();
    let heard = place.acquire("one", &holder, LONG).await.unwrap().unwrap();
    assert!(heard.token > unheard.token);
    assert!(!place.renew(&unheard, LONG).await.unwrap());
    assert!(place.renew(&heard, LONG).await.unwrap());
}

on_every_place!(
    tokens_rise_over_releases_and_ends,
    a_holder_that_asks_again_gets_the_lease_under_a_new_token,
);
