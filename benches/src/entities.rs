//! One set of tables, with `Touchable` and without: the baselines write the very same rows.

use sea_orm::prelude::DateTimeUtc;

/// Events show in their tasks by name; comments show in their events.
pub mod ours {
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
            pub comments: HasMany<super::comment::Entity>,
        }
    }

    pub mod task {
        use sea_orm::entity::prelude::*;
        use touchable::Touchable;

        #[sea_orm::model]
        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
        #[sea_orm(table_name = "tasks")]
        pub struct Model {
            #[sea_orm(primary_key)]
            pub id: i32,
            pub title: String,
            #[sea_orm(indexed)]
            pub event_id: i32,
            pub updated_at: DateTimeUtc,
            #[sea_orm(belongs_to, from = "event_id", to = "id")]
            pub event: BelongsTo<super::event::Entity>,
        }
    }

    pub mod comment {
        use sea_orm::entity::prelude::*;
        use touchable::Touchable;

        #[sea_orm::model]
        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
        #[sea_orm(table_name = "comments")]
        #[touch(event)]
        pub struct Model {
            #[sea_orm(primary_key)]
            pub id: i32,
            pub text: String,
            #[sea_orm(indexed)]
            pub event_id: i32,
            pub updated_at: DateTimeUtc,
            #[sea_orm(belongs_to, from = "event_id", to = "id")]
            pub event: BelongsTo<super::event::Entity>,
        }
    }
}

/// The same without `Touchable`.
pub mod plain {
    pub mod event {
        use sea_orm::entity::prelude::*;

        #[sea_orm::model]
        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
        #[sea_orm(table_name = "events")]
        pub struct Model {
            #[sea_orm(primary_key)]
            pub id: i32,
            pub name: String,
            pub goal: Option<String>,
            pub location: String,
            pub updated_at: DateTimeUtc,
        }

        impl ActiveModelBehavior for ActiveModel {}
    }

    pub mod task {
        use sea_orm::entity::prelude::*;

        #[sea_orm::model]
        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
        #[sea_orm(table_name = "tasks")]
        pub struct Model {
            #[sea_orm(primary_key)]
            pub id: i32,
            pub title: String,
            pub event_id: i32,
            pub updated_at: DateTimeUtc,
        }

        impl ActiveModelBehavior for ActiveModel {}
    }

    pub mod comment {
        use sea_orm::entity::prelude::*;

        #[sea_orm::model]
        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
        #[sea_orm(table_name = "comments")]
        pub struct Model {
            #[sea_orm(primary_key)]
            pub id: i32,
            pub text: String,
            pub event_id: i32,
            pub updated_at: DateTimeUtc,
        }

        impl ActiveModelBehavior for ActiveModel {}
    }
}

fn long_ago() -> DateTimeUtc {
    DateTimeUtc::from_timestamp_micros(1_600_000_000_000_001).unwrap_or_default()
}

macro_rules! rows {
    ($family:ident) => {
        impl $family::event::Model {
            /// An event as it was loaded.
            #[must_use]
            pub fn loaded(id: i32) -> Self {
                Self {
                    id,
                    name: String::from("event"),
                    goal: None,
                    location: String::from("here"),
                    updated_at: long_ago(),
                }
            }
        }

        impl $family::task::Model {
            /// A task as it was loaded.
            #[must_use]
            pub fn loaded(id: i32, event_id: i32) -> Self {
                Self {
                    id,
                    title: String::from("task"),
                    event_id,
                    updated_at: long_ago(),
                }
            }
        }

        impl $family::comment::Model {
            /// A comment as it was loaded.
            #[must_use]
            pub fn loaded(id: i32, event_id: i32) -> Self {
                Self {
                    id,
                    text: String::from("comment"),
                    event_id,
                    updated_at: long_ago(),
                }
            }
        }
    };
}
rows!(ours);
rows!(plain);
