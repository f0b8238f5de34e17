//! The example schema's entities, with the rules of the quickstart.

pub mod event;
pub mod participant;
pub mod task;
pub mod user;
