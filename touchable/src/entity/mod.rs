//! What an entity declares: its touch column and its rules, as plain data.
//!
//! ```text
//! touchable   the trait that the derive implements, and the types its columns can have
//! rule        which associated rows show which fields
//! soft_delete rows that are deleted by a column
//! schema      the declaration without its type, compiled once
//! row         columns of one row by name, whatever holds it
//! rows        reading rows where the type is not known
//! components  where rules form circles
//! ```

mod components;
mod row;
mod rows;
mod rule;
mod schema;
mod soft_delete;
mod touchable;

pub(crate) use components::components;
pub(crate) use row::{
    Key, ModelOf, display_key, is_given, is_null, key_of_active, key_of_model, primary_key_of_active,
    primary_key_of_model, same, set_columns,
};
pub use rule::{Dirty, Event, Events, Fields, Rule};
pub use schema::Schema;
pub(crate) use schema::{Cast, ColumnKind, CompiledRule, known as known_schemas, typed};
pub(crate) use soft_delete::SoftDelete;
pub use touchable::{DeletedType, StampType, Touchable, VersionType};
