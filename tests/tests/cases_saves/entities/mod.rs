//! Schemas that only these cases need.

pub mod drafts;
pub mod fair;
pub mod hooked;
pub mod kinds;
pub mod readings;
pub mod remarks;
pub mod reused;
pub mod shelves;
pub mod venues;
