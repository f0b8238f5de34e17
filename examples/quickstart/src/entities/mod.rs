//! The example schema's entities. Their rules are what this example is about.

pub mod event;
pub mod participant;
pub mod task;
pub mod user;
