//! A task shows the name of its event, and nothing else of it.

use sea_orm_migration::sea_orm::{self, entity::prelude::*};
use touchable::Touchable;

/// An event.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
#[sea_orm(table_name = "events")]
#[touch(tasks, on_fields = [name])]
#[touchable(created_at)]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub name: String,
    pub location: String,
    pub goal: String,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    #[sea_orm(has_many)]
    pub tasks: HasMany<super::task::Entity>,
    #[sea_orm(has_many)]
    pub participants: HasMany<super::participant::Entity>,
}
