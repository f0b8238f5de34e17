//! The command line.

use std::time::Duration;

use clap::Parser;

/// A page of deployments, whose statuses a slow and flaky service knows.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// Where statuses and due times are, so that several nodes share the work; the process's own memory when left out
    #[arg(long, value_name = "URL")]
    pub redis: Option<String>,

    /// What the keys in Redis begin with
    #[arg(long, default_value = "status")]
    pub namespace: String,

    /// The port on the loopback; 0 for any that is free
    #[arg(long, default_value_t = 3001)]
    pub port: u16,

    /// How long the service takes for an answer, in milliseconds, or up to three times as long
    #[arg(long, default_value_t = 1_000)]
    latency: u64,

    /// How often a status is asked for anew while somebody looks, in milliseconds
    #[arg(long, default_value_t = 5_000)]
    interval: u64,
}

impl Arguments {
    /// How long the service takes at least.
    pub const fn latency(&self) -> Duration {
        Duration::from_millis(self.latency)
    }

    /// From one status to the next.
    pub const fn interval(&self) -> Duration {
        Duration::from_millis(self.interval)
    }
}
