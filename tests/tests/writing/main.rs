//! Behaviours 21 to 25: the other ways to write.

mod bulk;
mod bulk_insert;
mod explicit;
mod saves;
mod suppressed;
