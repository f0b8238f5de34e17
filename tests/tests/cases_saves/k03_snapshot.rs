//! K3: whoever looks for rows does so after the lock, with a snapshot that is not older.

use std::time::Duration;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr,
    EntityTrait, QueryFilter, Set, Statement, TransactionTrait, Unchanged, sea_query::Expr,
};
use touchable::{TouchMany, TouchRecord};
use touchable_tests::{
    World, at, cases,
    entities::{
        cycle,
        manual::{self, album as albums, track as tracks},
        society::{self, event as events, task as tasks},
    },
};

use crate::{
    entities::{
        fair,
        venues::{self, event as placed_events, task as placed_tasks, venue as venue_rows},
    },
    level::{Level, on_level, on_levels},
};

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

/// The same in two steps: the crate is moved to booth 2 while the touch waits for it, and booth 2 to area 3 while it waits for
/// that. Area 3 shows the booth of the crate that was touched. On MariaDB the first move locks booth 2, which its foreign key names.
async fn k03_two_links_in_a_circle_that_change_meanwhile(world: &World) {
    fair::populate(world).await;
    let db = touchable::connect(world.db.clone());
    let item = world.model::<fair::crates::Entity>(1).await;
    let before = world.moments().await;
    let [moving_it, moving_its_booth] = [world.db.begin().await.unwrap(), world.db.begin().await.unwrap()];
    for (transaction, sql) in [
        (&moving_it, "UPDATE crates SET booth_id = 2 WHERE id = 1"),
        (&moving_its_booth, "UPDATE booths SET area_id = 3 WHERE id = 2"),
    ] {
        transaction.execute_unprepared(sql).await.unwrap();
    }
    let commits = async {
        world.somebody_waits().await;
        moving_it.commit().await.unwrap();
        world.somebody_waits().await;
        moving_its_booth.commit().await.unwrap();
    };
    let (touched, ()) = tokio::join!(item.touch(&db), commits);
    touched.unwrap();
    let moved = before.moved(&world.moments().await);
    assert!(moved.contains("areas 3"), "{moved:?}");
}

cases!(fair::tables(), 5: k03_two_links_in_a_circle_that_change_meanwhile on postgres);

/// A transaction moves the task to event 2 while it is deleted, or updated: event 2 shows it, whatever the write has seen before
/// it waited.
async fn task_that_is_moved_meanwhile(world: &World, level: Level, write: Write) {
    world.seed([1, 2].map(society::event)).await;
    world.seed([society::task(1, Some(1), None)]).await;
    let before = world.moments().await;
    let moving = world.db.begin().await.unwrap();
    moving
        .execute_unprepared("UPDATE tasks SET event_id = 2 WHERE id = 1")
        .await
        .unwrap();
    let commit = async {
        world.somebody_waits().await;
        moving.commit().await.unwrap();
    };
    let write = async { on_level!(level, world, |db| write.send(db)) };
    let (written, ()) = tokio::join!(write, commit);
    written.unwrap();
    let moved = before.moved(&world.moments().await);
    assert!(moved.contains("events 2"), "{moved:?}");
}

/// A write of task 1.
#[derive(Clone, Copy)]
enum Write {
    Delete,
    DeleteMany,
    Update,
    UpdateMany,
}

impl Write {
    async fn send(self, db: &(impl ConnectionTrait + TransactionTrait)) -> Result<(), DbErr> {
        match self {
            Self::Delete => society::task(1, Some(1), None).delete(db).await.map(drop),
            Self::DeleteMany => tasks::Entity::delete_many()
                .filter(tasks::Column::Id.eq(1))
                .touching()
                .exec(db)
                .await
                .map(drop)
                .map_err(DbErr::from),
            Self::Update => {
                let task = tasks::ActiveModel {
                    id: Unchanged(1),
                    title: Set("another".to_owned()),
                    ..Default::default()
                };
                task.update(db).await.map(drop)
            }
            Self::UpdateMany => tasks::Entity::update_many()
                .col_expr(tasks::Column::Title, Expr::value("another"))
                .filter(tasks::Column::Id.eq(1))
                .touching()
                .exec(db)
                .await
                .map(drop)
                .map_err(DbErr::from),
        }
    }
}

