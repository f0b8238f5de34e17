//! An event's fragment is built of its tasks' cards, so it changes with them: with everything but the note, which is
//! for the eyes of the task's own page.

use sea_orm::entity::prelude::*;
use touchable::Touchable;

/// A task.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
#[sea_orm(table_name = "tasks")]
#[touch(event, except_fields = [note])]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub event_id: i32,
    pub owner_id: Option<i32>,
    pub title: String,
    pub done: bool,
    pub note: String,
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "event_id", to = "id")]
    pub event: BelongsTo<super::event::Entity>,
    #[sea_orm(belongs_to, from = "owner_id", to = "id")]
    pub owner: BelongsTo<Option<super::owner::Entity>>,
}
