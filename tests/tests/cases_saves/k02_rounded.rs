//! K2: a stamp of the application may have more digits than its column; the save is recognised all the same.

use std::time::Duration;

use sea_orm::{ActiveModelTrait, ConnectionTrait, Set, prelude::DateTimeUtc};
use touchable::TouchGraph;
use touchable_tests::{
    Backend, World, at, cases,
    entities::society::{self, event as events, task as tasks},
};

/// As `Utc::now()` gives it: nanoseconds.
fn now() -> DateTimeUtc {
    at(5_000_001) + Duration::from_nanos(123)
}

async fn renamed_task(world: &World) -> tasks::ActiveModel {
    world.seed([society::event(1)]).await;
    world.seed([society::task(1, Some(1), None)]).await;
    let mut task = world.active::<tasks::Entity>(1).await;
    task.title = Set("another".to_owned());
    task.updated_at = Set(now());
    task
}

fn strict(world: &World) -> touchable::TouchConnection {
    touchable::connect(world.db.clone())
        .watch(&TouchGraph::of::<(tasks::Entity, events::Entity)>())
        .strict()
}

async fn k02_nanoseconds_on_a_strict_connection(world: &World) {
    let task = renamed_task(world).await;
    world
        .expect_moved(&["tasks 1", "events 1"], async {
            task.update(&strict(world)).await.unwrap();
        })
        .await;
}

async fn k02_an_insert_with_nanoseconds_on_a_strict_connection(world: &World) {
    world.seed([society::event(1)]).await;
    let mut task = society::task(1, Some(1), None);
    task.updated_at = Set(now());
    world
        .expect_moved(&["+tasks 1", "events 1"], async {
            task.insert(&strict(world)).await.unwrap();
        })
        .await;
}

/// The touch is refused: the save is taken back with it.
async fn k02_a_save_with_nanoseconds_is_atomic_with_its_touches(world: &World) {
    let task = renamed_task(world).await;
    refuse_updates_of_events(world).await;
    let db = touchable::connect(world.db.clone());
    world.expect_moved(&[], task.update(&db)).await.unwrap_err();
}

async fn k02_nanoseconds_without_returning(world: &World) {
    let task = renamed_task(world).await;
    let db = touchable::connect(world.db.clone());
    world
        .expect_moved(&["tasks 1", "events 1"], task.update_without_returning(&db))
        .await
        .unwrap();
}

async fn refuse_updates_of_events(world: &World) {
    let sql = match world.backend {
        Backend::Sqlite => {
            "CREATE TRIGGER refuse BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'refused'); END"
        }
        Backend::Postgres => {
            "CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$ LANGUAGE plpgsql; \
             CREATE TRIGGER refuse BEFORE UPDATE ON events FOR EACH ROW EXECUTE FUNCTION refuse()"
        }
        Backend::MariaDb => {
            "CREATE TRIGGER refuse BEFORE UPDATE ON events FOR EACH ROW \
             SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'refused'"
        }
    };
    world.db.execute_unprepared(sql).await.unwrap();
}

cases!(society::tables(), 2:
    k02_nanoseconds_on_a_strict_connection on sqlite postgres mariadb,
    k02_an_insert_with_nanoseconds_on_a_strict_connection on sqlite postgres mariadb,
    k02_a_save_with_nanoseconds_is_atomic_with_its_touches on sqlite postgres mariadb,
    k02_nanoseconds_without_returning on sqlite postgres mariadb,
);