macro_rules! moved_meanwhile {
    ($($case:ident = $write:ident at $level:ident),+ $(,)?) => {
        $(
            async fn $case(world: &World) {
                task_that_is_moved_meanwhile(world, Level::$level, Write::$write).await;
            }
        )+
        cases!(society::tables(), 4: $($case on postgres mariadb),+);
    };
}

moved_meanwhile! {
    k03_an_update_of_a_task_that_is_moved_meanwhile_at_level_2 = Update at Transaction,
    k03_an_update_of_a_task_that_is_moved_meanwhile_at_level_3 = Update at TouchConnection,
    k03_an_update_of_a_task_that_is_moved_meanwhile_at_level_4 = Update at TouchTransaction,
    k03_a_delete_of_a_task_that_is_moved_meanwhile_at_level_2 = Delete at Transaction,
    k03_a_delete_of_a_task_that_is_moved_meanwhile_at_level_3 = Delete at TouchConnection,
    k03_a_delete_of_a_task_that_is_moved_meanwhile_at_level_4 = Delete at TouchTransaction,
    k03_update_many_of_a_task_that_is_moved_meanwhile_at_level_1 = UpdateMany at Connection,
    k03_update_many_of_a_task_that_is_moved_meanwhile_at_level_4 = UpdateMany at TouchTransaction,
    k03_delete_many_of_a_task_that_is_moved_meanwhile_at_level_1 = DeleteMany at Connection,
    k03_delete_many_of_a_task_that_is_moved_meanwhile_at_level_4 = DeleteMany at TouchTransaction,
}

/// Event 1 comes after the save has looked for it and before its UPDATE, which waits for a lock of the table that the look does
/// not need. Its task is touched: it was shown with the old name.
async fn row_that_comes_after_the_look(world: &World, level: Level) {
    let coming = world.db.begin().await.unwrap();
    coming
        .execute_unprepared("LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE")
        .await
        .unwrap();
    events::Entity::insert(society::event(1))
        .exec_without_returning(&coming)
        .await
        .unwrap();
    tasks::Entity::insert(society::task(1, Some(1), None))
        .exec_without_returning(&coming)
        .await
        .unwrap();
    let commit = async {
        world.somebody_waits().await;
        coming.commit().await.unwrap();
    };
    let event = events::ActiveModel {
        id: Unchanged(1),
        name: Set("renamed".to_owned()),
        ..Default::default()
    };
    let save = async { on_level!(level, world, |db| event.update(db)) };
    let (saved, ()) = tokio::join!(save, commit);
    saved.unwrap();
    let task = world.model::<tasks::Entity>(1).await;
    assert!(task.updated_at > at(201), "the task has kept its stamp");
}

on_levels! {
    k03_a_row_that_comes_after_the_look_at_level_1 = row_that_comes_after_the_look at Connection,
    k03_a_row_that_comes_after_the_look_at_level_2 = row_that_comes_after_the_look at Transaction,
    k03_a_row_that_comes_after_the_look_at_level_3 = row_that_comes_after_the_look at TouchConnection,
    k03_a_row_that_comes_after_the_look_at_level_4 = row_that_comes_after_the_look at TouchTransaction,
}

cases!(society::tables(), 4:
    k03_a_row_that_comes_after_the_look_at_level_1 on postgres,
    k03_a_row_that_comes_after_the_look_at_level_2 on postgres,
    k03_a_row_that_comes_after_the_look_at_level_3 on postgres,
    k03_a_row_that_comes_after_the_look_at_level_4 on postgres,
);

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
