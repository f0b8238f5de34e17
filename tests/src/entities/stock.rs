//! Items that are known by a number of their own: a shelf shows its items, and a price its item's label.

use sea_orm::{NotSet, Set};

use crate::{Table, World, at};

/// The tables.
#[must_use]
pub fn tables() -> Vec<Table> {
    vec![
        Table::of::<shelf::Entity>(),
        Table::of::<item::Entity>(),
        Table::of::<price::Entity>(),
    ]
}

/// A shelf as it was a while ago.
#[must_use]
pub fn shelf(id: i32) -> shelf::ActiveModel {
    shelf::ActiveModel {
        id: Set(id),
        updated_at: Set(at(i64::from(id))),
        lock_no: Set(1),
    }
}

/// A new item, whose key the database gives.
#[must_use]
pub fn item(sku: &str, label: &str, shelf: i32) -> item::ActiveModel {
    item::ActiveModel {
        id: NotSet,
        sku: Set(sku.to_owned()),
        label: Set(label.to_owned()),
        note: Set(None),
        shelf_id: Set(shelf),
        updated_at: NotSet,
        lock_no: NotSet,
    }
}

/// An item as it was a while ago.
#[must_use]
pub fn old_item(id: i32, sku: &str, shelf: i32) -> item::ActiveModel {
    item::ActiveModel {
        id: Set(id),
        updated_at: Set(at(100 + i64::from(id))),
        lock_no: Set(1),
        ..item(sku, sku, shelf)
    }
}

/// A price as it was a while ago.
#[must_use]
pub fn price(id: i32, item: i32) -> price::ActiveModel {
    price::ActiveModel {
        id: Set(id),
        item_id: Set(item),
        updated_at: Set(at(200 + i64::from(id))),
    }
}

/// Three shelves; on the first lie the items `a` and `b`, on the second `c`. Each has a price.
pub async fn populate(world: &World) {
    world.seed([1, 2, 3].map(shelf)).await;
    world
        .seed([old_item(1, "a", 1), old_item(2, "b", 1), old_item(3, "c", 2)])
        .await;
    world.seed([1, 2, 3].map(|id| price(id, id))).await;
}

pub mod shelf {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "shelves")]
    #[touchable(version = lock_no)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub updated_at: DateTimeUtc,
        pub lock_no: i32,
        #[sea_orm(has_many)]
        pub items: HasMany<super::item::Entity>,
    }
}

pub mod item {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "items")]
    #[touch(shelf)]
    #[touch(prices, on_fields = [label])]
    #[touchable(version = lock_no)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        #[sea_orm(unique)]
        pub sku: String,
        pub label: String,
        pub note: Option<String>,
        #[sea_orm(default_value = 3)]
        pub shelf_id: i32,
        pub updated_at: DateTimeUtc,
        pub lock_no: i32,
        #[sea_orm(belongs_to, from = "shelf_id", to = "id")]
        pub shelf: BelongsTo<super::shelf::Entity>,
        #[sea_orm(has_many)]
        pub prices: HasMany<super::price::Entity>,
    }
}

pub mod price {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "prices")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub item_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "item_id", to = "id")]
        pub item: BelongsTo<super::item::Entity>,
    }
}
