//! Keys of two and three columns, and a foreign key of two that may be null.

use sea_orm::Set;

use crate::{Table, World, at};

/// The tables.
#[must_use]
pub fn tables() -> Vec<Table> {
    vec![
        Table::of::<order::Entity>(),
        Table::of::<line::Entity>(),
        Table::of::<shipment::Entity>(),
    ]
}

/// An order as it was a while ago.
#[must_use]
pub fn order(region: &str, number: i32) -> order::ActiveModel {
    order::ActiveModel {
        region: Set(region.to_owned()),
        number: Set(number),
        customer: Set("Ada".to_owned()),
        currency: Set("EUR".to_owned()),
        updated_at: Set(at(i64::from(number))),
    }
}

/// A line as it was a while ago.
#[must_use]
pub fn line(region: &str, number: i32, position: i32) -> line::ActiveModel {
    line::ActiveModel {
        order_region: Set(region.to_owned()),
        order_number: Set(number),
        position: Set(position),
        article: Set("screws".to_owned()),
        updated_at: Set(at(100 + i64::from(position))),
    }
}

/// A shipment as it was a while ago.
#[must_use]
pub fn shipment(id: i32, region: Option<&str>, number: Option<i32>) -> shipment::ActiveModel {
    shipment::ActiveModel {
        id: Set(id),
        order_region: Set(region.map(str::to_owned)),
        order_number: Set(number),
        carrier: Set("post".to_owned()),
        weight: Set(1),
        updated_at: Set(at(200 + i64::from(id))),
    }
}

/// Orders 1 and 2 in each of two regions, so that half a key leads astray. `eu/1` has lines 1 and 2, the others
/// line 1. Shipments 1 to 3 belong to `eu/1`, `eu/2` and `us/1`; 4 to none; 5 has half a key.
pub async fn populate(world: &World) {
    world
        .seed([order("eu", 1), order("eu", 2), order("us", 1), order("us", 2)])
        .await;
    world
        .seed([
            line("eu", 1, 1),
            line("eu", 1, 2),
            line("eu", 2, 1),
            line("us", 1, 1),
            line("us", 2, 1),
        ])
        .await;
    world
        .seed([
            shipment(1, Some("eu"), Some(1)),
            shipment(2, Some("eu"), Some(2)),
            shipment(3, Some("us"), Some(1)),
            shipment(4, None, None),
            shipment(5, Some("eu"), None),
        ])
        .await;
}

pub mod order {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "orders")]
    #[touch(lines, on_fields = [currency])]
    #[touch(shipments, on_fields = [customer])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub region: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i32,
        pub customer: String,
        pub currency: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub lines: HasMany<super::line::Entity>,
        #[sea_orm(has_many)]
        pub shipments: HasMany<super::shipment::Entity>,
    }
}

pub mod line {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "lines")]
    #[touch(order)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub order_region: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub order_number: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub position: i32,
        pub article: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(
            belongs_to,
            from = "(order_region, order_number)",
            to = "(region, number)",
            on_delete = "Cascade"
        )]
        pub order: BelongsTo<super::order::Entity>,
    }
}

pub mod shipment {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "shipments")]
    #[touch(order, on_fields = [order_region, order_number, carrier])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub order_region: Option<String>,
        pub order_number: Option<i32>,
        pub carrier: String,
        pub weight: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(
            belongs_to,
            from = "(order_region, order_number)",
            to = "(region, number)",
            on_delete = "SetNull"
        )]
        pub order: BelongsTo<Option<super::order::Entity>>,
    }
}
