//! What the properties run on: every kind of association, and cascades two deep.
//!
//! ```text
//! user ──name──► tasks ──any──► event ◄──any── participant ──any──► user
//! user ──name──► events (through participants)      event ──name──► tasks
//! ```

use sea_orm::Set;

use crate::{Table, at};

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
        name: Set("a".to_owned()),
        location: Set("a".to_owned()),
        updated_at: Set(at(i64::from(id))),
    }
}

/// A user as they were a while ago.
#[must_use]
pub fn user(id: i32) -> user::ActiveModel {
    user::ActiveModel {
        id: Set(id),
        name: Set("a".to_owned()),
        zone: Set("a".to_owned()),
        updated_at: Set(at(100 + i64::from(id))),
    }
}

/// A task as it was a while ago.
#[must_use]
pub fn task(id: i32, event: Option<i32>, user: Option<i32>) -> task::ActiveModel {
    task::ActiveModel {
        id: Set(id),
        title: Set("a".to_owned()),
        event_id: Set(event),
        user_id: Set(user),
        updated_at: Set(at(200 + i64::from(id))),
    }
}

/// A participant as they were a while ago.
#[must_use]
pub fn participant(user: i32, event: i32) -> participant::ActiveModel {
    participant::ActiveModel {
        user_id: Set(user),
        event_id: Set(event),
        role: Set("a".to_owned()),
        updated_at: Set(at(300)),
    }
}

pub mod event {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "events")]
    #[touch(tasks, on_fields = [name])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub name: String,
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
    #[touch(tasks, on_fields = [name])]
    #[touch(events, on_fields = [name])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub name: String,
        pub zone: String,
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

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "tasks")]
    #[touch(event)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
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
    #[touch(event)]
    #[touch(user)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_id: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub event_id: i32,
        pub role: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
        pub user: BelongsTo<super::user::Entity>,
        #[sea_orm(belongs_to, from = "event_id", to = "id", on_delete = "Cascade")]
        pub event: BelongsTo<super::event::Entity>,
    }
}
