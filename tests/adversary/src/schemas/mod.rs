//! Schemas, each for some features that the others do not have.
//!
//! | schema | keys | what it is for |
//! |---|---|---|
//! | `events` | i32 | belongs-to, has-many, a cascade, nullable foreign keys |
//! | `members` | UUID, pairs of them | many-to-many through two junctions, several rules for one table, `except_fields` |
//! | `tree` | i64 | a table that names itself, loops |
//! | `circle` | i32 | a circle of rules |
//! | `tenants` | composite: text, i64 | a composite foreign key that is partly missing, a version |
//! | `typed` | i32 | a column of each type that is everywhere, values in several spellings |
//! | `typed_postgres` | i32 | the same for jsonb, intervals, citext, arrays, timestamptz(0) |
//! | `kinds` | enum and citext | keys of PostgreSQL's own types |
//! | `conditional` | i32 | an association with a condition, on both sides |
//! | `polymorphic` | i32 | one foreign key for two tables, told apart by a condition |
//! | `fragments` | i32 | a stamp for each fragment, has-one, `except_fields`, touch columns of several types, `created_at` |
//! | `linked` | i32 | a `Linked` chain whose middle rows have rules |
//! | `computed` | i32 | a watched generated column, a unique key instead of a primary one |
//! | `shelves` | i32 | foreign keys with ON DELETE CASCADE and SET NULL, with and without a rule that leads along them |
//! | `shop` | i32 | soft delete, a field list that goes on with touches, has-one in a circle |
//! | `posts` | i32 | nested saves: a parent, children with and without a parent of theirs, many-to-many |
//! | `loose` | text | no foreign keys, parents that are missing, hooks by hand that refuse |

mod circle;
mod computed;
mod conditional;
mod events;
mod fragments;
mod kinds;
mod linked;
mod loose;
mod members;
mod polymorphic;
mod posts;
mod shelves;
mod shop;
mod tenants;
mod tree;
mod typed;
mod typed_postgres;

use touchable_tests::Backend;

use crate::schema::Schema;

/// All schemas that this backend knows.
#[must_use]
pub fn all(backend: Backend) -> Vec<Schema> {
    let all = [
        events::schema,
        members::schema,
        tree::schema,
        circle::schema,
        tenants::schema,
        loose::schema,
        typed::schema,
        typed_postgres::schema,
        kinds::schema,
        conditional::schema,
        polymorphic::schema,
        fragments::schema,
        linked::schema,
        computed::schema,
        shelves::schema,
        shop::schema,
        posts::schema,
    ];
    all.iter()
        .map(|schema| schema(backend))
        .filter(|schema| schema.backends.contains(&backend))
        .collect()
}

/// All backends.
pub const EVERYWHERE: &[Backend] = &[Backend::Sqlite, Backend::Postgres, Backend::MariaDb];

/// No statements beside the tables.
#[must_use]
pub fn nothing(_: Backend) -> Vec<String> {
    Vec::new()
}
