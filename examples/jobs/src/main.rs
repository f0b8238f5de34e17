//! Jobs that another service works on: `cargo run -p jobs`.
//!
//! New jobs arrive all the time. The service is slow, does not know some of them, throttles, and is down now and then. The table shows
//! what the cache knows, and how often it asks.
//!
//! ```text
//! service  the other service: it works on jobs, badly
//! poller   how it is asked
//! table    what is shown
//! ```

mod poller;
mod service;
mod table;

use std::{error::Error, time::Duration};

use clap::Parser;
use tokio::{select, signal::ctrl_c, time::interval};
use touchable::refresh::{AutoRefreshCache, RateLimit};

use poller::{Job, Jobs};
use service::Service;
use table::Table;

/// Jobs of a simulated service, kept in step.
#[derive(Debug, Parser)]
struct Arguments {
    /// Jobs that are started in a second.
    #[arg(long, default_value_t = 20)]
    arrivals: u32,
    /// Calls a second that the service is asked at most.
    #[arg(long, default_value_t = 5.0)]
    rate: f64,
    /// Jobs that one call asks about.
    #[arg(long, default_value_t = 50)]
    batch: usize,
    /// Jobs that are remembered.
    #[arg(long, default_value_t = 400)]
    capacity: usize,
    /// Ends after so many seconds; without it on Ctrl-C.
    #[arg(long)]
    seconds: Option<u64>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let service = Service::default();
    let jobs = AutoRefreshCache::builder("jobs", Jobs::of(service.clone()))
        .resync_period(Duration::from_secs(5))
        .adaptive(Duration::from_secs(1))
        .rate_limit(RateLimit::per_second(arguments.rate).burst(5))
        .batch(arguments.batch)
        .capacity(arguments.capacity)
        .poll_timeout(Duration::from_secs(2))
        .terminal_ttl(Duration::from_secs(20))
        .start()?;
    let end = async {
        match arguments.seconds {
            Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
            // When it cannot be waited for, it goes on until the process is killed.
            None if ctrl_c().await.is_err() => std::future::pending().await,
            None => {}
        }
    };
    select! {
        () = work(&jobs, &service, &arguments) => {}
        () = end => {}
    }
    let stats = jobs.stats();
    jobs.shutdown().await;
    println!("{} calls asked about {} jobs", stats.calls, stats.polled);
    Ok(())
}

/// Starts jobs, and shows what becomes of them.
async fn work(jobs: &AutoRefreshCache<Jobs>, service: &Service, arguments: &Arguments) {
    let mut table = Table::new(arguments.rate);
    let mut arrivals = interval(Duration::from_secs(1) / arguments.arrivals.max(1));
    let mut shown = interval(Duration::from_millis(500));
    loop {
        select! {
            _ = arrivals.tick() => {
                let id = service.begin();
                if let Err(error) = jobs.get_or_create(&id, || Job::Started) {
                    eprintln!("{error}");
                }
            }
            _ = shown.tick() => {
                service.age();
                table.show(jobs, service);
            }
        }
    }
}
