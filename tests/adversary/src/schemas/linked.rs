//! An author is shown by the books of its contracts: a chain of two hops, whose middle rows have rules of their own.
//!
//! ```text
//! author ──name──► (contracts) ──► books      author ──name──► contracts      contract ──any──► book
//! ```

use sea_orm::{Linked, RelationDef, RelationTrait};
use touchable_tests::Backend;

use super::{EVERYWHERE, nothing};
use crate::{
    perform::entity,
    schema::{Column, Hop, Rule, Schema, Table},
};

const AUTHOR: usize = 0;
const BOOK: usize = 1;
const CONTRACT: usize = 2;

/// The schema.
#[must_use]
pub fn schema(_: Backend) -> Schema {
    let to_contracts = || Hop::to(CONTRACT, "id", "author_id");
    let to_book = || Hop::to(BOOK, "book_id", "id");
    Schema {
        name: "linked",
        backends: EVERYWHERE,
        tables: vec![
            Table::new(
                entity::<author::Entity>(),
                "id",
                [1, 2, 3],
                vec![
                    Column::of("name", ["a", "b"]),
                    Column::of("town", ["a", "b"]),
                    Column::note(),
                ],
            ),
            Table::new(entity::<book::Entity>(), "id", [1, 2, 3], vec![Column::note()]),
            Table::new(
                entity::<contract::Entity>(),
                "id",
                [1, 2, 3, 4],
                vec![
                    Column::of("author_id", [Some(1), Some(2), None])
                        .seeds([0, 0, 1])
                        .leads(),
                    Column::of("book_id", [1, 2]).seeds([0, 1, 1]).leads(),
                    Column::note(),
                ],
            ),
        ],
        rules: vec![
            Rule::only(AUTHOR, ["name"], vec![to_contracts(), to_book()]),
            Rule::only(AUTHOR, ["name"], vec![to_contracts()]),
            Rule::any(CONTRACT, vec![to_book()]),
        ],
        before: nothing,
        after: nothing,
    }
}

struct AuthorToBooks;

impl Linked for AuthorToBooks {
    type FromEntity = author::Entity;
    type ToEntity = book::Entity;

    fn link(&self) -> Vec<RelationDef> {
        vec![
            contract::Relation::Author.def().rev(),
            contract::Relation::Book.def(),
        ]
    }
}

mod author {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "authors")]
    #[touch(linked = super::AuthorToBooks, on_fields = [name])]
    #[touch(contracts, on_fields = [name])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub name: String,
        pub town: String,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub contracts: HasMany<super::contract::Entity>,
    }
}

mod book {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "books")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub contracts: HasMany<super::contract::Entity>,
    }
}

mod contract {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "contracts")]
    #[touch(book)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub author_id: Option<i32>,
        pub book_id: i32,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "author_id", to = "id")]
        pub author: BelongsTo<Option<super::author::Entity>>,
        #[sea_orm(belongs_to, from = "book_id", to = "id")]
        pub book: BelongsTo<super::book::Entity>,
    }
}
