//! A process that writes and is killed: what it writes, what may be left of it, and the writing itself.

mod ledger;
mod op;
mod victim;
mod writer;

pub use ledger::Ledger;
pub use op::{Op, Single, script};
pub use victim::{Stop, Victim};
pub use writer::write;
