//! Behaviours 21 to 25 and 43: the other ways to write.

mod bulk;
mod bulk_insert;
mod bulk_one;
mod bulk_races;
mod bulk_upsert;
mod explicit;
mod saves;
mod suppressed;
