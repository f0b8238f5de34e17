//! Failures from which feed and lease did not recover (F): each case says what is right.
//!
//! Those that are wrong today stand in `known.rs` and have to fail until they are taken off that list.

mod f_bytes;
mod f_clock;
mod f_connections;
mod f_full;
mod f_gaps;
mod f_guard;
mod f_identity;
mod f_parts;
mod f_replicas;
mod f_settings;
mod f_twice;
mod known;
mod proxy;
mod world;
