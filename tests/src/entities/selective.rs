//! Rules that fire on some events only, or on every field but some.

use sea_orm::Set;

use crate::{Table, World, at};

/// The tables.
#[must_use]
pub fn tables() -> Vec<Table> {
    vec![
        Table::of::<shelf::Entity>(),
        Table::of::<room::Entity>(),
        Table::of::<book::Entity>(),
        Table::of::<review::Entity>(),
    ]
}

/// Shelves, rooms and books 1 and 2, each book on the shelf and in the room of its number; reviews 1 and 2 of book 1,
/// 3 of book 2.
pub async fn populate(world: &World) {
    world
        .seed([1, 2].map(|id| shelf::ActiveModel {
            id: Set(id),
            updated_at: Set(at(1)),
        }))
        .await;
    world
        .seed([1, 2].map(|id| room::ActiveModel {
            id: Set(id),
            updated_at: Set(at(2)),
        }))
        .await;
    world.seed([book(1), book(2)]).await;
    world
        .seed([(1, 1), (2, 1), (3, 2)].map(|(id, book)| review(id, Some(book))))
        .await;
}

/// A book as it was a while ago, on the shelf and in the room of its number.
#[must_use]
pub fn book(id: i32) -> book::ActiveModel {
    book::ActiveModel {
        id: Set(id),
        title: Set(format!("book {id}")),
        notes: Set(None),
        position: Set(id),
        shelf_id: Set(id),
        room_id: Set(id),
        updated_at: Set(at(3)),
    }
}

/// A review as it was a while ago.
#[must_use]
pub fn review(id: i32, book: Option<i32>) -> review::ActiveModel {
    review::ActiveModel {
        id: Set(id),
        text: Set(format!("review {id}")),
        book_id: Set(book),
        updated_at: Set(at(4)),
    }
}

pub mod shelf {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "shelves")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub books: HasMany<super::book::Entity>,
    }
}

pub mod room {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "rooms")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub updated_at: DateTimeUtc,
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
    #[touch(shelf, on = [create, delete])]
    #[touch(room, on = [update])]
    #[touch(reviews, except_fields = [notes, position])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub title: String,
        pub notes: Option<String>,
        pub position: i32,
        pub shelf_id: i32,
        pub room_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "shelf_id", to = "id", on_delete = "Cascade")]
        pub shelf: BelongsTo<super::shelf::Entity>,
        #[sea_orm(belongs_to, from = "room_id", to = "id", on_delete = "Cascade")]
        pub room: BelongsTo<super::room::Entity>,
        #[sea_orm(has_many)]
        pub reviews: HasMany<super::review::Entity>,
    }
}

pub mod review {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "reviews")]
    #[touch(book, on = [create])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub text: String,
        pub book_id: Option<i32>,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "book_id", to = "id", on_delete = "SetNull")]
        pub book: BelongsTo<Option<super::book::Entity>>,
    }
}
