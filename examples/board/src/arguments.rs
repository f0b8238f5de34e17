//! The command line.

use clap::Parser;

/// A board of events, tasks and owners, whose pages are built of cached fragments.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// Where the rows are: postgres://, mysql:// or sqlite://; a new SQLite file, gone at the end, when left out
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,

    /// Where the fragments are, so that several nodes share them; the process's own memory when left out
    #[arg(long, value_name = "URL")]
    pub redis: Option<String>,

    /// The port on the loopback; 0 for any that is free
    #[arg(long, default_value_t = 3000)]
    pub port: u16,
}
