//! Leases: one suite for every place that keeps them.

mod exclusion;
mod in_hand;
mod names;
mod places;
mod time;
mod tokens;
