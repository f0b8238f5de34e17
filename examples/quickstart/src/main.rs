//! A few saves, and which cache keys they move: `cargo run -p quickstart`.

mod entities;
mod keys;
mod load;
mod report;

use std::{error::Error, time::Instant};

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ConnectOptions, Database, DatabaseConnection, EntityTrait,
    IntoActiveModel,
};
use sea_orm_migration::MigratorTrait;
use touchable_migrations::example::Migrator;

use entities::{event, participant, task, user};
use report::{fired, save};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    let db = database().await?;
    let rows = load::everything(&db).await?;
    println!("{rows} rows loaded in {:.1} s", started.elapsed().as_secs_f64());
    events(&db).await?;
    users(&db).await?;
    others(&db).await?;
    Ok(())
}

/// SQLite in memory: one connection, for each would be a database of its own.
async fn database() -> Result<DatabaseConnection, Box<dyn Error>> {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(1).sqlx_logging(false);
    let db = Database::connect(options).await?;
    Migrator::up(&db, None).await?;
    Ok(db)
}

/// Tasks show their event's name, so only the name moves them.
async fn events(db: &DatabaseConnection) -> Result<(), Box<dyn Error>> {
    let event = event::Entity::find_by_id(7).one(db).await?.ok_or("no event 7")?;
    let mut renamed = event.clone().into_active_model();
    renamed.name = Set(format!("{} by Night", event.name));
    let rules = fired::<event::Entity>(event::Column::Name);
    save(db, "events.name changes", rules, renamed.update(db)).await?;

    let mut moved = event.clone().into_active_model();
    moved.location = Set("Old Lighthouse".to_owned());
    let rules = fired::<event::Entity>(event::Column::Location);
    save(db, "events.location changes", rules, moved.update(db)).await?;

    let mut same = event.clone().into_active_model();
    same.name = Set(format!("{} by Night", event.name));
    save(
        db,
        "events.name is set to what it is",
        Vec::new(),
        same.update(db),
    )
    .await
}

/// A user's name moves the tasks, the participants, and through them the events.
async fn users(db: &DatabaseConnection) -> Result<(), Box<dyn Error>> {
    let user = user::Entity::find_by_id(4).one(db).await?.ok_or("no user 4")?;
    let mut married = user.clone().into_active_model();
    married.last_name = Set(format!("{}-Lovelace", user.last_name));
    let mut rules = fired::<user::Entity>(user::Column::LastName);
    rules.extend(fired::<participant::Entity>(participant::Column::UpdatedAt));
    save(db, "users.last_name changes", rules, married.update(db)).await?;

    let mut away = user.into_active_model();
    away.time_zone = Set("Pacific/Auckland".to_owned());
    let rules = fired::<user::Entity>(user::Column::TimeZone);
    save(db, "users.time_zone changes", rules, away.update(db)).await
}

/// A task's own change is its own; a new participant changes its event's list.
async fn others(db: &DatabaseConnection) -> Result<(), Box<dyn Error>> {
    let task = task::Entity::find_by_id(5).one(db).await?.ok_or("no task 5")?;
    let mut done = task.into_active_model();
    done.done = Set(true);
    let rules = fired::<task::Entity>(task::Column::Done);
    save(db, "tasks.done changes", rules, done.update(db)).await?;

    let joins = participant::ActiveModel {
        user_id: Set(4),
        event_id: Set(399),
        ..Default::default()
    };
    let rules = fired::<participant::Entity>(participant::Column::Id);
    save(db, "a participant joins", rules, joins.insert(db)).await
}
