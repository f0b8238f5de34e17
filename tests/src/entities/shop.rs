//! Products that must not move with their stock, must move with their supplier, and are deleted by a column.

use sea_orm::Set;

use crate::{Table, World, at};

/// The tables.
#[must_use]
pub fn tables() -> Vec<Table> {
    vec![
        Table::of::<category::Entity>(),
        Table::of::<supplier::Entity>(),
        Table::of::<product::Entity>(),
        Table::of::<review::Entity>(),
        Table::of::<draft::Entity>(),
    ]
}

/// Categories and suppliers 1 and 2, products 1 and 2 of the category and the supplier of their number, 3 of the first of both
/// and deleted; a review of each, under its number; draft 1 of category 1.
pub async fn populate(world: &World) {
    world
        .seed([1, 2].map(|id| category::ActiveModel {
            id: Set(id),
            updated_at: Set(at(1)),
        }))
        .await;
    world
        .seed([1, 2].map(|id| supplier::ActiveModel {
            id: Set(id),
            name: Set(format!("supplier {id}")),
            updated_at: Set(at(2)),
        }))
        .await;
    let deleted = product::ActiveModel {
        deleted_at: Set(Some(at(7))),
        ..product(3, 1)
    };
    world.seed([product(1, 1), product(2, 2), deleted]).await;
    world
        .seed([1, 2, 3].map(|id| review::ActiveModel {
            id: Set(id),
            product_id: Set(id),
            updated_at: Set(at(4)),
        }))
        .await;
    world
        .seed([draft::ActiveModel {
            id: Set(1),
            category_id: Set(1),
            deleted_at: Set(None),
            updated_at: Set(at(5)),
        }])
        .await;
}

/// A product as it was a while ago.
#[must_use]
pub fn product(id: i32, of: i32) -> product::ActiveModel {
    product::ActiveModel {
        id: Set(id),
        name: Set(format!("product {id}")),
        stock: Set(9),
        category_id: Set(of),
        supplier_id: Set(of),
        deleted_at: Set(None),
        updated_at: Set(at(3)),
    }
}

pub mod category {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "categories")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub products: HasMany<super::product::Entity>,
    }
}

pub mod supplier {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "suppliers")]
    #[touch(products, on_fields = [name])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub products: HasMany<super::product::Entity>,
    }
}

pub mod product {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "products")]
    #[touchable(deleted = deleted_at)]
    #[touch(category, except_fields = [stock, deleted_at], on = [create, update, delete, touch])]
    #[touch(reviews, on = [delete])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub stock: i32,
        pub category_id: i32,
        pub supplier_id: i32,
        pub deleted_at: Option<DateTimeUtc>,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "category_id", to = "id")]
        pub category: BelongsTo<super::category::Entity>,
        #[sea_orm(belongs_to, from = "supplier_id", to = "id")]
        pub supplier: BelongsTo<super::supplier::Entity>,
        #[sea_orm(has_many)]
        pub reviews: HasMany<super::review::Entity>,
    }
}

/// Every `Set` counts, and only what comes and goes is shown.
pub mod draft {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "drafts")]
    #[touchable(deleted = deleted_at, dirty = assigned)]
    #[touch(category, on = [create, delete])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub category_id: i32,
        pub deleted_at: Option<DateTimeUtc>,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "category_id", to = "id")]
        pub category: BelongsTo<super::category::Entity>,
    }
}

pub mod review {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "reviews")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub product_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "product_id", to = "id", on_delete = "Cascade")]
        pub product: BelongsTo<super::product::Entity>,
    }
}
