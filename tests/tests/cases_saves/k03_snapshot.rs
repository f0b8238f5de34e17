//! K3: whoever looks for rows does so after the lock, with a snapshot that is not older.

use std::time::Duration;

use sea_orm::{
    ActiveModelTrait, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, EntityTrait, Set,
    Statement, TransactionTrait,
};
use touchable::TouchRecord;
use touchable_tests::{
    World, at, cases,
    entities::{
        cycle,
        manual::{self, album as albums, track as tracks},
        society::{self, event as events, task as tasks},
    },
};

use crate::entities::venues::{self, event as placed_events, task as placed_tasks, venue as venue_rows};

/// A transaction moves the event to venue 2 while the save of its task waits for the event: the save touches venue 2
/// after the transaction has.
async fn k03_a_grandparent_that_changes_meanwhile(world: &World) {
    world.seed([1, 2].map(venues::venue)).await;
    world.seed([venues::event(1, 1)]).await;
    world.seed([venues::task(1, 1)]).await;
    let db = touchable::connect(world.db.clone());
    let mut task = world.active::<placed_tasks::Entity>(1).await;
    task.title = Set("another".to_owned());

    let moving = db.begin().await.unwrap();
    let mut event = world.active::<placed_events::Entity>(1).await;
    event.venue_id = Set(2);
    event.update(&moving).await.unwrap();
    let commit = async {
        world.somebody_waits().await;
        moving.commit().await.unwrap();
    };
    let (saved, ()) = tokio::join!(task.update(&db), commit);
    saved.unwrap();

    let touches = world.model::<venue_rows::Entity>(2).await.lock_no;
    assert!(
        touches >= 2,
        "venue 2 was touched {touches} time: by the move, and not by the save after it"
    );
}

cases!(venues::tables(), 6: k03_a_grandparent_that_changes_meanwhile on postgres mariadb);

/// Events come before their tasks in the order of locks. The touch of a task looks for its event, and waits for the task, which
/// another moves to event 2 meanwhile.
async fn k03_a_link_in_a_circle_that_changes_meanwhile(world: &World) {
    cycle::populate(world).await;
    let db = touchable::connect(world.db.clone());
    let task = world.model::<cycle::task::Entity>(1).await;
    let moving = world.db.begin().await.unwrap();
    moving
        .execute_unprepared("UPDATE tasks SET event_id = 2 WHERE id = 1")
        .await
        .unwrap();
    let commit = async {
        world.somebody_waits().await;
        moving.commit().await.unwrap();
    };
    let (touched, ()) = tokio::join!(task.touch(&db), commit);
    touched.unwrap();
    assert_eq!(
        world.model::<cycle::event::Entity>(2).await.lock_no,
        2,
        "event 2 shows the task, which was touched"
    );
}

cases!(cycle::tables(), 4: k03_a_link_in_a_circle_that_changes_meanwhile on postgres mariadb);

/// A pool on which looking at an event waits until nobody holds advisory lock 7. A transaction that has no number yet
/// looks at once: the wait falls after the moment at which a statement can know whether others are writing.
async fn pool_under_a_slow_policy(world: &World) -> DatabaseConnection {
    for sql in [
        "CREATE FUNCTION patient() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN \
         IF pg_current_xact_id_if_assigned() IS NOT NULL THEN PERFORM pg_advisory_xact_lock_shared(7); END IF; \
         RETURN true; END $$",
        "ALTER TABLE events ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY patience ON events USING (patient())",
        // A superuser is above policies; this role is on every server, and is not.
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO pg_monitor",
    ] {
        world.db.execute_unprepared(sql).await.unwrap();
    }
    let mut options = ConnectOptions::new(world.url());
    options
        .max_connections(2)
        .sqlx_logging(false)
        .map_sqlx_postgres_opts(|postgres| postgres.options([("role", "pg_monitor")]));
    Database::connect(options).await.unwrap()
}

