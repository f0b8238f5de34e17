//! K11: what the library sends outside a transaction survives a deadlock; inside one the error stays the driver's own.

use std::{
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    time::Duration,
};

use futures_util::future::join_all;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, ModelTrait,
    NotSet, QueryFilter, RuntimeErr, Set, Statement, TransactionTrait, Unchanged, sea_query::Expr,
};
use touchable::{TouchAll, TouchMany, TouchRecord};
use touchable_tests::{
    Backend, World, cases,
    entities::{cycle, outer},
};

/// Waits until so many sessions wait for locks, or this one is done without.
async fn until_waiting(world: &World, sessions: i64, done: &AtomicBool) {
    let sql = "SELECT count(*) FROM pg_stat_activity \
               WHERE datname = current_database() AND wait_event_type = 'Lock'";
    for _ in 0..2_000 {
        let waiting = Statement::from_string(world.dialect(), sql);
        let row = world.db.query_one_raw(waiting).await.unwrap().unwrap();
        if row.try_get_by_index::<i64>(0).unwrap() >= sessions || done.load(SeqCst) {
            return;
        }
        // The server has to be asked again and again; it tells nobody.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("nobody waits");
}

/// A bulk update has event 1 and waits for task 1, which another holds. A save of task 2 has that row and waits for
/// event 1. Then task 1 becomes free, and the bulk update needs task 2.
async fn update_many_beside_a_save(world: &World, bulk: &(impl ConnectionTrait + TransactionTrait)) {
    let holder = world.db.begin().await.unwrap();
    holder
        .execute_unprepared("SELECT 1 FROM tasks WHERE id = 1 FOR UPDATE")
        .await
        .unwrap();
    let db = touchable::connect(world.connect(1).await);
    let (never, saved) = (AtomicBool::new(false), AtomicBool::new(false));
    let bulk = cycle::event::Entity::update_many()
        .col_expr(cycle::event::Column::Name, Expr::value("renamed"))
        .filter(cycle::event::Column::Id.eq(1))
        .touching()
        .exec(bulk);
    let save = async {
        until_waiting(world, 1, &never).await;
        let task = cycle::task::ActiveModel {
            id: Unchanged(2),
            title: Set("renamed".to_owned()),
            ..Default::default()
        };
        let outcome = task.update(&db).await;
        saved.store(true, SeqCst);
        outcome
    };
    let release = async {
        until_waiting(world, 1, &never).await;
        until_waiting(world, 2, &saved).await;
        holder.rollback().await.unwrap();
    };
    let (bulk, save, ()) = tokio::join!(bulk, save, release);
    if let Err(error) = bulk {
        panic!("the bulk update failed: {error}");
    }
    save.unwrap();
}

/// A session that looks for deadlocks long before the others do, and so becomes the victim.
async fn early_victim(world: &World) -> DatabaseConnection {
    let db = world.connect(1).await;
    db.execute_unprepared("SET deadlock_timeout = '10ms'")
        .await
        .unwrap();
    db
}

async fn k11_update_many_beside_a_save_at_level_1(world: &World) {
    cycle::populate(world).await;
    let db = early_victim(world).await;
    update_many_beside_a_save(world, &db).await;
}

async fn k11_update_many_beside_a_save_at_level_3(world: &World) {
    cycle::populate(world).await;
    let db = touchable::connect(early_victim(world).await);
    update_many_beside_a_save(world, &db).await;
}

const WRITERS: i32 = 8;
const ROUNDS: i32 = 30;

/// Rules in a circle, and many new tasks of two events at once, no transaction of the application among them.
async fn k11_inserts_in_a_circle(world: &World) {
    world.seed([cycle::event(1), cycle::event(2)]).await;
    let db = touchable::connect(world.connect(WRITERS.unsigned_abs()).await);
    let db = &db;
    let failed = join_all((0..WRITERS).map(|writer| async move {
        let mut failed = Vec::new();
        for round in 0..ROUNDS {
            let id = 1 + writer * ROUNDS + round;
            let task = cycle::task::ActiveModel {
                updated_at: NotSet,
                ..cycle::task(id, Some(1 + id % 2))
            };
            failed.extend(task.insert(db).await.err());
        }
        failed
    }));
    let failed: Vec<DbErr> = failed.await.into_iter().flatten().collect();
    if let Some(first) = failed.first() {
        panic!("{} of 240 inserts failed: {first}", failed.len());
    }
}

cases!(cycle::tables(), 4:
    k11_update_many_beside_a_save_at_level_1 on postgres,
    k11_update_many_beside_a_save_at_level_3 on postgres,
    k11_inserts_in_a_circle on postgres mariadb,
);

/// Makes the database say at an UPDATE of an event what it says to a deadlock's victim, in these words: the first time
/// only, or each time.
async fn deadlock_on_events(world: &World, says: &str, once: bool) {
    deadlock_on(world, "UPDATE ON events", says, once).await;
}

async fn deadlock_on(world: &World, write: &str, says: &str, once: bool) {
    // What counts goes on when its transaction is rolled back.
    let (counter, first, trigger) = if world.backend == Backend::Postgres {
        let function = "CREATE FUNCTION deadlock() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF {condition} THEN RAISE EXCEPTION '{says}' USING ERRCODE = '40P01'; END IF; \
             RETURN coalesce(NEW, OLD); END $$; \
             CREATE TRIGGER deadlock BEFORE {write} FOR EACH ROW EXECUTE FUNCTION deadlock()";
        ("CREATE SEQUENCE updates", "nextval('updates') = 1", function)
    } else {
        let trigger = "CREATE TRIGGER deadlock BEFORE {write} FOR EACH ROW BEGIN \
             INSERT INTO updates VALUES (); \
             IF {condition} THEN SIGNAL SQLSTATE '40001' \
             SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = '{says}'; END IF; END";
        let counter = "CREATE TABLE updates (n integer AUTO_INCREMENT PRIMARY KEY) ENGINE = MyISAM";
        (counter, "(SELECT count(*) FROM updates) = 1", trigger)
    };
    let trigger = trigger
        .replace("{condition}", if once { first } else { "true" })
        .replace("{says}", says)
        .replace("{write}", write);
    for sql in [counter, &trigger] {
        world.db.execute_unprepared(sql).await.unwrap();
    }
}

async fn rename_task(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    let task = outer::task::ActiveModel {
        id: Unchanged(1),
        title: Set("renamed".to_owned()),
        ..Default::default()
    };
    task.update(db).await.map(drop)
}

/// The code that the driver gives an error, which is what layers that repeat transactions look at.
fn code(error: &DbErr) -> Option<String> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error.as_database_error()?.code()?.into_owned()),
        _ => None,
    }
}

