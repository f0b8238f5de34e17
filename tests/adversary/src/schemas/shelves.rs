//! Foreign keys with actions. What the database takes along or unlinks touches nobody by its own rules; rules of the
//! deleted row reach those that survive.
//!
//! ```text
//! book ──any──► shelf, author     shelf ──label──► books     author ──name──► books
//! page ──any──► book, editor
//!
//! gone is a shelf: its books have none          an author: its books, and it edits no page
//!         a book: its pages
//! ```

use touchable_tests::Backend;

use super::{EVERYWHERE, nothing};
use crate::{
    perform::entity,
    schema::{Column, Hop, Rule, Schema, Table},
};

const SHELF: usize = 0;
const AUTHOR: usize = 1;
const BOOK: usize = 2;
const PAGE: usize = 3;

/// The schema.
#[must_use]
pub fn schema(_: Backend) -> Schema {
    let optional = [Some(1), Some(2), None::<i32>];
    let ids = [1, 2, 3];
    let shelf = Table::new(
        entity::<shelf::Entity>(),
        "id",
        ids,
        vec![Column::of("label", ["a", "b"]), Column::note()],
    );
    let author = Table::new(
        entity::<author::Entity>(),
        "id",
        ids,
        vec![Column::of("name", ["a", "b"]), Column::note()],
    );
    let book = Table::new(
        entity::<book::Entity>(),
        "id",
        [1, 2, 3, 4],
        vec![
            Column::of("title", ["a", "b"]),
            Column::of("shelf_id", optional).seeds([0, 0, 1]).leads(),
            Column::of("author_id", optional).seeds([0, 1, 1]).leads(),
            Column::note(),
        ],
    );
    let page = Table::new(
        entity::<page::Entity>(),
        "id",
        [1, 2, 3, 4],
        vec![
            Column::of("text", ["a", "b"]),
            Column::of("book_id", [1, 2]).seeds([0, 0, 1]).leads(),
            Column::of("editor_id", optional).seeds([0, 1, 0]).leads(),
            Column::note(),
        ],
    );
    Schema {
        name: "shelves",
        backends: EVERYWHERE,
        tables: vec![
            shelf.unlinks(Hop::to(BOOK, "id", "shelf_id")),
            author
                .takes(Hop::to(BOOK, "id", "author_id"))
                .unlinks(Hop::to(PAGE, "id", "editor_id")),
            book.takes(Hop::to(PAGE, "id", "book_id")),
            page,
        ],
        rules: vec![
            Rule::any(BOOK, vec![Hop::to(SHELF, "shelf_id", "id")]),
            Rule::any(BOOK, vec![Hop::to(AUTHOR, "author_id", "id")]),
            Rule::any(PAGE, vec![Hop::to(BOOK, "book_id", "id")]),
            Rule::any(PAGE, vec![Hop::to(AUTHOR, "editor_id", "id")]),
            Rule::only(SHELF, ["label"], vec![Hop::to(BOOK, "id", "shelf_id")]),
            Rule::only(AUTHOR, ["name"], vec![Hop::to(BOOK, "id", "author_id")]),
        ],
        before: nothing,
        after: nothing,
    }
}

mod shelf {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "shelves")]
    #[touch(books, on_fields = [label])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub label: String,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub books: HasMany<super::book::Entity>,
    }
}

mod author {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "authors")]
    #[touch(books, on_fields = [name])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub name: String,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub books: HasMany<super::book::Entity>,
        #[sea_orm(has_many)]
        pub pages: HasMany<super::page::Entity>,
    }
}

mod book {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "volumes")]
    #[touch(shelf)]
    #[touch(author)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub title: String,
        pub shelf_id: Option<i32>,
        pub author_id: Option<i32>,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "shelf_id", to = "id", on_delete = "SetNull")]
        pub shelf: BelongsTo<Option<super::shelf::Entity>>,
        #[sea_orm(belongs_to, from = "author_id", to = "id", on_delete = "Cascade")]
        pub author: BelongsTo<Option<super::author::Entity>>,
        #[sea_orm(has_many)]
        pub pages: HasMany<super::page::Entity>,
    }
}

mod page {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "pages")]
    #[touch(book)]
    #[touch(editor)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub text: String,
        pub book_id: i32,
        pub editor_id: Option<i32>,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "book_id", to = "id", on_delete = "Cascade")]
        pub book: BelongsTo<super::book::Entity>,
        #[sea_orm(belongs_to, from = "editor_id", to = "id", on_delete = "SetNull")]
        pub editor: BelongsTo<Option<super::author::Entity>>,
    }
}
