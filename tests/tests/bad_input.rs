//! What cannot work says so, and leaves nothing half done.

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseTransaction, DbErr, NotSet, RuntimeErr, Set, TransactionTrait,
    Unchanged,
};
use touchable::Error;
use touchable_tests::{
    Backend, Gate, World,
    entities::{broken, cycle, outer, stamps},
    on_every_backend, on_every_server,
};

/// SeaORM's own error, and nobody is touched.
async fn updating_a_row_that_is_gone(world: &World) {
    outer::populate(world).await;
    let ghost = || outer::task::ActiveModel {
        id: Unchanged(999),
        title: Set("ghost".to_owned()),
        event_id: Set(Some(1)),
        ..Default::default()
    };
    let error = world
        .expect_moved(&[], ghost().update(&world.db))
        .await
        .unwrap_err();
    assert!(matches!(error, DbErr::RecordNotUpdated), "{error:?}");
    let action = async {
        let transaction = world.db.begin().await.unwrap();
        let error = ghost().update(&transaction).await.unwrap_err();
        transaction.commit().await.unwrap();
        error
    };
    let error = world.expect_moved(&[], action).await;
    assert!(matches!(error, DbErr::RecordNotUpdated), "{error:?}");
}

/// A row that goes between the load and the save.
async fn updating_a_row_that_has_just_gone(world: &World) {
    outer::populate(world).await;
    let mut user = world.active::<outer::user::Entity>(2).await;
    outer::user::ActiveModel {
        id: Unchanged(2),
        ..Default::default()
    }
    .delete(&world.db)
    .await
    .unwrap();
    user.name = Set("Ada".to_owned());
    let error = world.expect_moved(&[], user.update(&world.db)).await.unwrap_err();
    assert!(matches!(error, DbErr::RecordNotUpdated), "{error:?}");
}

/// As without touchable: no row is affected, and that is no error.
async fn deleting_a_row_that_is_gone(world: &World) {
    outer::populate(world).await;
    let ghost = outer::task::ActiveModel {
        id: Unchanged(999),
        ..Default::default()
    };
    let result = world.expect_moved(&[], ghost.delete(&world.db)).await.unwrap();
    assert_eq!(result.rows_affected, 0);
}

/// The column is in every message: the entity's name alone does not say what is missing.
async fn a_key_that_is_not_set(world: &World) {
    outer::populate(world).await;
    let nameless = || outer::task::ActiveModel {
        id: NotSet,
        title: Set("whose?".to_owned()),
        ..Default::default()
    };
    let error = world
        .expect_moved(&[], nameless().update(&world.db))
        .await
        .unwrap_err();
    assert_names(&error, &["id"]);
    let error = world
        .expect_moved(&[], nameless().delete(&world.db))
        .await
        .unwrap_err();
    assert_names(&error, &["id"]);
}

on_every_backend!(outer:
    updating_a_row_that_is_gone,
    updating_a_row_that_has_just_gone,
    deleting_a_row_that_is_gone,
    a_key_that_is_not_set,
);

#[track_caller]
fn assert_names(error: &impl ToString, words: &[&str]) {
    let message = error.to_string();
    for word in words {
        assert!(message.contains(word), "{word:?} is not named: {message}");
    }
}

/// The target's table has no touch column: the error names the table and the rule.
async fn a_target_without_its_touch_column(world: &World) {
    world
        .seed([broken::event::ActiveModel {
            id: Set(1),
            name: Set("event 1".to_owned()),
            updated_at: Set(touchable_tests::at(1)),
        }])
        .await;
    let sql = "ALTER TABLE tasks DROP COLUMN updated_at";
    world.db.execute_unprepared(sql).await.unwrap();
    let transaction = world.db.begin().await.unwrap();
    let event = broken::event::ActiveModel {
        id: Unchanged(1),
        name: Set("renamed".to_owned()),
        ..Default::default()
    };
    let error = event.update(&transaction).await.unwrap_err();
    transaction.rollback().await.unwrap();
    assert_names(&error, &["tasks", "events", "updated_at"]);
    assert_eq!(world.model::<broken::event::Entity>(1).await.name, "event 1");
}

on_every_backend!(broken: a_target_without_its_touch_column);

