//! Every figure beside its baseline, in one run.
//!
//! ```text
//! race ──► laps of ours, by hand, .. in turns ──► medians of their quotients ──► ratio NAME VALUE goal <= VALUE
//! ```

mod arguments;
pub mod entities;
mod lane;
mod race;

pub use arguments::Arguments;
pub use lane::{Lane, lanes};
pub use race::{Goal, Race, Ratio};
