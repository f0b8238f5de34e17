//! Rules that run in a circle: an event touches its tasks on any change, a task its event.

use sea_orm::Set;

use crate::{Table, World, at};

/// The tables.
#[must_use]
pub fn tables() -> Vec<Table> {
    vec![Table::of::<event::Entity>(), Table::of::<task::Entity>()]
}

/// An event as it was a while ago.
#[must_use]
pub fn event(id: i32) -> event::ActiveModel {
    event::ActiveModel {
        id: Set(id),
        name: Set(format!("event {id}")),
        updated_at: Set(at(i64::from(id))),
        lock_no: Set(1),
    }
}

/// A task as it was a while ago.
#[must_use]
pub fn task(id: i32, event: Option<i32>) -> task::ActiveModel {
    task::ActiveModel {
        id: Set(id),
        title: Set(format!("task {id}")),
        event_id: Set(event),
        updated_at: Set(at(100 + i64::from(id))),
        lock_no: Set(1),
    }
}

/// Two events with two tasks each, and a task without an event.
pub async fn populate(world: &World) {
    world.seed([event(1), event(2)]).await;
    world
        .seed([
            task(1, Some(1)),
            task(2, Some(1)),
            task(3, Some(2)),
            task(4, Some(2)),
            task(5, None),
        ])
        .await;
}

pub mod event {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "events")]
    #[touch(tasks)]
    #[touchable(version = lock_no)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub updated_at: DateTimeUtc,
        pub lock_no: i64,
        #[sea_orm(has_many)]
        pub tasks: HasMany<super::task::Entity>,
    }
}

pub mod task {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "tasks")]
    #[touch(event)]
    #[touchable(version = lock_no)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub title: String,
        pub event_id: Option<i32>,
        pub updated_at: DateTimeUtc,
        pub lock_no: i32,
        #[sea_orm(belongs_to, from = "event_id", to = "id", on_delete = "Cascade")]
        pub event: BelongsTo<Option<super::event::Entity>>,
    }
}
