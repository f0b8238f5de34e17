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
    the_rules_say_what_to_index,
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

/// An event has tasks, and people through participants, whose primary key leads with the person.
mod entities {
    pub mod event {
        use sea_orm::entity::prelude::*;
        use touchable::Touchable;

        #[sea_orm::model]
        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
        #[sea_orm(table_name = "events")]
        #[touch(tasks, on_fields = [name])]
        #[touch(people, on_fields = [name])]
        pub struct Model {
            #[sea_orm(primary_key)]
            pub id: i32,
            pub name: String,
            pub updated_at: DateTimeUtc,
            #[sea_orm(has_many)]
            pub tasks: HasMany<super::task::Entity>,
            #[sea_orm(has_many, via = "participant")]
            pub people: HasMany<super::person::Entity>,
        }
    }

    pub mod task {
        use sea_orm::entity::prelude::*;
        use touchable::Touchable;

        #[sea_orm::model]
        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
        #[sea_orm(table_name = "tasks")]
        #[touch(event)]
        pub struct Model {
            #[sea_orm(primary_key)]
            pub id: i32,
            #[sea_orm(column_name = "of_event")]
            pub event_id: i32,
            pub updated_at: DateTimeUtc,
            #[sea_orm(belongs_to, from = "event_id", to = "id")]
            pub event: HasOne<super::event::Entity>,
        }
    }

    pub mod participant {
        use sea_orm::entity::prelude::*;

        #[sea_orm::model]
        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
        #[sea_orm(table_name = "participants")]
        pub struct Model {
            #[sea_orm(primary_key)]
            pub person_id: i32,
            #[sea_orm(primary_key)]
            pub event_id: i32,
            #[sea_orm(belongs_to, from = "person_id", to = "id")]
            pub person: HasOne<super::person::Entity>,
            #[sea_orm(belongs_to, from = "event_id", to = "id")]
            pub event: HasOne<super::event::Entity>,
        }

        impl ActiveModelBehavior for ActiveModel {}
    }

    pub mod person {
        use sea_orm::entity::prelude::*;
        use touchable::Touchable;

        #[sea_orm::model]
        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
        #[sea_orm(table_name = "people")]
        pub struct Model {
            #[sea_orm(primary_key)]
            pub id: i32,
            pub updated_at: DateTimeUtc,
            #[sea_orm(has_many, via = "participant")]
            pub events: HasMany<super::event::Entity>,
        }
    }
}

async fn the_rules_say_what_to_index(db: DatabaseConnection) {
    for table in [
        "events (id integer PRIMARY KEY)",
        "tasks (id integer PRIMARY KEY, of_event integer)",
        "people (id integer PRIMARY KEY)",
        "participants (person_id integer, event_id integer, PRIMARY KEY (person_id, event_id))",
    ] {
        db.execute_unprepared(&format!("CREATE TABLE {table}"))
            .await
            .unwrap();
    }
    let manager = SchemaManager::new(&db);
    let indexes = [
        ("tasks", "touch_idx_tasks_of_event"),
        ("participants", "touch_idx_participants_event_id"),
    ];
    let event = manager.touch_indexes::<entities::event::Entity>();
    event.clone().up().await.unwrap();
    for (table, index) in indexes {
        assert!(manager.has_index(table, index).await.unwrap(), "{index}");
    }
    // A task leads to its event by the primary key.
    let task = manager.touch_indexes::<entities::task::Entity>();
    task.up().await.unwrap();
    assert!(!manager.has_index("events", "touch_idx_events_id").await.unwrap());

    event.down().await.unwrap();
    for (table, index) in indexes {
        assert!(!manager.has_index(table, index).await.unwrap(), "{index}");
    }
}
