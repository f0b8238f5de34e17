//! Values that can be written in several ways, or that their column rounds. Every reading belongs to a meter.

use sea_orm::Set;
use touchable_tests::{Table, World, at};

/// The tables of an entity of this module.
#[must_use]
pub fn tables<E: sea_orm::EntityTrait>() -> Vec<Table> {
    vec![Table::of::<meter::Entity>(), Table::of::<E>()]
}

/// Meter 1.
pub async fn populate(world: &World) {
    world
        .seed([meter::ActiveModel {
            id: Set(1),
            updated_at: Set(at(1)),
        }])
        .await;
}

pub mod meter {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "meters")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub updated_at: DateTimeUtc,
    }
}

macro_rules! readings {
    ($($module:ident, $type:ty $(, #[$column:meta])?;)+) => {$(
        pub mod $module {
            use sea_orm::{Set, entity::prelude::*};
            use touchable::Touchable;
            use touchable_tests::at;

            #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Touchable)]
            #[sea_orm(table_name = "readings")]
            #[touch(Meter)]
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub id: i32,
                $(#[$column])?
                pub value: $type,
                pub meter_id: i32,
                pub updated_at: DateTimeUtc,
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {
                #[sea_orm(
                    belongs_to = "super::meter::Entity",
                    from = "Column::MeterId",
                    to = "super::meter::Column::Id"
                )]
                Meter,
            }

            /// Reading 1 of meter 1.
            #[must_use]
            pub fn row(value: $type) -> ActiveModel {
                ActiveModel {
                    id: Set(1),
                    value: Set(value),
                    meter_id: Set(1),
                    updated_at: Set(at(2)),
                }
            }
        }
    )+};
}

readings! {
    moment, DateTimeUtc;
    offset, TimeDateTimeWithTimeZone;
    price, Decimal, #[sea_orm(column_type = "Decimal(Some((10, 2)))")];
    ratio, f32, #[sea_orm(column_type = "Float")];
    json, Json;
    document, Json, #[sea_orm(column_type = "JsonBinary")];
    text_document, String, #[sea_orm(column_type = "JsonBinary", select_as = "text", save_as = "jsonb")];
    padded, String, #[sea_orm(column_type = "Char(Some(5))")];
    latin, String;
    period, String, #[sea_orm(column_type = "Interval(None, None)", select_as = "text", save_as = "interval")];
}
