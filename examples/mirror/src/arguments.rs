//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// A full-text index that mirrors a table, and may be killed at any moment.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// What to do; everything at once when left out
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The Redis with the feed; `REDIS_URL`, or one on this machine, when left out
    #[arg(long, global = true, value_name = "URL")]
    pub redis: Option<String>,

    /// What all keys in Redis begin with
    #[arg(long, global = true, default_value = "mirror")]
    pub namespace: String,

    /// Where the table and the index are; a directory of the example's own when left out
    #[arg(long, global = true, value_name = "DIRECTORY")]
    pub dir: Option<PathBuf>,

    /// Ends after this time, and not with its input
    #[arg(long)]
    pub seconds: Option<u64>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Changes products
    Write {
        /// How many changes; without end when left out
        #[arg(long)]
        changes: Option<u64>,

        /// Milliseconds from one to the next
        #[arg(long, default_value_t = 200)]
        pause: u64,
    },
    /// Fills the index from the feed, until it is killed
    Index,
    /// Asks the index
    Search {
        /// All of which a product's name or description has
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// Compares the index with the table when everything is indexed; the exit code is 1 when they differ
    Check {
        /// Seconds to wait for that
        #[arg(long, default_value_t = 60)]
        within: u64,
    },
}
