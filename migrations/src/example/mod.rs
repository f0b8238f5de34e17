//! The schema of the examples: events with tasks, users who own tasks and take part in events.
//!
//! ```text
//!  users ──┬──< tasks >──────── events        tasks.owner_id may be null
//!          └──< participants >──┘             one row per user and event
//! ```

mod entities;
mod m20260101_000001_users;
mod m20260101_000002_events;
mod m20260101_000003_tasks;
mod m20260101_000004_participants;

use sea_orm_migration::prelude::*;
use touchable::TouchGraph;

use self::entities::{event, participant, task, user};

/// The migrations of the example schema, in their order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20260101_000001_users::Migration),
            Box::new(m20260101_000002_events::Migration),
            Box::new(m20260101_000003_tasks::Migration),
            Box::new(m20260101_000004_participants::Migration),
        ]
    }
}

/// The rules of the example schema.
#[must_use]
pub fn graph() -> TouchGraph {
    TouchGraph::of::<(event::Entity, task::Entity, user::Entity, participant::Entity)>()
}
