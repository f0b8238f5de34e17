//! One table that names itself. Updates make loops and rows that are their own parents.
//!
//! ```text
//! node ──any──► parent      node ──title──► children
//! ```

use touchable_tests::Backend;

use super::{EVERYWHERE, nothing};
use crate::{
    perform::entity,
    schema::{Column, Hop, Rule, Schema, Table},
};

const NODE: usize = 0;
/// More than an i32 holds, and less than nothing.
const KEYS: [i64; 5] = [-1, 2, 3_000_000_000, 3_000_000_001, i64::MAX];

/// The schema.
#[must_use]
pub fn schema(_: Backend) -> Schema {
    let parents = [None, Some(KEYS[0]), Some(KEYS[1]), Some(KEYS[2]), Some(KEYS[4])];
    Schema {
        name: "tree",
        backends: EVERYWHERE,
        tables: vec![Table::new(
            entity::<node::Entity>(),
            "id",
            KEYS,
            vec![
                Column::of("title", ["a", "b", "A"]),
                Column::of("place", [0_i64, 1]),
                Column::of("parent_id", parents).seeds([0, 1, 2, 2]).leads(),
                Column::note(),
            ],
        )],
        rules: vec![
            Rule::any(NODE, vec![Hop::to(NODE, "parent_id", "id")]),
            Rule::only(NODE, ["title"], vec![Hop::to(NODE, "id", "parent_id")]),
        ],
        before: nothing,
        after: nothing,
    }
}

mod node {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "nodes")]
    #[touch(parent)]
    #[touch(children, on_fields = [title])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub title: String,
        pub place: i64,
        pub parent_id: Option<i64>,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(
            self_ref,
            relation_enum = "Parent",
            relation_reverse = "Children",
            from = "parent_id",
            to = "id"
        )]
        pub parent: BelongsTo<Option<Entity>>,
        #[sea_orm(self_ref, relation_enum = "Children", relation_reverse = "Parent")]
        pub children: HasMany<Entity>,
    }
}
