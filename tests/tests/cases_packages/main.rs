//! Faults of security and packaging (S): each case says what is right.
//!
//! Those that are wrong today stand in `known.rs` and have to fail until they are taken off that list.

mod api;
mod known;
mod packages;
mod raw_sql;
mod redis_tls;
mod strict;
