//! Three events, four owners, ten tasks.

use sea_orm::{ActiveModelTrait, ActiveValue::NotSet, ConnectionTrait, Set};
use sea_orm_migration::prelude::*;

use crate::entities::{event, owner, task};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

const OWNERS: [(&str, &str); 4] = [
    ("Ada Okafor", "Africa/Lagos"),
    ("Bruno Lindqvist", "Europe/Stockholm"),
    ("Chiara Moreau", "Europe/Paris"),
    ("Dev Patel", "Asia/Kolkata"),
];

/// A task: its title, its owner's place in [`OWNERS`], whether it is done.
type Task = (&'static str, Option<usize>, bool);

const EVENTS: [(&str, &str, &[Task]); 3] = [
    (
        "Summer fair",
        "Harbour square",
        &[
            ("Book the brass band", Some(0), true),
            ("Order lemonade", Some(1), false),
            ("Print the programme", Some(0), false),
            ("Rent benches", None, false),
        ],
    ),
    (
        "Night of lanterns",
        "Old botanical garden",
        &[
            ("Fold two hundred lanterns", Some(2), true),
            ("Ask the fire brigade", Some(0), false),
            ("Mark the paths", Some(3), false),
        ],
    ),
    (
        "Harvest supper",
        "Mill barn",
        &[
            ("Invite the neighbours", Some(1), false),
            ("Bake bread", Some(2), false),
            ("Set the long table", None, false),
        ],
    ),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let owners = seed_owners(db).await?;
        for (name, location, tasks) in EVENTS {
            let event = event::ActiveModel {
                id: NotSet,
                name: Set(name.to_owned()),
                location: Set(location.to_owned()),
                updated_at: NotSet,
            };
            let event = event.insert(db).await?.id;
            for (title, owner, done) in tasks {
                let task = task::ActiveModel {
                    id: NotSet,
                    event_id: Set(event),
                    owner_id: Set(owner.and_then(|i| owners.get(i).copied())),
                    title: Set((*title).to_owned()),
                    done: Set(*done),
                    note: Set(String::new()),
                    updated_at: NotSet,
                };
                task.insert(db).await?;
            }
        }
        Ok(())
    }

    /// The rows go with their tables.
    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}

async fn seed_owners(db: &impl ConnectionTrait) -> Result<Vec<i32>, DbErr> {
    let mut ids = Vec::new();
    for (name, time_zone) in OWNERS {
        let owner = owner::ActiveModel {
            id: NotSet,
            name: Set(name.to_owned()),
            time_zone: Set(time_zone.to_owned()),
            updated_at: NotSet,
        };
        ids.push(owner.insert(db).await?.id);
    }
    Ok(ids)
}