/// MariaDB's `datetime` keeps whole seconds, which is what SeaORM's schema builder makes of a moment.
async fn a_touch_column_of_whole_seconds(world: &World) {
    let sql = match world.backend {
        Backend::MariaDb => "ALTER TABLE notes_utc MODIFY updated_at datetime NOT NULL",
        _ => "ALTER TABLE notes_utc ALTER COLUMN updated_at TYPE timestamptz(0)",
    };
    world.db.execute_unprepared(sql).await.unwrap();
    let new = stamps::utc::ActiveModel {
        id: Set(1),
        text: Set("new".to_owned()),
        updated_at: NotSet,
    };
    let error = new.insert(&world.db).await.unwrap_err();
    assert_names(&error, &["notes_utc", "updated_at"]);
    let change = stamps::utc::ActiveModel {
        id: Unchanged(1),
        text: Set("changed".to_owned()),
        updated_at: NotSet,
    };
    let error = change.update(&world.db).await.unwrap_err();
    assert_names(&error, &["notes_utc", "updated_at"]);
}

/// … and so do those of milliseconds.
async fn a_touch_column_of_milliseconds(world: &World) {
    let sql = match world.backend {
        Backend::MariaDb => "ALTER TABLE notes_naive MODIFY updated_at datetime(3) NOT NULL",
        _ => "ALTER TABLE notes_naive ALTER COLUMN updated_at TYPE timestamp(3)",
    };
    world.db.execute_unprepared(sql).await.unwrap();
    let new = stamps::naive::ActiveModel {
        id: Set(1),
        text: Set("new".to_owned()),
        updated_at: NotSet,
    };
    let error = new.insert(&world.db).await.unwrap_err();
    assert_names(&error, &["notes_naive", "updated_at"]);
}

on_every_server!(stamps, 1: a_touch_column_of_whole_seconds, a_touch_column_of_milliseconds);

/// Errors of touchable pass through SeaORM's and back.
async fn errors_convert(world: &World) {
    cycle::populate(world).await;
    let mut task = cycle::task(1, None);
    task.title = Set("again".to_owned());
    let refused = task.insert(&world.db).await.unwrap_err();
    let error = Error::from(refused);
    assert!(!error.is_record_not_found());
    let message = error.to_string();
    let back = DbErr::from(error);
    assert_eq!(back.to_string(), message);
    assert!(
        back.sql_err().is_some(),
        "a duplicate key can still be told: {back:?}"
    );
}

on_every_backend!(cycle: errors_convert);

async fn connection_id(transaction: &DatabaseTransaction, backend: Backend) -> i64 {
    let sql = match backend {
        Backend::MariaDb => "SELECT CAST(CONNECTION_ID() AS SIGNED) AS id",
        _ => "SELECT CAST(pg_backend_pid() AS bigint) AS id",
    };
    let row = transaction
        .query_one_raw(sea_orm::Statement::from_string(
            transaction.get_database_backend(),
            sql,
        ))
        .await
        .unwrap()
        .unwrap();
    row.try_get("", "id").unwrap()
}

/// The connection dies after the row was written and before anything was touched: an error, and neither is stored.
async fn a_connection_lost_in_mid_save(world: &World) {
    outer::populate(world).await;
    let observer = world.connect(1).await;
    let before = world.moments().await;
    let transaction = world.db.begin().await.unwrap();
    let id = connection_id(&transaction, world.backend).await;
    let kill = match world.backend {
        Backend::MariaDb => format!("KILL {id}"),
        _ => format!("SELECT pg_terminate_backend({id}, 10000)"),
    };

    let mut user = world.active::<outer::user::Entity>(1).await;
    user.name = Set("Ada".to_owned());
    let gate = Gate::pausing_after(&transaction, "UPDATE");
    let (saved, ()) = tokio::join!(user.update(&gate), async {
        gate.paused().await;
        observer.execute_unprepared(&kill).await.unwrap();
        gate.resume();
    });
    let error = saved.unwrap_err();
    assert!(is_lost(&error), "{error:?}");
    transaction.commit().await.unwrap_err();
    assert_eq!(world.moments().await, before);
    observer.close().await.unwrap();

    // The pool recovers, and nothing of the lost save is left.
    let mut zone = world.active::<outer::user::Entity>(1).await;
    zone.time_zone = Set("Europe/London".to_owned());
    world
        .expect_moved(&["users 1"], zone.update(&world.db))
        .await
        .unwrap();
}

/// The database's own error stays recognisable behind touchable's.
fn is_lost(error: &DbErr) -> bool {
    matches!(
        error,
        DbErr::Conn(RuntimeErr::SqlxError(_))
            | DbErr::Exec(RuntimeErr::SqlxError(_))
            | DbErr::Query(RuntimeErr::SqlxError(_))
    ) || error.to_string().contains("could not touch")
}

on_every_server!(outer, 3: a_connection_lost_in_mid_save);
