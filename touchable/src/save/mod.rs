//! What a save sets in motion: before SeaORM's statement it is seen what really changes, after it the rows that show it are
//! touched.
//!
//! ```text
//! hooks      the four hooks of an active model
//! update     what an update really changes, and which rules that fires
//! insert, delete
//! coarse     whether the touch column keeps what is written to it
//! note       what a hook leaves for the next one, on a plain connection
//! register   the same, for a connection of ours
//! bulk       writes without hooks: `.touching()`
//! explicit   `record.touch(..)`, `Entity::touch_all(..)`
//! lock       `record.lock(..)`
//! ```

mod bulk;
mod coarse;
mod delete;
mod explicit;
mod flush;
pub(crate) mod hooks;
mod insert;
mod lock;
mod note;
mod publish;
mod read;
mod register;
mod stamping;
mod update;
mod version;

pub(crate) use bulk::AsSaved;
pub use bulk::{TouchMany, Touching};
pub(crate) use delete::{children_of, parents_of};
pub use explicit::{TouchAll, TouchRecord};
pub(crate) use insert::new_parents;
pub use lock::LockRecord;
pub(crate) use read::read;
pub(crate) use update::judge_unsent;
