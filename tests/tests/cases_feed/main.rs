//! Failures from which feed and lease did not recover (F): each case says what is right.
//!
//! Those that are wrong today stand in `known.rs` and have to fail until they are taken off that list.

mod known;