/// Comes back when this many sessions wait for a lock.
async fn sessions_wait(world: &World, many: i64) {
    loop {
        let waiting = Statement::from_string(
            world.dialect(),
            "SELECT count(*) FROM pg_stat_activity \
             WHERE datname = current_database() AND wait_event_type = 'Lock'",
        );
        let row = world.db.query_one_raw(waiting).await.unwrap().unwrap();
        if row.try_get_by_index::<i64>(0).unwrap() >= many {
            return;
        }
        // The server has to be asked again and again; it tells nobody.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Comes back when no transaction of the server writes, or after two seconds.
async fn calm(world: &World) {
    let sql = "SELECT pg_snapshot_xmin(pg_current_snapshot()) = pg_snapshot_xmax(pg_current_snapshot())";
    for _ in 0..200 {
        let calm = Statement::from_string(world.dialect(), sql);
        let row = world.db.query_one_raw(calm).await.unwrap().unwrap();
        if row.try_get_by_index::<bool>(0).unwrap() {
            return;
        }
        // The server has to be asked again and again; it tells nobody.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The policy holds the save of an event between the beginning of its statement and the lock of its row. A task that
/// can be inserted then has been shown with the old name.
///
/// Where other sessions of the server write, the save takes another way: it is tried until it is alone.
async fn k03_a_child_inserted_before_the_row_is_locked(world: &World) {
    world.seed([society::event(1)]).await;
    let pool = pool_under_a_slow_policy(world).await;
    for round in 1..=20 {
        calm(world).await;
        // A connection of its own has met nobody who writes.
        let db = touchable::connect(pool.clone());
        let mut event = world.active::<events::Entity>(1).await;
        event.name = Set(format!("name {round}"));
        let holding = world.db.begin().await.unwrap();
        holding
            .execute_unprepared("SELECT pg_advisory_xact_lock(7)")
            .await
            .unwrap();
        let meanwhile = async {
            sessions_wait(world, 1).await;
            let mut inserting = Box::pin(world.seed([society::task(round, Some(1), None)]));
            let inserted = tokio::select! {
                () = &mut inserting => true,
                () = sessions_wait(world, 2) => false,
            };
            holding.commit().await.unwrap();
            if !inserted {
                inserting.await;
            }
            inserted
        };
        let (saved, inserted) = tokio::join!(event.update(&db), meanwhile);
        saved.unwrap();
        let seeded = at(200 + i64::from(round));
        let task = world.model::<tasks::Entity>(round).await;
        assert!(
            !inserted || task.updated_at > seeded,
            "the task that was inserted meanwhile has kept its stamp"
        );
    }
}

cases!(society::tables(), 4: k03_a_child_inserted_before_the_row_is_locked on postgres);

/// The title counts as changed whatever is stored. A track that appears before the commit is touched, or it waits.
async fn k03_a_child_inserted_between_touch_and_commit(world: &World) {
    manual::populate(world).await;
    let transaction = world.db.begin().await.unwrap();
    let mut album = world.active::<albums::Entity>(1).await;
    album.title = Set("renamed".to_owned());
    album.update(&transaction).await.unwrap();

    let late = tracks::ActiveModel {
        id: Set(9),
        title: Set("Late".to_owned()),
        slug: Set("late".to_owned()),
        album_id: Set(1),
        updated_at: Set(at(9)),
    };
    let mut inserting = Box::pin(tracks::Entity::insert(late).exec_without_returning(&world.db));
    let waits = tokio::select! {
        inserted = &mut inserting => { inserted.unwrap(); false }
        () = world.somebody_waits() => true,
    };
    let shown_before = world.model::<albums::Entity>(1).await.title == "album 1";
    transaction.commit().await.unwrap();
    if waits {
        inserting.await.unwrap();
    }
    let track = world.model::<tracks::Entity>(9).await;
    assert!(
        waits || !shown_before || track.updated_at > at(9),
        "the track was shown with the old title and has kept its stamp"
    );
}

cases!(manual::tables(), 4: k03_a_child_inserted_between_touch_and_commit on postgres mariadb);
