//! Bulk writes, limits, locks, suppression, commits and odd schemas that were handled wrongly (kinds K8 to K14): each case
//! says what is right.
//!
//! Those that are wrong today stand in `known.rs` and have to fail until they are taken off that list.

mod entities;
mod k08_bulk_inserts;
mod k08_every_write;
mod k09_limits;
mod k10_deferred;
mod k11_deadlocks;
mod k12_suppression;
mod k13_commits;
mod k14_odd_schemas;
mod known;
mod levels;
