//! Another application's `users`, whose names and zones are numbers.

use sea_orm::{Set, entity::prelude::*};
use touchable::Touchable;
use touchable_tests::at;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    pub name: i32,
    pub zone: i32,
    pub updated_at: DateTimeUtc,
}

/// A user as they were a while ago.
#[must_use]
pub fn row(id: i32) -> ActiveModel {
    ActiveModel {
        id: Set(id),
        name: Set(1),
        zone: Set(1),
        updated_at: Set(at(1)),
    }
}
