//! Single saves that were judged wrongly (kinds K1 to K7): each case says what is right.
//!
//! Those that are wrong today stand in `known.rs` and have to fail until they are taken off that list.

mod entities;
mod k01_stored_row;
mod k02_databases;
mod k02_place;
mod k02_rounded;
mod k03_newcomers;
mod k03_snapshot;
mod k04_both_sides;
mod k05_dropped_save;
mod k06_equal;
mod k07_types;
mod known;
mod level;
mod n02_dropped_begin;
mod r_review;
