//! Rules in a circle of three tables: a change of any row moves the rows around it, as far as they are connected.
//!
//! ```text
//! area ◄──any──► booth ◄──any──► crate, in this order of locks
//! ```

use sea_orm::Set;
use touchable_tests::{Table, World, at};

/// The tables.
#[must_use]
pub fn tables() -> Vec<Table> {
    vec![
        Table::of::<area::Entity>(),
        Table::of::<booth::Entity>(),
        Table::of::<crates::Entity>(),
    ]
}

/// Three areas with a booth each; crate 1 is in booth 1.
pub async fn populate(world: &World) {
    world
        .seed([1, 2, 3].map(|id| area::ActiveModel {
            id: Set(id),
            updated_at: Set(at(i64::from(id))),
        }))
        .await;
    world
        .seed([1, 2, 3].map(|id| booth::ActiveModel {
            id: Set(id),
            area_id: Set(id),
            updated_at: Set(at(100 + i64::from(id))),
        }))
        .await;
    world
        .seed([crates::ActiveModel {
            id: Set(1),
            booth_id: Set(1),
            updated_at: Set(at(200)),
        }])
        .await;
}

pub mod area {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "areas")]
    #[touch(booths)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub booths: HasMany<super::booth::Entity>,
    }
}

pub mod booth {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "booths")]
    #[touch(area)]
    #[touch(crates)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub area_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "area_id", to = "id", on_delete = "Cascade")]
        pub area: BelongsTo<super::area::Entity>,
        #[sea_orm(has_many)]
        pub crates: HasMany<super::crates::Entity>,
    }
}

pub mod crates {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "crates")]
    #[touch(booth)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub booth_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "booth_id", to = "id", on_delete = "Cascade")]
        pub booth: BelongsTo<super::booth::Entity>,
    }
}
