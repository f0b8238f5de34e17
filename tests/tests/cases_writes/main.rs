//! Bulk writes, limits, locks, suppression, commits and odd schemas that were handled wrongly (kinds K8 to K14): each case says what is right.
//!
//! Those that are wrong today stand in `known.rs` and have to fail until they are taken off that list.

mod known;
