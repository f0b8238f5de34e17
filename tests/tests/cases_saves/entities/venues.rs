//! Touches in two steps, counted where they end.
//!
//! ```text
//! task ──any──► event ──any──► venue (with a version)
//! ```

use sea_orm::Set;
use touchable_tests::{Table, at};

/// The tables.
#[must_use]
pub fn tables() -> Vec<Table> {
    vec![
        Table::of::<venue::Entity>(),
        Table::of::<event::Entity>(),
        Table::of::<task::Entity>(),
    ]
}

/// A venue as it was a while ago.
#[must_use]
pub fn venue(id: i32) -> venue::ActiveModel {
    venue::ActiveModel {
        id: Set(id),
        lock_no: Set(0),
        updated_at: Set(at(i64::from(id))),
    }
}

/// An event as it was a while ago.
#[must_use]
pub fn event(id: i32, venue: i32) -> event::ActiveModel {
    event::ActiveModel {
        id: Set(id),
        venue_id: Set(venue),
        updated_at: Set(at(100 + i64::from(id))),
    }
}

/// A task as it was a while ago.
#[must_use]
pub fn task(id: i32, event: i32) -> task::ActiveModel {
    task::ActiveModel {
        id: Set(id),
        title: Set("a".to_owned()),
        event_id: Set(event),
        updated_at: Set(at(200 + i64::from(id))),
    }
}

pub mod venue {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "venues")]
    #[touchable(version = lock_no)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub lock_no: i32,
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
    #[touch(venue)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub venue_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "venue_id", to = "id", on_delete = "Cascade")]
        pub venue: BelongsTo<super::venue::Entity>,
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
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub title: String,
        pub event_id: i32,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "event_id", to = "id", on_delete = "Cascade")]
        pub event: BelongsTo<super::event::Entity>,
    }
}
