//! A list shows its open items, and only they show its title: the association has a condition.
//!
//! ```text
//! list ──title──► open items      item (while open) ──any──► list
//! ```

use touchable_tests::Backend;

use super::{EVERYWHERE, nothing};
use crate::{
    perform::entity,
    schema::{Column, Hop, Rule, Schema, Table},
};

const LIST: usize = 0;
const ITEM: usize = 1;

/// The schema.
#[must_use]
pub fn schema(_: Backend) -> Schema {
    Schema {
        name: "conditional",
        backends: EVERYWHERE,
        tables: vec![
            Table::new(
                entity::<list::Entity>(),
                "id",
                [1, 2, 3],
                vec![Column::of("title", ["a", "b"]), Column::note()],
            ),
            Table::new(
                entity::<item::Entity>(),
                "id",
                [1, 2, 3, 4],
                vec![
                    Column::of("state", [Some("open"), Some("done"), None]).seeds([0, 0, 1]),
                    Column::of("list_id", [Some(1), Some(2), None])
                        .seeds([0, 1])
                        .leads(),
                    Column::note(),
                ],
            ),
        ],
        rules: vec![
            Rule::only(
                LIST,
                ["title"],
                vec![Hop::to(ITEM, "id", "list_id").to_where("state", "open")],
            ),
            Rule::any(
                ITEM,
                vec![Hop::to(LIST, "list_id", "id").from_where("state", "open")],
            ),
        ],
        before: nothing,
        after: nothing,
    }
}

mod list {
    use sea_orm::{
        entity::prelude::*,
        sea_query::{ExprTrait, IntoCondition},
    };
    use touchable::Touchable;

    use super::item;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "lists")]
    #[touch(Item, on_fields = [title])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub title: String,
        pub note: String,
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter)]
    pub enum Relation {
        Item,
    }

    impl RelationTrait for Relation {
        fn def(&self) -> RelationDef {
            let open_items = item::Relation::List.def().rev();
            open_items.on_condition(|_, items| {
                Expr::col((items, item::Column::State))
                    .eq("open")
                    .into_condition()
            })
        }
    }
}

mod item {
    use sea_orm::{
        entity::prelude::*,
        sea_query::{ExprTrait, IntoCondition},
    };
    use touchable::Touchable;

    use super::list;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "items")]
    #[touch(List)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub state: Option<String>,
        pub list_id: Option<i32>,
        pub note: String,
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter)]
    pub enum Relation {
        List,
    }

    impl RelationTrait for Relation {
        fn def(&self) -> RelationDef {
            Entity::belongs_to(list::Entity)
                .from(Column::ListId)
                .to(list::Column::Id)
                .on_condition(|items, _| Expr::col((items, Column::State)).eq("open").into_condition())
                .into()
        }
    }
}
