//! A tree in one table: a node touches its parent, and so on up to the root. A node's label is shown by its children.

use sea_orm::Set;

use crate::{Table, World, at};

/// The tables.
#[must_use]
pub fn tables() -> Vec<Table> {
    vec![Table::of::<node::Entity>()]
}

/// A node as it was a while ago.
#[must_use]
pub fn node(id: i32, parent: Option<i32>) -> node::ActiveModel {
    node::ActiveModel {
        id: Set(id),
        label: Set(format!("node {id}")),
        parent_id: Set(parent),
        updated_at: Set(at(i64::from(id))),
    }
}

/// ```text
/// 1 ─┬─ 2 ─┬─ 4 ── 7        8 ── 9
///    │     └─ 5
///    └─ 3 ─── 6
/// ```
pub async fn populate(world: &World) {
    for (id, parent) in [
        (1, None),
        (2, Some(1)),
        (3, Some(1)),
        (4, Some(2)),
        (5, Some(2)),
        (6, Some(3)),
        (7, Some(4)),
        (8, None),
        (9, Some(8)),
    ] {
        world.seed([node(id, parent)]).await;
    }
}

pub mod node {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "nodes")]
    #[touch(parent)]
    #[touch(children, on_fields = [label])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub label: String,
        pub parent_id: Option<i32>,
        pub updated_at: DateTimeUtc,
        #[sea_orm(
            self_ref,
            relation_enum = "Parent",
            relation_reverse = "Children",
            from = "parent_id",
            to = "id",
            on_delete = "SetNull"
        )]
        pub parent: BelongsTo<Option<Entity>>,
        #[sea_orm(self_ref, relation_enum = "Children", relation_reverse = "Parent")]
        pub children: HasMany<Entity>,
    }
}