fn assert_keeps_its_code(world: &World, error: &DbErr) {
    let expected = if world.backend == Backend::Postgres {
        "40P01"
    } else {
        "40001"
    };
    assert_eq!(code(error).as_deref(), Some(expected), "{error:?}");
}

async fn k11_a_deadlock_in_a_touch_keeps_its_code_at_level_1(world: &World) {
    outer::populate(world).await;
    deadlock_on_events(world, "deadlock detected", false).await;
    let error = rename_task(&world.db).await.unwrap_err();
    assert_keeps_its_code(world, &error);
}

async fn k11_a_deadlock_in_a_touch_keeps_its_code_at_level_2(world: &World) {
    outer::populate(world).await;
    deadlock_on_events(world, "deadlock detected", false).await;
    let transaction = world.db.begin().await.unwrap();
    let error = rename_task(&transaction).await.unwrap_err();
    assert_keeps_its_code(world, &error);
}

async fn k11_a_deadlock_in_a_touch_keeps_its_code_at_level_3(world: &World) {
    outer::populate(world).await;
    deadlock_on_events(world, "deadlock detected", false).await;
    let db = touchable::connect(world.db.clone());
    let error = rename_task(&db).await.unwrap_err();
    assert_keeps_its_code(world, &error);
}

async fn k11_a_deadlock_in_a_touch_keeps_its_code_at_level_4(world: &World) {
    outer::populate(world).await;
    deadlock_on_events(world, "deadlock detected", false).await;
    let db = touchable::connect(world.db.clone());
    let transaction = db.begin().await.unwrap();
    rename_task(&transaction).await.unwrap();
    let error = transaction.commit().await.unwrap_err();
    assert_keeps_its_code(world, &error);
}

