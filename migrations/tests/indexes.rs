//! Indexes under associations: created where they are missing, dropped where they are ours.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use sea_orm::{ConnectionTrait, DatabaseConnection};
use sea_orm_migration::SchemaManager;
use touchable_migrations::TouchSchema;

on_every_backend!(
    a_missing_index_is_created_and_dropped,
    an_index_that_serves_is_left_alone,
    a_partial_or_trailing_index_does_not_serve,
    composite_keys_in_any_order,
);

async fn tasks(db: &DatabaseConnection) {
    let sql =
        "CREATE TABLE tasks (id integer PRIMARY KEY, event_id integer, owner_id integer, place integer)";
    db.execute_unprepared(sql).await.unwrap();
}

async fn a_missing_index_is_created_and_dropped(db: DatabaseConnection) {
    tasks(&db).await;
    let manager = SchemaManager::new(&db);
    let index = manager.association_index("tasks", ["event_id"]);
    index.clone().up().await.unwrap();
    assert!(
        manager
            .has_index("tasks", "touch_idx_tasks_event_id")
            .await
            .unwrap()
    );
    index.clone().up().await.unwrap();
    index.clone().down().await.unwrap();
    assert!(
        !manager
            .has_index("tasks", "touch_idx_tasks_event_id")
            .await
            .unwrap()
    );
    index.down().await.unwrap();
}

async fn an_index_that_serves_is_left_alone(db: DatabaseConnection) {
    tasks(&db).await;
    db.execute_unprepared("CREATE INDEX mine ON tasks (event_id, place)")
        .await
        .unwrap();
    let manager = SchemaManager::new(&db);
    for columns in [["event_id"], ["id"]] {
        let index = manager.association_index("tasks", columns);
        index.clone().up().await.unwrap();
        let name = format!("touch_idx_tasks_{}", columns[0]);
        assert!(!manager.has_index("tasks", name).await.unwrap());
        index.down().await.unwrap();
    }
    assert!(manager.has_index("tasks", "mine").await.unwrap());
}

async fn a_partial_or_trailing_index_does_not_serve(db: DatabaseConnection) {
    tasks(&db).await;
    db.execute_unprepared("CREATE INDEX place_first ON tasks (place, event_id)")
        .await
        .unwrap();
    if db.get_database_backend() != sea_orm::DbBackend::MySql {
        let partial = "CREATE INDEX part ON tasks (event_id) WHERE owner_id IS NULL";
        db.execute_unprepared(partial).await.unwrap();
    }
    let manager = SchemaManager::new(&db);
    manager
        .association_index("tasks", ["event_id"])
        .up()
        .await
        .unwrap();
    assert!(
        manager
            .has_index("tasks", "touch_idx_tasks_event_id")
            .await
            .unwrap()
    );
}

async fn composite_keys_in_any_order(db: DatabaseConnection) {
    tasks(&db).await;
    let manager = SchemaManager::new(&db);
    manager
        .association_index("tasks", ["event_id", "place"])
        .up()
        .await
        .unwrap();
    manager
        .association_index("tasks", ["place", "event_id"])
        .up()
        .await
        .unwrap();
    assert!(
        manager
            .has_index("tasks", "touch_idx_tasks_event_id_place")
            .await
            .unwrap()
    );
    assert!(
        !manager
            .has_index("tasks", "touch_idx_tasks_place_event_id")
            .await
            .unwrap()
    );
}
