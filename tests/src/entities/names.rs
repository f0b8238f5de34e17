//! Primary keys of every kind: text, UUIDs, bytes, moments, and two texts together.

use sea_orm::Set;

use crate::{Table, World, at};

/// The tables.
#[must_use]
pub fn tables() -> Vec<Table> {
    vec![
        Table::of::<label::Entity>(),
        Table::of::<token::Entity>(),
        Table::of::<blob::Entity>(),
        Table::of::<hour::Entity>(),
    ]
}

/// A label as it was a while ago; all are stamped alike.
#[must_use]
pub fn label(scope: &str, name: &str) -> label::ActiveModel {
    label::ActiveModel {
        scope: Set(scope.to_owned()),
        name: Set(name.to_owned()),
        weight: Set(1),
        updated_at: Set(Some(at(1))),
    }
}

/// One row of each.
pub async fn populate(world: &World) {
    world.seed([label("a,b", "c")]).await;
    world
        .seed([token::ActiveModel {
            id: Set(sea_orm::prelude::Uuid::from_u128(0xABC)),
            updated_at: Set(at(2)),
        }])
        .await;
    world
        .seed([blob::ActiveModel {
            hash: Set(vec![0, 0xFF, b';', b':']),
            updated_at: Set(at(3)),
        }])
        .await;
    world
        .seed([hour::ActiveModel {
            begins_at: Set(at(4)),
            updated_at: Set(at(5)),
        }])
        .await;
}

pub mod label {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "labels")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub scope: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub weight: i32,
        pub updated_at: Option<DateTimeUtc>,
    }
}

pub mod token {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "tokens")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub updated_at: DateTimeUtc,
    }
}

pub mod blob {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "blobs")]
    pub struct Model {
        #[sea_orm(
            primary_key,
            auto_increment = false,
            column_type = "VarBinary(StringLen::N(32))"
        )]
        pub hash: Vec<u8>,
        pub updated_at: DateTimeUtc,
    }
}

pub mod hour {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "hours")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub begins_at: DateTimeUtc,
        pub updated_at: DateTimeUtc,
    }
}
