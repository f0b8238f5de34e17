//! Everything is counted: a version that every save and touch increments tells how often each row was written.
//!
//! ```text
//! author ──name──► books ──any──► shelf
//! ```

use sea_orm::Set;

use crate::{Table, at};

/// The tables.
#[must_use]
pub fn tables() -> Vec<Table> {
    vec![
        Table::of::<author::Entity>(),
        Table::of::<shelf::Entity>(),
        Table::of::<book::Entity>(),
    ]
}

/// An author as they were a while ago.
#[must_use]
pub fn author(id: i32) -> author::ActiveModel {
    author::ActiveModel {
        id: Set(id),
        name: Set(format!("author {id}")),
        town: Set("here".to_owned()),
        updated_at: Set(at(i64::from(id))),
        lock_no: Set(1),
    }
}

/// A shelf as it was a while ago.
#[must_use]
pub fn shelf(id: i32) -> shelf::ActiveModel {
    shelf::ActiveModel {
        id: Set(id),
        updated_at: Set(at(100 + i64::from(id))),
        lock_no: Set(1),
    }
}

/// A book as it was a while ago.
#[must_use]
pub fn book(id: i32, author: i32, shelf: i32) -> book::ActiveModel {
    book::ActiveModel {
        id: Set(id),
        title: Set(format!("book {id}")),
        author_id: Set(author),
        shelf_id: Set(shelf),
        updated_at: Set(at(200 + i64::from(id))),
        lock_no: Set(1),
    }
}

pub mod author {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "authors")]
    #[touch(books, on_fields = [name])]
    #[touchable(version = lock_no)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub name: String,
        pub town: String,
        pub updated_at: DateTimeUtc,
        pub lock_no: i64,
        #[sea_orm(has_many)]
        pub books: HasMany<super::book::Entity>,
    }
}

pub mod shelf {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "shelves")]
    #[touchable(version = lock_no)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub updated_at: DateTimeUtc,
        pub lock_no: i64,
        #[sea_orm(has_many)]
        pub books: HasMany<super::book::Entity>,
    }
}

pub mod book {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "books")]
    #[touch(shelf)]
    #[touchable(version = lock_no)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub title: String,
        pub author_id: i32,
        pub shelf_id: i32,
        pub updated_at: DateTimeUtc,
        pub lock_no: i64,
        #[sea_orm(belongs_to, from = "author_id", to = "id", on_delete = "Cascade")]
        pub author: BelongsTo<super::author::Entity>,
        #[sea_orm(belongs_to, from = "shelf_id", to = "id", on_delete = "Cascade")]
        pub shelf: BelongsTo<super::shelf::Entity>,
    }
}
