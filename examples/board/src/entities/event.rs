//! A task's card shows the name of its event; nothing but the event itself shows the location.

use sea_orm::entity::prelude::*;
use touchable::Touchable;

/// An event.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
#[sea_orm(table_name = "events")]
#[touch(tasks, on_fields = [name])]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub name: String,
    pub location: String,
    pub updated_at: DateTimeUtc,
    #[sea_orm(has_many)]
    pub tasks: HasMany<super::task::Entity>,
}
