//! A project has a key for each of its fragments: items move one, its cover another, and the cover also shows the title.
//! Touch columns are of several types, and projects have a moment of birth.
//!
//! ```text
//! item ──any──► project (items)      cover ──all but alt──► project (items, cover)
//! project ──title──► cover (has one)
//! ```

use touchable_tests::Backend;

use super::{EVERYWHERE, nothing};
use crate::{
    perform::entity,
    schema::{Column, Hop, Rule, Schema, Table},
};

const PROJECT: usize = 0;
const ITEM: usize = 1;
const COVER: usize = 2;

/// The schema.
#[must_use]
pub fn schema(_: Backend) -> Schema {
    let project_id = |seeds: [u8; 3]| {
        Column::of("project_id", [Some(1), Some(2), None])
            .seeds(seeds)
            .leads()
    };
    let project = Table::new(
        entity::<project::Entity>(),
        "id",
        [1, 2, 3],
        vec![Column::of("title", ["a", "b"]), Column::note()],
    );
    Schema {
        name: "fragments",
        backends: EVERYWHERE,
        tables: vec![
            project.stamp("items_touched_at").stamp("cover_touched_at"),
            Table::new(
                entity::<item::Entity>(),
                "id",
                [1, 2, 3, 4],
                vec![project_id([0, 1, 0]), Column::note()],
            ),
            Table::new(
                entity::<cover::Entity>(),
                "id",
                [1, 2, 3],
                vec![
                    Column::of("color", ["a", "b"]),
                    Column::of("alt", ["a", "b"]),
                    // One cover a project.
                    project_id([0, 1, 2]),
                    Column::note(),
                ],
            ),
        ],
        rules: vec![
            Rule::any(ITEM, vec![Hop::to(PROJECT, "project_id", "id")]).bumps([1]),
            Rule::except(COVER, ["alt"], vec![Hop::to(PROJECT, "project_id", "id")]).bumps([1, 2]),
            Rule::only(PROJECT, ["title"], vec![Hop::to(COVER, "id", "project_id")]),
        ],
        before: nothing,
        after: nothing,
    }
}

mod project {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "projects")]
    #[touch(cover, on_fields = [title])]
    #[touchable(created_at)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub title: String,
        pub note: String,
        pub items_touched_at: DateTimeUtc,
        pub cover_touched_at: Option<DateTimeUtc>,
        pub created_at: Option<DateTimeUtc>,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub items: HasMany<super::item::Entity>,
        #[sea_orm(has_one)]
        pub cover: HasOne<super::cover::Entity>,
    }
}

mod item {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "items")]
    #[touch(project, columns = [items_touched_at])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub project_id: Option<i32>,
        pub note: String,
        pub updated_at: DateTime,
        #[sea_orm(belongs_to, from = "project_id", to = "id")]
        pub project: BelongsTo<Option<super::project::Entity>>,
    }
}

mod cover {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "covers")]
    #[touch(project, except_fields = [alt], columns = [items_touched_at, cover_touched_at])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub color: String,
        pub alt: String,
        #[sea_orm(unique)]
        pub project_id: Option<i32>,
        pub note: String,
        pub updated_at: Option<DateTimeWithTimeZone>,
        #[sea_orm(belongs_to, from = "project_id", to = "id")]
        pub project: BelongsTo<Option<super::project::Entity>>,
    }
}
