//! The example schema, up and down.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use sea_orm::{ConnectionTrait, DatabaseConnection};
use sea_orm_migration::{MigratorTrait, SchemaManager};
use touchable_migrations::example::Migrator;

on_every_backend!(goes_up_and_down, down_one_by_one, fresh_starts_again);

const TABLES: [&str; 4] = ["users", "events", "tasks", "participants"];

async fn tables(db: &DatabaseConnection) -> usize {
    let manager = SchemaManager::new(db);
    let mut found = 0;
    for table in TABLES {
        found += usize::from(manager.has_table(table).await.unwrap());
    }
    found
}

async fn goes_up_and_down(db: DatabaseConnection) {
    Migrator::up(&db, None).await.unwrap();
    assert_eq!(tables(&db).await, 4);
    for sql in [
        "INSERT INTO users (first_name, last_name, time_zone) VALUES ('Ada', 'Byron', 'UTC')",
        "INSERT INTO events (name, location, goal) VALUES ('Fair', 'Hall', 'Fun')",
        "INSERT INTO tasks (event_id, owner_id, title) VALUES (1, 1, 'Chairs')",
        "INSERT INTO participants (user_id, event_id) VALUES (1, 1)",
        "DELETE FROM users",
    ] {
        db.execute_unprepared(sql).await.expect(sql);
    }
    Migrator::down(&db, None).await.unwrap();
    assert_eq!(tables(&db).await, 0);
    Migrator::up(&db, None).await.unwrap();
    assert_eq!(tables(&db).await, 4);
}

async fn down_one_by_one(db: DatabaseConnection) {
    Migrator::up(&db, None).await.unwrap();
    for left in [3, 2, 1, 0] {
        Migrator::down(&db, Some(1)).await.unwrap();
        assert_eq!(tables(&db).await, left);
    }
}

async fn fresh_starts_again(db: DatabaseConnection) {
    Migrator::up(&db, None).await.unwrap();
    Migrator::fresh(&db).await.unwrap();
    assert_eq!(tables(&db).await, 4);
}