/// A server speaks the language of its `lc_messages`; the code is the same in all of them.
async fn k11_a_deadlock_in_german_is_tried_again_at_level_1(world: &World) {
    outer::populate(world).await;
    deadlock_on_events(world, "Verklemmung entdeckt", true).await;
    rename_task(&world.db).await.unwrap();
}

async fn k11_a_deadlock_in_german_is_tried_again_at_level_3(world: &World) {
    outer::populate(world).await;
    deadlock_on_events(world, "Verklemmung entdeckt", true).await;
    rename_task(&touchable::connect(world.db.clone())).await.unwrap();
}

/// The bulk update touches the event of the renamed task, in a transaction of the library's own.
async fn k11_a_deadlock_of_a_bulk_write_is_tried_again(world: &World) {
    outer::populate(world).await;
    deadlock_on_events(world, "deadlock detected", true).await;
    outer::task::Entity::update_many()
        .col_expr(outer::task::Column::Title, Expr::value("renamed"))
        .filter(outer::task::Column::Id.eq(1))
        .touching()
        .exec(&world.db)
        .await
        .unwrap();
}

/// Calendars have no rule: the statement is all there is.
async fn k11_a_deadlock_of_a_touch_by_hand_is_tried_again(world: &World) {
    outer::populate(world).await;
    deadlock_on_events(world, "deadlock detected", true).await;
    let db = touchable::connect(world.db.clone());
    let event = world.model::<outer::event::Entity>(1).await;
    world
        .expect_moved(&["events 1", "calendars 1"], event.touch(&db))
        .await
        .unwrap();
}

async fn k11_a_deadlock_of_touches_of_a_query_is_tried_again(world: &World) {
    outer::populate(world).await;
    deadlock_on_events(world, "deadlock detected", true).await;
    let events = outer::event::Entity::find().filter(outer::event::Column::Id.eq(1));
    let touch = outer::event::Entity::touch_all(events, &world.db);
    world
        .expect_moved(&["events 1", "calendars 1"], touch)
        .await
        .unwrap();
}

async fn k11_a_deadlock_of_a_delete_without_rules_is_tried_again(world: &World) {
    let db = touchable::connect(world.db.clone());
    let calendar = outer::calendar(1).insert(&db).await.unwrap();
    deadlock_on(world, "DELETE ON calendars", "deadlock detected", true).await;
    calendar.delete(&db).await.unwrap();
}

cases!(outer::tables(), 1:
    k11_a_deadlock_of_a_touch_by_hand_is_tried_again on postgres mariadb,
    k11_a_deadlock_of_touches_of_a_query_is_tried_again on postgres mariadb,
    k11_a_deadlock_of_a_delete_without_rules_is_tried_again on postgres mariadb,
    k11_a_deadlock_in_a_touch_keeps_its_code_at_level_1 on postgres mariadb,
    k11_a_deadlock_in_a_touch_keeps_its_code_at_level_2 on postgres mariadb,
    k11_a_deadlock_in_a_touch_keeps_its_code_at_level_3 on postgres mariadb,
    k11_a_deadlock_in_a_touch_keeps_its_code_at_level_4 on postgres mariadb,
    k11_a_deadlock_in_german_is_tried_again_at_level_1 on postgres mariadb,
    k11_a_deadlock_in_german_is_tried_again_at_level_3 on postgres mariadb,
    k11_a_deadlock_of_a_bulk_write_is_tried_again on postgres mariadb,
);
