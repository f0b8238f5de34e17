//! The applications the contracts run on. Each module is one schema with one set of rules, and its `tables()` in the
//! order in which foreign keys allow them to be created.

pub mod board;
pub mod broken;
pub mod chain;
pub mod columns;
pub mod cycle;
pub mod ledger;
pub mod manual;
pub mod names;
pub mod orders;
pub mod outer;
pub mod plain;
pub mod published;
pub mod selective;
pub mod shop;
pub mod society;
pub mod stamps;
pub mod stock;
pub mod tags;
pub mod tree;
