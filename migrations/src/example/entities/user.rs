//! Tasks and participants show a user's name; nobody shows the time zone.

use sea_orm_migration::sea_orm::{self, entity::prelude::*};
use touchable::Touchable;

/// A user.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
#[sea_orm(table_name = "users")]
#[touch(tasks, on_fields = [first_name, last_name])]
#[touch(participants, on_fields = [first_name, last_name])]
#[touchable(created_at)]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub first_name: String,
    pub last_name: String,
    pub time_zone: String,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    #[sea_orm(has_many)]
    pub tasks: HasMany<super::task::Entity>,
    #[sea_orm(has_many)]
    pub participants: HasMany<super::participant::Entity>,
}
