//! Products that are deleted by a column, that move their category with everything but their stock, and with what touches them;
//! each has one label.
//!
//! ```text
//! supplier ──name──► products     product ──all but stock and deleted_at, touches too──► category
//! product ──name──► label (has one)     label ──any──► product
//! ```

use chrono::{DateTime, NaiveDateTime};
use touchable_tests::Backend;

use super::{EVERYWHERE, nothing};
use crate::{
    perform::entity,
    schema::{Column, Hop, Rule, Schema, Table},
};

const SUPPLIER: usize = 0;
const CATEGORY: usize = 1;
const PRODUCT: usize = 2;
const LABEL: usize = 3;

/// The schema.
#[must_use]
pub fn schema(_: Backend) -> Schema {
    let optional = [Some(1), Some(2), None::<i32>];
    let deleted = |second: i64| {
        DateTime::from_timestamp(1_690_000_000 + second, 0)
            .expect("a moment")
            .naive_utc()
    };
    let deleted: [Option<NaiveDateTime>; 3] = [None, Some(deleted(0)), Some(deleted(1))];
    let supplier = Table::new(
        entity::<supplier::Entity>(),
        "id",
        [1, 2, 3],
        vec![Column::of("name", ["a", "b"]), Column::note()],
    );
    let category = Table::new(
        entity::<category::Entity>(),
        "id",
        [1, 2, 3],
        vec![Column::of("title", ["a", "b"]), Column::note()],
    );
    let product = Table::new(
        entity::<product::Entity>(),
        "id",
        [1, 2, 3, 4],
        vec![
            Column::of("name", ["a", "b"]),
            Column::of("stock", [9, 8]),
            Column::of("category_id", optional).seeds([0, 1, 0]).leads(),
            Column::of("supplier_id", optional).seeds([0, 0, 1]).leads(),
            Column::of("deleted_at", deleted).seeds([0, 0, 1]),
            Column::note(),
        ],
    );
    let label = Table::new(
        entity::<label::Entity>(),
        "id",
        [1, 2, 3, 4],
        vec![
            Column::of("text", ["a", "b"]),
            // One label a product.
            Column::of("product_id", [Some(1), Some(2), Some(3), None])
                .seeds([0, 1, 2, 3])
                .leads(),
            Column::note(),
        ],
    );
    Schema {
        name: "shop",
        backends: EVERYWHERE,
        tables: vec![supplier, category, product.deleted("deleted_at"), label],
        rules: vec![
            Rule::only(SUPPLIER, ["name"], vec![Hop::to(PRODUCT, "id", "supplier_id")]),
            Rule::except(
                PRODUCT,
                ["stock", "deleted_at"],
                vec![Hop::to(CATEGORY, "category_id", "id")],
            )
            .goes_on(),
            Rule::only(PRODUCT, ["name"], vec![Hop::to(LABEL, "id", "product_id")]),
            Rule::any(LABEL, vec![Hop::to(PRODUCT, "product_id", "id")]),
        ],
        before: nothing,
        after: nothing,
    }
}

mod supplier {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "suppliers")]
    #[touch(products, on_fields = [name])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub name: String,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub products: HasMany<super::product::Entity>,
    }
}

mod category {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "categories")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub title: String,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub products: HasMany<super::product::Entity>,
    }
}

mod product {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "products")]
    #[touchable(deleted = deleted_at)]
    #[touch(category, except_fields = [stock, deleted_at], on = [create, update, delete, touch])]
    #[touch(label, on_fields = [name])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub name: String,
        pub stock: i32,
        pub category_id: Option<i32>,
        pub supplier_id: Option<i32>,
        pub deleted_at: Option<DateTime>,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "category_id", to = "id")]
        pub category: BelongsTo<Option<super::category::Entity>>,
        #[sea_orm(belongs_to, from = "supplier_id", to = "id")]
        pub supplier: BelongsTo<Option<super::supplier::Entity>>,
        #[sea_orm(has_one)]
        pub label: HasOne<super::label::Entity>,
    }
}

mod label {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "labels")]
    #[touch(product)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub text: String,
        #[sea_orm(unique)]
        pub product_id: Option<i32>,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "product_id", to = "id")]
        pub product: BelongsTo<Option<super::product::Entity>>,
    }
}
