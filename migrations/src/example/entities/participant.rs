//! An event shows who takes part. The rule has no fields, so it also passes touches on: a user's new name reaches
//! the events through here.

use sea_orm_migration::sea_orm::{self, entity::prelude::*};
use touchable::Touchable;

/// A user's part in an event.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
#[sea_orm(table_name = "participants")]
#[touch(event)]
#[touchable(created_at)]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub user_id: i32,
    pub event_id: i32,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "user_id", to = "id")]
    pub user: HasOne<super::user::Entity>,
    #[sea_orm(belongs_to, from = "event_id", to = "id")]
    pub event: HasOne<super::event::Entity>,
}
