//! A composite key, and a foreign key to it of which one half may be missing. Projects keep a version.
//!
//! ```text
//! task ──any──► project (tenant, number)      project ──name──► tasks
//! ```

use sea_orm::Value;
use touchable_tests::Backend;

use super::{EVERYWHERE, nothing};
use crate::{
    perform::entity,
    schema::{Column, Hop, Rule, Schema, Table},
};

const PROJECT: usize = 0;
const TASK: usize = 1;

/// The schema.
#[must_use]
pub fn schema(_: Backend) -> Schema {
    // Keys that run together where their halves are joined without care.
    let projects = [("a", 1_i64), ("a", 11), ("a1", 1), ("a1", 11)];
    Schema {
        name: "tenants",
        backends: EVERYWHERE,
        tables: vec![
            Table::with_key(
                entity::<project::Entity>(),
                2,
                projects
                    .map(|(tenant, number)| vec![Value::from(tenant), Value::from(number)])
                    .into(),
                vec![
                    Column::of("tenant", ["a", "a1"]),
                    Column::of("number", [1_i64, 11]),
                    Column::of("name", ["a", "b", "A"]),
                    Column::of("place", ["a", "b"]),
                    Column::note(),
                ],
            )
            .version("lock_no"),
            Table::new(
                entity::<task::Entity>(),
                "id",
                [1_i64, 2, 3, 4],
                vec![
                    Column::of("title", ["a", "b"]),
                    // A tenant without projects goes with a number that is missing.
                    Column::of("tenant", ["a", "a1", "b"]).seeds([0, 0, 1]).leads(),
                    Column::of("project_number", [Some(1_i64), Some(11), None])
                        .seeds([0, 1, 0])
                        .leads(),
                    Column::note(),
                ],
            ),
        ],
        rules: vec![
            Rule::any(
                TASK,
                vec![Hop::to(PROJECT, "tenant", "tenant").and("project_number", "number")],
            ),
            Rule::only(
                PROJECT,
                ["name"],
                vec![Hop::to(TASK, "tenant", "tenant").and("number", "project_number")],
            ),
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
    #[touchable(version = lock_no)]
    #[touch(tasks, on_fields = [name])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub tenant: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i64,
        pub name: String,
        pub place: String,
        pub note: String,
        pub lock_no: i64,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub tasks: HasMany<super::task::Entity>,
    }
}

mod task {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "tasks")]
    #[touch(project)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub title: String,
        pub tenant: String,
        pub project_number: Option<i64>,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "(tenant, project_number)", to = "(tenant, number)")]
        pub project: BelongsTo<Option<super::project::Entity>>,
    }
}
