//! Single saves that were judged wrongly (kinds K1 to K7): each case says what is right.
//!
//! Those that are wrong today stand in `known.rs` and have to fail until they are taken off that list.

mod k01_stored_row;
mod known;
