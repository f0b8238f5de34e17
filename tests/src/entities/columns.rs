//! A key per fragment: tasks move one column of their project, comments another, members the touch column.

use sea_orm::Set;

use crate::{Table, World, at};

/// The tables.
#[must_use]
pub fn tables() -> Vec<Table> {
    vec![
        Table::of::<project::Entity>(),
        Table::of::<task::Entity>(),
        Table::of::<comment::Entity>(),
        Table::of::<member::Entity>(),
    ]
}

/// Two projects with a task, a comment and a member each, numbered like their project.
pub async fn populate(world: &World) {
    world
        .seed([1, 2].map(|id| project::ActiveModel {
            id: Set(id),
            title: Set(format!("project {id}")),
            tasks_touched_at: Set(at(1)),
            comments_touched_at: Set(Some(at(2))),
            last_activity: Set(at(3)),
            updated_at: Set(at(4)),
        }))
        .await;
    world
        .seed([1, 2].map(|id| task::ActiveModel {
            id: Set(id),
            title: Set(format!("task {id}")),
            project_id: Set(id),
            updated_at: Set(at(5)),
        }))
        .await;
    world
        .seed([1, 2].map(|id| comment::ActiveModel {
            id: Set(id),
            text: Set(format!("comment {id}")),
            project_id: Set(id),
            updated_at: Set(at(6)),
        }))
        .await;
    world
        .seed([1, 2].map(|id| member::ActiveModel {
            id: Set(id),
            name: Set(format!("member {id}")),
            project_id: Set(id),
            updated_at: Set(at(7)),
        }))
        .await;
}

pub mod project {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "projects")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub title: String,
        pub tasks_touched_at: DateTimeUtc,
        pub comments_touched_at: Option<DateTimeUtc>,
        #[sea_orm(column_name = "activity_at")]
        pub last_activity: DateTimeUtc,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub tasks: HasMany<super::task::Entity>,
        #[sea_orm(has_many)]
        pub comments: HasMany<super::comment::Entity>,
        #[sea_orm(has_many)]
        pub members: HasMany<super::member::Entity>,
    }
}

pub mod task {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "tasks")]
    #[touch(project, columns = [tasks_touched_at])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub title: String,
        pub project_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "project_id", to = "id", on_delete = "Cascade")]
        pub project: BelongsTo<super::project::Entity>,
    }
}

pub mod comment {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "comments")]
    #[touch(project, columns = [comments_touched_at, last_activity])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub text: String,
        pub project_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "project_id", to = "id", on_delete = "Cascade")]
        pub project: BelongsTo<super::project::Entity>,
    }
}

pub mod member {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "members")]
    #[touch(project)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub project_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "project_id", to = "id", on_delete = "Cascade")]
        pub project: BelongsTo<super::project::Entity>,
    }
}
