//! Children that show their parent.
//!
//! ```text
//! shelf ◄──any── book, shelf ──[name]──► book: the database knows of no foreign key
//! loan ──any──► volume ──any──► page
//! ```

use sea_orm::Set;
use touchable_tests::{Table, World, at};

/// The tables.
#[must_use]
pub fn tables() -> Vec<Table> {
    vec![
        Table::of::<shelf::Entity>(),
        Table::of::<book::Entity>(),
        Table::of::<volume::Entity>(),
        Table::of::<loan::Entity>(),
        Table::of::<page::Entity>(),
    ]
}

/// A book as it was a while ago.
#[must_use]
pub fn new_book(id: i32, shelf: i32) -> book::ActiveModel {
    book::ActiveModel {
        id: Set(id),
        shelf_id: Set(shelf),
        updated_at: Set(at(100 + i64::from(id))),
    }
}

/// A page as it was a while ago.
#[must_use]
pub fn new_page(id: i32, volume: i32) -> page::ActiveModel {
    page::ActiveModel {
        id: Set(id),
        volume_id: Set(volume),
        updated_at: Set(at(400 + i64::from(id))),
    }
}

/// Two shelves with a book each; a volume with a loan and a page.
pub async fn populate(world: &World) {
    world
        .seed([1, 2].map(|id| shelf::ActiveModel {
            id: Set(id),
            name: Set(format!("shelf {id}")),
            updated_at: Set(at(i64::from(id))),
        }))
        .await;
    world.seed([new_book(1, 1), new_book(2, 2)]).await;
    world
        .seed([volume::ActiveModel {
            id: Set(1),
            updated_at: Set(at(200)),
        }])
        .await;
    world
        .seed([loan::ActiveModel {
            id: Set(1),
            reader: Set("Ada".to_owned()),
            volume_id: Set(1),
            updated_at: Set(at(300)),
        }])
        .await;
    world.seed([new_page(1, 1)]).await;
}

pub mod shelf {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "shelves")]
    #[touch(Book, on_fields = [name])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub name: String,
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter)]
    pub enum Relation {
        Book,
    }

    impl RelationTrait for Relation {
        fn def(&self) -> RelationDef {
            Entity::has_many(super::book::Entity).into()
        }
    }

    impl Related<super::book::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Book.def()
        }
    }
}

pub mod book {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "books")]
    #[touch(Shelf)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub shelf_id: i32,
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter)]
    pub enum Relation {
        Shelf,
    }

    impl RelationTrait for Relation {
        fn def(&self) -> RelationDef {
            Entity::belongs_to(super::shelf::Entity)
                .from(Column::ShelfId)
                .to(super::shelf::Column::Id)
                .skip_fk()
                .into()
        }
    }

    impl Related<super::shelf::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Shelf.def()
        }
    }
}

pub mod volume {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "volumes")]
    #[touch(pages)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub loans: HasMany<super::loan::Entity>,
        #[sea_orm(has_many)]
        pub pages: HasMany<super::page::Entity>,
    }
}

pub mod loan {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "loans")]
    #[touch(volume)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub reader: String,
        pub volume_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "volume_id", to = "id", on_delete = "Cascade")]
        pub volume: BelongsTo<super::volume::Entity>,
    }
}

pub mod page {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "pages")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub volume_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "volume_id", to = "id", on_delete = "Cascade")]
        pub volume: BelongsTo<super::volume::Entity>,
    }
}
