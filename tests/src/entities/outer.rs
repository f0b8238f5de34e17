//! Nested fragments: a task shows its user, an event shows its tasks. With `#[touch(event)]` on the task the user's
//! name moves the tasks and then the tasks' events.

use sea_orm::Set;

use crate::{Table, World, at};

/// The tables.
#[must_use]
pub fn tables() -> Vec<Table> {
    vec![
        Table::of::<calendar::Entity>(),
        Table::of::<event::Entity>(),
        Table::of::<user::Entity>(),
        Table::of::<task::Entity>(),
    ]
}

/// A calendar as it was a while ago.
#[must_use]
pub fn calendar(id: i32) -> calendar::ActiveModel {
    calendar::ActiveModel {
        id: Set(id),
        title: Set(format!("calendar {id}")),
        updated_at: Set(at(i64::from(id))),
    }
}

/// An event as it was a while ago.
#[must_use]
pub fn event(id: i32, calendar: Option<i32>) -> event::ActiveModel {
    event::ActiveModel {
        id: Set(id),
        name: Set(format!("event {id}")),
        calendar_id: Set(calendar),
        updated_at: Set(at(100 + i64::from(id))),
    }
}

/// A user as they were a while ago.
#[must_use]
pub fn user(id: i32) -> user::ActiveModel {
    user::ActiveModel {
        id: Set(id),
        name: Set(format!("user {id}")),
        time_zone: Set("UTC".to_owned()),
        updated_at: Set(at(200 + i64::from(id))),
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
        updated_at: Set(at(300 + i64::from(id))),
    }
}

/// Two calendars with two events and one; an event without a calendar. User 1 has tasks in events 1 and 3 and one
/// without an event, user 2 has one in event 2.
pub async fn populate(world: &World) {
    world.seed([calendar(1), calendar(2)]).await;
    world
        .seed([
            event(1, Some(1)),
            event(2, Some(1)),
            event(3, Some(2)),
            event(4, None),
        ])
        .await;
    world.seed([user(1), user(2)]).await;
    world
        .seed([
            task(1, Some(1), Some(1)),
            task(2, Some(1), Some(1)),
            task(3, Some(3), Some(1)),
            task(4, Some(2), Some(2)),
            task(5, None, Some(1)),
        ])
        .await;
}

pub mod calendar {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "calendars")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub title: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub events: HasMany<super::event::Entity>,
    }
}

pub mod event {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "events")]
    #[touch(calendar)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub calendar_id: Option<i32>,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "calendar_id", to = "id", on_delete = "SetNull")]
        pub calendar: BelongsTo<Option<super::calendar::Entity>>,
        #[sea_orm(has_many)]
        pub tasks: HasMany<super::task::Entity>,
    }
}

pub mod user {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "users")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub time_zone: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        #[touch(on_fields = [name])]
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
