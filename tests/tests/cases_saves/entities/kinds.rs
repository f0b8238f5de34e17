//! Keys whose columns PostgreSQL gives a type of their own: an enum, and text in which case does not count.
//!
//! ```text
//! shelf (kind, number) ──[label]──► box      box ──any──► shelf
//! tag (name citext)    ──[color]──► use      use ──any──► tag
//! ```

use sea_orm::{ConnectionTrait, Set};
use touchable_tests::{Table, World, at};

/// The tables, with text where [`retype`] gives the columns their types.
#[must_use]
pub fn tables() -> Vec<Table> {
    vec![
        Table::of::<as_text::shelf::Entity>(),
        Table::of::<as_text::parcel::Entity>(),
        Table::of::<tag::Entity>(),
        Table::of::<tagging::Entity>(),
    ]
}

/// Gives the columns their types.
pub async fn retype(world: &World) {
    for sql in [
        "ALTER TABLE parcels DROP CONSTRAINT IF EXISTS \"fk-parcels-shelf_kind-shelf_number\"",
        "CREATE TYPE kind AS ENUM ('wood', 'metal')",
        "ALTER TABLE shelves ALTER kind TYPE kind USING kind::kind",
        "ALTER TABLE parcels ALTER shelf_kind TYPE kind USING shelf_kind::kind",
        "ALTER TABLE parcels ADD FOREIGN KEY (shelf_kind, shelf_number) REFERENCES shelves (kind, number)",
        "CREATE EXTENSION citext",
        "ALTER TABLE taggings DROP CONSTRAINT IF EXISTS \"fk-taggings-tag_name\"",
        "ALTER TABLE tags ALTER name TYPE citext",
        "ALTER TABLE taggings ALTER tag_name TYPE citext",
        "ALTER TABLE taggings ADD FOREIGN KEY (tag_name) REFERENCES tags (name)",
    ] {
        world.db.execute_unprepared(sql).await.unwrap();
    }
}

/// Makes shelves `wood/1` and `wood/2` with a parcel each, and tag `Rust` with a
/// tagging that spells it in another case.
pub async fn populate(world: &World) {
    world.seed([1, 2].map(shelf)).await;
    world.seed([1, 2].map(parcel)).await;
    world
        .seed([tag::ActiveModel {
            name: Set("Rust".to_owned()),
            color: Set("a".to_owned()),
            updated_at: Set(at(1)),
        }])
        .await;
    world
        .seed([tagging::ActiveModel {
            id: Set(1),
            tag_name: Set("rust".to_owned()),
            note: Set("a".to_owned()),
            updated_at: Set(at(2)),
        }])
        .await;
}

fn shelf(number: i32) -> shelf::ActiveModel {
    shelf::ActiveModel {
        kind: Set(Kind::Wood),
        number: Set(number),
        label: Set("a".to_owned()),
        updated_at: Set(at(i64::from(number))),
    }
}

/// A parcel on the shelf of its number.
#[must_use]
pub fn parcel(id: i32) -> parcel::ActiveModel {
    parcel::ActiveModel {
        id: Set(id),
        shelf_kind: Set(Kind::Wood),
        shelf_number: Set(id),
        note: Set("a".to_owned()),
        updated_at: Set(at(100 + i64::from(id))),
    }
}

/// A type of the database's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sea_orm::EnumIter, sea_orm::DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "kind")]
pub enum Kind {
    #[sea_orm(string_value = "wood")]
    Wood,
    #[sea_orm(string_value = "metal")]
    Metal,
}

pub mod shelf {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "shelves")]
    #[touch(parcels, on_fields = [label])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub kind: super::Kind,
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i32,
        pub label: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub parcels: HasMany<super::parcel::Entity>,
    }
}

pub mod parcel {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "parcels")]
    #[touch(shelf)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub shelf_kind: super::Kind,
        pub shelf_number: i32,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "(shelf_kind, shelf_number)", to = "(kind, number)")]
        pub shelf: BelongsTo<super::shelf::Entity>,
    }
}

pub mod tag {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "tags")]
    #[touch(taggings, on_fields = [color])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub color: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub taggings: HasMany<super::tagging::Entity>,
    }
}

pub mod tagging {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "taggings")]
    #[touch(tag)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub tag_name: String,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "tag_name", to = "name")]
        pub tag: BelongsTo<super::tag::Entity>,
    }
}

/// The tables of shelves and parcels as the harness creates and reads them.
mod as_text {
    pub mod shelf {
        use sea_orm::entity::prelude::*;

        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
        #[sea_orm(table_name = "shelves")]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false, select_as = "text")]
            pub kind: String,
            #[sea_orm(primary_key, auto_increment = false)]
            pub number: i32,
            pub label: String,
            pub updated_at: DateTimeUtc,
        }

        #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
        pub enum Relation {}

        impl ActiveModelBehavior for ActiveModel {}
    }

    pub mod parcel {
        use sea_orm::entity::prelude::*;

        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
        #[sea_orm(table_name = "parcels")]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub id: i32,
            #[sea_orm(select_as = "text")]
            pub shelf_kind: String,
            pub shelf_number: i32,
            pub note: String,
            pub updated_at: DateTimeUtc,
        }

        #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
        pub enum Relation {}

        impl ActiveModelBehavior for ActiveModel {}
    }
}
