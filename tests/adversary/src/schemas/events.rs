//! A task shows the name of its event and everything about it shows at the event, which shows at its venue.
//!
//! ```text
//! task ──any──► event ──any──► venue      event ──name──► tasks      venue ──city──► events
//! ```

use touchable_tests::Backend;

use super::{EVERYWHERE, nothing};
use crate::{
    perform::entity,
    schema::{Column, Hop, Rule, Schema, Table},
};

const VENUE: usize = 0;
const EVENT: usize = 1;
const TASK: usize = 2;

/// The schema.
#[must_use]
pub fn schema(_: Backend) -> Schema {
    let optional = [Some(1), Some(2), None::<i32>];
    Schema {
        name: "events",
        backends: EVERYWHERE,
        tables: vec![
            Table::new(
                entity::<venue::Entity>(),
                "id",
                [1, 2, 3],
                vec![Column::of("city", ["a", "b", "A"]), Column::note()],
            ),
            Table::new(
                entity::<event::Entity>(),
                "id",
                [1, 2, 3],
                vec![
                    Column::of("name", ["a", "b", "a "]),
                    Column::of("place", ["a", "b"]),
                    Column::of("venue_id", optional).seeds([0, 1]).leads(),
                    Column::note(),
                ],
            ),
            Table::new(
                entity::<task::Entity>(),
                "id",
                [1, 2, 3, 4],
                vec![
                    Column::of("title", ["a", "b"]),
                    Column::of("event_id", optional).seeds([0, 0, 1]).leads(),
                    Column::note(),
                ],
            ),
        ],
        rules: vec![
            Rule::any(TASK, vec![Hop::to(EVENT, "event_id", "id")]),
            Rule::any(EVENT, vec![Hop::to(VENUE, "venue_id", "id")]),
            Rule::only(EVENT, ["name"], vec![Hop::to(TASK, "id", "event_id")]),
            Rule::only(VENUE, ["city"], vec![Hop::to(EVENT, "id", "venue_id")]),
        ],
        before: nothing,
        after: nothing,
    }
}

mod venue {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "venues")]
    #[touch(events, on_fields = [city])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub city: String,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub events: HasMany<super::event::Entity>,
    }
}

mod event {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "events")]
    #[touch(tasks, on_fields = [name])]
    #[touch(venue)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub name: String,
        pub place: String,
        pub venue_id: Option<i32>,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "venue_id", to = "id")]
        pub venue: BelongsTo<Option<super::venue::Entity>>,
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
    #[touch(event)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub title: String,
        pub event_id: Option<i32>,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "event_id", to = "id")]
        pub event: BelongsTo<Option<super::event::Entity>>,
    }
}
