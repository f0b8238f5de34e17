//! `#[touchable(..)]`: columns and their types, hooks of one's own, what counts as a change.

/// A module with one entity that has these columns.
macro_rules! entity {
    ($name:ident, [$($option:meta),*], $($field:ident: $type:ty),*) => {
        #[allow(dead_code, reason = "SeaORM generates more than a test of columns calls")]
        mod $name {
            use sea_orm::entity::prelude::*;
            use touchable::Touchable;

            #[sea_orm::model]
            #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Touchable)]
            #[sea_orm(table_name = "things")]
            $(#[$option])*
            pub struct Model {
                #[sea_orm(primary_key)]
                pub id: i32,
                $(pub $field: $type,)*
            }
        }
    };
}

entity!(plain, [], updated_at: DateTimeUtc);
entity!(zoned, [], updated_at: DateTimeWithTimeZone);
entity!(naive, [], updated_at: DateTime);
entity!(nullable, [], updated_at: Option<DateTimeUtc>);
entity!(offset, [], updated_at: TimeDateTimeWithTimeZone);
entity!(primitive, [], updated_at: Option<TimeDateTime>);
entity!(created, [touchable(created_at)], updated_at: DateTimeUtc, created_at: Option<DateTime>);
entity!(
    everything,
    [
        touchable(updated_at = moved_at, created_at = born_at),
        touchable(version = lock_no),
        touchable(dirty = assigned)
    ],
    moved_at: DateTimeUtc, born_at: DateTimeWithTimeZone, lock_no: i64
);

mod manual {
    use sea_orm::{ConnectionTrait, entity::prelude::*};
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "things")]
    #[touchable(hooks = manual)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub updated_at: DateTimeUtc,
    }

    #[async_trait::async_trait]
    impl ActiveModelBehavior for ActiveModel {
        async fn before_save<C: ConnectionTrait>(self, db: &C, insert: bool) -> Result<Self, DbErr> {
            self.touch_before_save(db, insert).await
        }

        async fn after_save<C: ConnectionTrait>(model: Model, db: &C, insert: bool) -> Result<Model, DbErr> {
            Self::touch_after_save(model, db, insert).await
        }

        async fn before_delete<C: ConnectionTrait>(self, db: &C) -> Result<Self, DbErr> {
            self.touch_before_delete(db).await
        }

        async fn after_delete<C: ConnectionTrait>(self, db: &C) -> Result<Self, DbErr> {
            self.touch_after_delete(db).await
        }
    }
}

use sea_orm::{IdenStatic, Value};
use touchable::{Stamp, Touchable, entity::Dirty};

fn round_trip<E: Touchable>() -> Option<Stamp> {
    E::value_stamp(&E::stamp_value(stamp()))
}

fn stamp() -> Stamp {
    Stamp::from_micros(1_700_000_000_123_457)
}

#[test]
fn stamps_survive_every_type() {
    assert_eq!(round_trip::<plain::Entity>(), Some(stamp()));
    assert_eq!(round_trip::<zoned::Entity>(), Some(stamp()));
    assert_eq!(round_trip::<naive::Entity>(), Some(stamp()));
    assert_eq!(round_trip::<nullable::Entity>(), Some(stamp()));
    assert_eq!(round_trip::<offset::Entity>(), Some(stamp()));
    assert_eq!(round_trip::<primitive::Entity>(), Some(stamp()));
    assert_eq!(
        nullable::Entity::value_stamp(&Value::ChronoDateTimeUtc(None)),
        None
    );
}

#[test]
fn values_have_the_types_of_their_columns() {
    assert!(matches!(
        plain::Entity::stamp_value(stamp()),
        Value::ChronoDateTimeUtc(Some(_))
    ));
    assert!(matches!(
        zoned::Entity::stamp_value(stamp()),
        Value::ChronoDateTimeWithTimeZone(Some(_))
    ));
    assert!(matches!(
        created::Entity::created_value(stamp()),
        Some(Value::ChronoDateTime(Some(_)))
    ));
    assert!(matches!(
        everything::Entity::created_value(stamp()),
        Some(Value::ChronoDateTimeWithTimeZone(Some(_)))
    ));
    assert_eq!(everything::Entity::first_version(), Some(Value::BigInt(Some(1))));
}

#[test]
fn nothing_but_the_touch_column_unless_asked_for() {
    assert_eq!(plain::Entity::TOUCH_COLUMN.as_str(), "updated_at");
    assert!(plain::Entity::CREATED_COLUMN.is_none() && plain::Entity::created_value(stamp()).is_none());
    assert!(plain::Entity::VERSION_COLUMN.is_none() && plain::Entity::first_version().is_none());
    assert_eq!(plain::Entity::DIRTY, Dirty::Compared);
    assert_eq!(manual::Entity::TOUCH_COLUMN.as_str(), "updated_at");
}

#[test]
fn columns_go_by_the_names_they_are_given() {
    assert_eq!(
        created::Entity::CREATED_COLUMN.map(|column| column.as_str()),
        Some("created_at")
    );
    assert_eq!(everything::Entity::TOUCH_COLUMN.as_str(), "moved_at");
    assert_eq!(
        everything::Entity::CREATED_COLUMN.map(|column| column.as_str()),
        Some("born_at")
    );
    assert_eq!(
        everything::Entity::VERSION_COLUMN.map(|column| column.as_str()),
        Some("lock_no")
    );
    assert_eq!(everything::Entity::DIRTY, Dirty::Assigned);
}
