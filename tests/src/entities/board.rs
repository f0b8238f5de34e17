//! The worked examples: events with tasks, users with tasks, users and events joined by participants.
//!
//! No rule cascades here: tasks and participants have none of their own.

use sea_orm::Set;

use crate::{Table, World, at};

/// The tables.
#[must_use]
pub fn tables() -> Vec<Table> {
    vec![
        Table::of::<event::Entity>(),
        Table::of::<user::Entity>(),
        Table::of::<task::Entity>(),
        Table::of::<participant::Entity>(),
    ]
}

/// An event as it was a while ago.
#[must_use]
pub fn event(id: i32) -> event::ActiveModel {
    event::ActiveModel {
        id: Set(id),
        name: Set(format!("event {id}")),
        goal: Set(None),
        location: Set("here".to_owned()),
        updated_at: Set(at(i64::from(id))),
    }
}

/// A user as they were a while ago.
#[must_use]
pub fn user(id: i32) -> user::ActiveModel {
    user::ActiveModel {
        id: Set(id),
        first_name: Set(format!("first {id}")),
        last_name: Set(format!("last {id}")),
        time_zone: Set("UTC".to_owned()),
        preferences: Set(None),
        location: Set(None),
        updated_at: Set(at(100 + i64::from(id))),
    }
}

/// A task as it was a while ago.
#[must_use]
pub fn task(id: i32, event: Option<i32>, user: Option<i32>) -> task::ActiveModel {
    task::ActiveModel {
        id: Set(id),
        title: Set(format!("task {id}")),
        event_id: Set(event),
        user_id: Set(user),
        updated_at: Set(at(200 + i64::from(id))),
    }
}

/// A participant as they were a while ago.
#[must_use]
pub fn participant(id: i32, user: i32, event: i32) -> participant::ActiveModel {
    participant::ActiveModel {
        id: Set(id),
        user_id: Set(user),
        event_id: Set(event),
        role: Set("guest".to_owned()),
        updated_at: Set(at(300 + i64::from(id))),
    }
}

/// Three events, three users.
///
/// | | event 1 | event 2 | event 3 | none |
/// |---|---|---|---|---|
/// | user 1 | tasks 1, 2; participant 1 | participant 2 | | task 5 |
/// | user 2 | task 3; participant 4 | task 4; participant 3 | | |
/// | user 3 | | | participant 5 | |
/// | nobody | | | task 6 | |
pub async fn populate(world: &World) {
    world.seed([event(1), event(2), event(3)]).await;
    world.seed([user(1), user(2), user(3)]).await;
    world
        .seed([
            task(1, Some(1), Some(1)),
            task(2, Some(1), Some(1)),
            task(3, Some(1), Some(2)),
            task(4, Some(2), Some(2)),
            task(5, None, Some(1)),
            task(6, Some(3), None),
        ])
        .await;
    world
        .seed([
            participant(1, 1, 1),
            participant(2, 1, 2),
            participant(3, 2, 2),
            participant(4, 2, 1),
            participant(5, 3, 3),
        ])
        .await;
}

pub mod event {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "events")]
    #[touch(tasks, on_fields = [name])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub goal: Option<String>,
        pub location: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub tasks: HasMany<super::task::Entity>,
        #[sea_orm(has_many)]
        pub participants: HasMany<super::participant::Entity>,
        #[sea_orm(has_many, via = "participant")]
        pub users: HasMany<super::user::Entity>,
    }
}

pub mod user {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "users")]
    #[touch(tasks, on_fields = [first_name, last_name])]
    #[touch(participants, on_fields = [first_name, last_name])]
    #[touch(events, on_fields = [first_name, last_name])]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub first_name: String,
        pub last_name: String,
        pub time_zone: String,
        pub preferences: Option<Json>,
        pub location: Option<String>,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub tasks: HasMany<super::task::Entity>,
        #[sea_orm(has_many)]
        pub participants: HasMany<super::participant::Entity>,
        #[sea_orm(has_many, via = "participant")]
        pub events: HasMany<super::event::Entity>,
    }
}

pub mod task {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    /// Survives its event and its user.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "tasks")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub title: String,
        pub event_id: Option<i32>,
        pub user_id: Option<i32>,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "event_id", to = "id", on_delete = "SetNull")]
        pub event: BelongsTo<Option<super::event::Entity>>,
        #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "SetNull")]
        pub user: BelongsTo<Option<super::user::Entity>>,
    }
}

pub mod participant {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "participants")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub user_id: i32,
        pub event_id: i32,
        pub role: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
        pub user: BelongsTo<super::user::Entity>,
        #[sea_orm(belongs_to, from = "event_id", to = "id", on_delete = "Cascade")]
        pub event: BelongsTo<super::event::Entity>,
    }
}
