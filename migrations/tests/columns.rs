//! Touch columns: added, filled, dropped.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr,
    entity::prelude::*,
    prelude::{DateTime, DateTimeUtc},
};
use sea_orm_migration::{SchemaManager, prelude::Table, schema};
use touchable_migrations::TouchSchema;

on_every_backend!(
    a_new_table_keeps_microseconds_and_fills_defaults,
    columns_are_added_and_dropped,
    columns_have_names_of_ones_own,
    naive_columns_suit_naive_entities,
    deferred_columns_hold_the_placeholder_and_later_rows_the_time,
    what_is_missing_is_named,
    years_after_2038_fit,
);

mod note {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "notes")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub text: String,
        pub created_at: DateTimeUtc,
        pub updated_at: DateTimeUtc,
        pub version: i64,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod naive {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "notes")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub updated_at: DateTime,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Microseconds that no shorter fraction holds.
const STAMP: i64 = 1_767_225_600_123_457;

fn at(micros: i64) -> DateTimeUtc {
    DateTimeUtc::from_timestamp_micros(micros).expect("in range")
}

async fn bare_notes(db: &DatabaseConnection) {
    let table = Table::create()
        .table("notes")
        .col(schema::pk_auto("id"))
        .col(schema::string("text"))
        .to_owned();
    SchemaManager::new(db).create_table(table).await.unwrap();
    insert(db, 3).await;
}

/// Rows as raw SQL writes them, which knows nothing of touch columns.
async fn insert(db: &DatabaseConnection, rows: usize) {
    for _ in 0..rows {
        db.execute_unprepared("INSERT INTO notes (text) VALUES ('kept')")
            .await
            .unwrap();
    }
}

fn is_now(stamp: DateTimeUtc) -> bool {
    let now: DateTimeUtc = std::time::SystemTime::now().into();
    (now - stamp).num_seconds().abs() < 60
}

async fn stored_as_seaorm_stores(db: &DatabaseConnection) {
    if db.get_database_backend() != DbBackend::Sqlite {
        return;
    }
    let row = db
        .query_one_raw(sea_orm::Statement::from_string(
            DbBackend::Sqlite,
            "SELECT updated_at FROM notes",
        ))
        .await
        .unwrap()
        .unwrap();
    let text: String = row.try_get("", "updated_at").unwrap();
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000000+00:00", "{text}");
}

async fn a_new_table_keeps_microseconds_and_fills_defaults(db: DatabaseConnection) {
    let manager = SchemaManager::new(&db);
    let table = Table::create()
        .table("notes")
        .col(schema::pk_auto("id"))
        .col(schema::string("text"))
        .col(manager.created_column("created_at"))
        .col(manager.touch_column("updated_at"))
        .col(manager.version_column("version"))
        .to_owned();
    manager.create_table(table).await.unwrap();

    insert(&db, 1).await;
    stored_as_seaorm_stores(&db).await;
    let raw = note::Entity::find().one(&db).await.unwrap().unwrap();
    assert!(is_now(raw.created_at) && is_now(raw.updated_at), "{raw:?}");
    assert_eq!(raw.version, 1);

    let mut raw: note::ActiveModel = raw.into();
    raw.updated_at = Set(at(STAMP));
    raw.update(&db).await.unwrap();
    stored_as_seaorm_stores(&db).await;
    let read = note::Entity::find().one(&db).await.unwrap().unwrap();
    assert_eq!(read.updated_at.timestamp_micros(), STAMP);
    let found = note::Entity::find().filter(note::Column::UpdatedAt.eq(at(STAMP)));
    assert_eq!(
        found.count(&db).await.unwrap(),
        1,
        "the stamp is found by its value"
    );
    let above = note::Entity::find().filter(note::Column::UpdatedAt.gt(at(STAMP - 1)));
    assert_eq!(above.count(&db).await.unwrap(), 1, "the stamp compares as a time");
}

async fn columns_are_added_and_dropped(db: DatabaseConnection) {
    bare_notes(&db).await;
    let manager = SchemaManager::new(&db);
    let columns = manager
        .touch_columns("notes")
        .created_at("created_at")
        .version("version");
    columns.clone().up().await.unwrap();
    stored_as_seaorm_stores(&db).await;

    let notes = note::Entity::find().all(&db).await.unwrap();
    assert_eq!(notes.len(), 3);
    for note in notes {
        assert!(is_now(note.updated_at) && is_now(note.created_at), "{note:?}");
        assert_eq!((note.version, note.text.as_str()), (1, "kept"));
        let mut note: note::ActiveModel = note.into();
        note.updated_at = Set(at(STAMP));
        assert_eq!(
            note.update(&db).await.unwrap().updated_at.timestamp_micros(),
            STAMP
        );
    }

    columns.down().await.unwrap();
    for column in ["updated_at", "created_at", "version"] {
        assert!(!manager.has_column("notes", column).await.unwrap(), "{column}");
    }
    insert(&db, 1).await;
}

