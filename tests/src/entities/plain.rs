//! The baseline of the round-trip tests: `board`'s events and tasks without `Touchable`, beside `board` itself.

use sea_orm::Set;

use crate::{Table, World, at};

/// The tables.
#[must_use]
pub fn tables() -> Vec<Table> {
    let own = [Table::of::<event::Entity>(), Table::of::<task::Entity>()];
    super::board::tables().into_iter().chain(own).collect()
}

/// Event 1 with two tasks.
pub async fn populate(world: &World) {
    world
        .seed([event::ActiveModel {
            id: Set(1),
            name: Set("event 1".to_owned()),
            goal: Set(None),
            location: Set("here".to_owned()),
            updated_at: Set(at(1)),
        }])
        .await;
    world
        .seed([1, 2].map(|id| task::ActiveModel {
            id: Set(id),
            title: Set(format!("task {id}")),
            event_id: Set(Some(1)),
            updated_at: Set(at(2)),
        }))
        .await;
}

pub mod event {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "plain_events")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub goal: Option<String>,
        pub location: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub tasks: HasMany<super::task::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod task {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "plain_tasks")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub title: String,
        pub event_id: Option<i32>,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "event_id", to = "id", on_delete = "SetNull")]
        pub event: BelongsTo<Option<super::event::Entity>>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
