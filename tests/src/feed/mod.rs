//! Processes that write to a feed and read from it, and are killed meanwhile.

mod log;
mod process;
mod worker;

pub use log::{Handled, Log};
pub use process::Process;
pub use worker::{Role, Version, work};
