//! What a service tells us, which does not tell us when it changes: a time to live, and what happens around its end.
//!
//! ```text
//! cargo run -p caches --example rates
//! ```

use std::{
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::Duration,
};

use touchable::{
    Clock, Stamp,
    cache::{Cache, Options, store::Memory},
};

/// The service: every answer is another one, and the third call fails.
static CALLS: AtomicU32 = AtomicU32::new(0);

async fn rate() -> Result<u32, String> {
    match CALLS.fetch_add(1, Relaxed) {
        2 => Err("the bank is closed".to_owned()),
        call => Ok(100 + call),
    }
}

#[tokio::main]
async fn main() -> touchable::Result<()> {
    // An application leaves the clock to the system; here time passes when it is told to.
    let clock = Clock::manual(Stamp::from_micros(1_767_225_600_000_001));
    let store = Memory::builder().clock(clock.clone()).build();
    let cache = Cache::builder(store)
        .namespace("rates")
        .clock(clock.clone())
        .build()?;
    let options = Options::new()
        .ttl(Duration::from_mins(5))
        .stale_while_revalidate(Duration::from_secs(30))
        .stale_if_error(Duration::from_hours(1));

    println!("first: {}", cache.fetch("eur/usd", &options, rate).await?);
    clock.advance(Duration::from_mins(4));
    println!(
        "after 4 minutes: {}",
        cache.fetch("eur/usd", &options, rate).await?
    );

    clock.advance(Duration::from_secs(75));
    println!(
        "after 5:15, at once: {}",
        cache.fetch("eur/usd", &options, rate).await?
    );
    while cache.loads_in_flight() > 0 {
        tokio::task::yield_now().await;
    }
    println!(
        "and loaded in the background meanwhile: {}",
        cache.fetch("eur/usd", &options, rate).await?
    );

    clock.advance(Duration::from_mins(20));
    println!(
        "20 minutes later, and the bank is closed: {}",
        cache.fetch("eur/usd", &options, rate).await?
    );
    Ok(())
}