async fn columns_have_names_of_ones_own(db: DatabaseConnection) {
    bare_notes(&db).await;
    let manager = SchemaManager::new(&db);
    let columns = manager
        .touch_columns("notes")
        .updated_at("modified_at")
        .updated_at("tasks_touched_at");
    columns.clone().up().await.unwrap();
    assert!(manager.has_column("notes", "modified_at").await.unwrap());
    assert!(manager.has_column("notes", "tasks_touched_at").await.unwrap());
    assert!(!manager.has_column("notes", "updated_at").await.unwrap());
    columns.down().await.unwrap();
    assert!(!manager.has_column("notes", "tasks_touched_at").await.unwrap());
}

async fn naive_columns_suit_naive_entities(db: DatabaseConnection) {
    bare_notes(&db).await;
    let manager = SchemaManager::new(&db);
    let columns = manager.touch_columns("notes").naive();
    columns.clone().up().await.unwrap();
    let note = naive::Entity::find().one(&db).await.unwrap().unwrap();
    assert!(is_now(note.updated_at.and_utc()), "{note:?}");
    let mut note: naive::ActiveModel = note.into();
    note.updated_at = Set(at(STAMP).naive_utc());
    note.update(&db).await.unwrap();
    let read = naive::Entity::find_by_id(1).one(&db).await.unwrap().unwrap();
    assert_eq!(read.updated_at.and_utc().timestamp_micros(), STAMP);
    columns.down().await.unwrap();
}

async fn deferred_columns_hold_the_placeholder_and_later_rows_the_time(db: DatabaseConnection) {
    bare_notes(&db).await;
    let manager = SchemaManager::new(&db);
    let columns = manager
        .touch_columns("notes")
        .created_at("created_at")
        .version("version")
        .deferred();
    columns.clone().up().await.unwrap();
    for note in note::Entity::find().all(&db).await.unwrap() {
        assert_eq!(note.updated_at.timestamp_micros(), 1);
    }
    insert(&db, 1).await;
    let later = note::Entity::find_by_id(4).one(&db).await.unwrap().unwrap();
    let moving = db.get_database_backend() != DbBackend::Sqlite;
    assert_eq!(is_now(later.updated_at), moving, "{later:?}");
    columns.down().await.unwrap();
}

async fn what_is_missing_is_named(db: DatabaseConnection) {
    let manager = SchemaManager::new(&db);
    let says = |result: Result<(), DbErr>, words: [&str; 2]| {
        let message = result.unwrap_err().to_string();
        for word in words {
            assert!(message.contains(word), "{message}");
        }
    };
    says(
        manager.touch_columns("nots").up().await,
        ["`nots`", "does not exist"],
    );
    bare_notes(&db).await;
    says(
        manager.touch_columns("notes").down().await,
        ["`notes`", "`updated_at`"],
    );
    says(
        manager.touch_columns("notes").updated_at("text").up().await,
        ["`text`", "already"],
    );
    says(
        manager.association_index("notes", ["event_id"]).up().await,
        ["`notes`", "`event_id`"],
    );
    let filled = manager.backfill("notes", "updated_at").run().await.map(|_| ());
    says(filled, ["`notes`", "`updated_at`"]);
}

/// With `DateTimeUtc` a MariaDB before 11.5 says no: sqlx binds it as a `TIMESTAMP`, whatever the column is.
async fn years_after_2038_fit(db: DatabaseConnection) {
    bare_notes(&db).await;
    let manager = SchemaManager::new(&db);
    manager.touch_columns("notes").naive().up().await.unwrap();
    let late = at(4_000_000_000_000_001).naive_utc();
    let note = naive::Entity::find_by_id(1).one(&db).await.unwrap().unwrap();
    let mut note: naive::ActiveModel = note.into();
    note.updated_at = Set(late);
    note.update(&db).await.unwrap();
    let read = naive::Entity::find_by_id(1).one(&db).await.unwrap().unwrap();
    assert_eq!(read.updated_at, late);
}
