//! Cache keys: the row and its version in one string, so that a touched row is never found under its old key.

use std::{collections::BTreeMap, error::Error};

use sea_orm::{DatabaseConnection, EntityTrait, prelude::DateTimeUtc};

use crate::entities::{event, participant, task, user};

/// The cache key of every row, by table and primary key.
pub type Keys = BTreeMap<(&'static str, i32), String>;

/// `tasks/5-20260131093000123457`: the table, the primary key, the time of the last touch to the microsecond.
fn key(table: &str, id: i32, updated_at: DateTimeUtc) -> String {
    format!("{table}/{id}-{}", updated_at.format("%Y%m%d%H%M%S%6f"))
}

/// The keys of all rows as they are now.
pub async fn all(db: &DatabaseConnection) -> Result<Keys, Box<dyn Error>> {
    let mut keys = Keys::new();
    let mut add = |table, id, updated_at| keys.insert((table, id), key(table, id, updated_at));
    for row in user::Entity::find().all(db).await? {
        add("users", row.id, row.updated_at);
    }
    for row in event::Entity::find().all(db).await? {
        add("events", row.id, row.updated_at);
    }
    for row in task::Entity::find().all(db).await? {
        add("tasks", row.id, row.updated_at);
    }
    for row in participant::Entity::find().all(db).await? {
        add("participants", row.id, row.updated_at);
    }
    Ok(keys)
}
