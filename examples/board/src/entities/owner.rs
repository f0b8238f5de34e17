//! A task's card shows the name of its owner, and the event shows the card. The task's rule for its event lists fields,
//! and such a rule passes no touches on: the owner names the events too.

use sea_orm::entity::prelude::*;
use touchable::Touchable;

/// Someone who owns tasks.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
#[sea_orm(table_name = "owners")]
#[touch(tasks, on_fields = [name])]
#[touch(linked = OwnerToEvents, on_fields = [name])]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub name: String,
    pub time_zone: String,
    pub updated_at: DateTimeUtc,
    #[sea_orm(has_many)]
    pub tasks: HasMany<super::task::Entity>,
}

/// The events in which an owner has a task.
#[derive(Clone, Copy, Debug)]
pub struct OwnerToEvents;

impl Linked for OwnerToEvents {
    type FromEntity = Entity;
    type ToEntity = super::event::Entity;

    fn link(&self) -> Vec<RelationDef> {
        vec![Relation::Task.def(), super::task::Relation::Event.def()]
    }
}
