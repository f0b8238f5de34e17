//! Two tables that show each other whole: their rules make a circle.
//!
//! ```text
//! category ──any──► products      product ──any──► category
//! ```

use touchable_tests::Backend;

use super::{EVERYWHERE, nothing};
use crate::{
    perform::entity,
    schema::{Column, Hop, Rule, Schema, Table},
};

const CATEGORY: usize = 0;
const PRODUCT: usize = 1;

/// The schema.
#[must_use]
pub fn schema(_: Backend) -> Schema {
    let optional = [Some(1), Some(2), None::<i32>];
    Schema {
        name: "circle",
        backends: EVERYWHERE,
        tables: vec![
            Table::new(
                entity::<category::Entity>(),
                "id",
                [1, 2, 3],
                vec![Column::of("title", ["a", "b", "a "]), Column::note()],
            ),
            Table::new(
                entity::<product::Entity>(),
                "id",
                [1, 2, 3, 4],
                vec![
                    Column::of("title", ["a", "b"]),
                    Column::of("category_id", optional).seeds([0, 0, 1]).leads(),
                    Column::note(),
                ],
            ),
        ],
        rules: vec![
            Rule::any(CATEGORY, vec![Hop::to(PRODUCT, "id", "category_id")]),
            Rule::any(PRODUCT, vec![Hop::to(CATEGORY, "category_id", "id")]),
        ],
        before: nothing,
        after: nothing,
    }
}

mod category {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "categories")]
    #[touch(products)]
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
    #[touch(category)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub title: String,
        pub category_id: Option<i32>,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "category_id", to = "id")]
        pub category: BelongsTo<Option<super::category::Entity>>,
    }
}
