//! Uses of the cache that went wrong (K15 and C): each case says what is right.
//!
//! Those that are wrong today stand in `known.rs` and have to fail until they are taken off that list.

mod c_cluster;
mod c_deleting;
mod c_http;
mod c_limits;
mod k15_held;
mod k15_outside;
mod known;
mod support;
