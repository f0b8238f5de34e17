//! K5: a save whose future is dropped, and whose transaction commits, has touched.

use std::time::Duration;

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, Set, TransactionSession, TransactionTrait,
};
use tokio::time::timeout;
use touchable_tests::{
    Backend, World, cases,
    entities::society::{self, event as events, task as tasks},
};

/// A write, such as the update of an event, takes long: on a server it waits for the row of `brake`, on SQLite it counts.
async fn slow_down(world: &World, write: &str) {
    let setup: &[&str] = match world.backend {
        Backend::Sqlite => &["CREATE TRIGGER slow BEFORE {write} BEGIN SELECT count(*) FROM \
             (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT i FROM n); END"],
        Backend::Postgres => &[
            "CREATE TABLE brake (n integer)",
            "INSERT INTO brake VALUES (1)",
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN PERFORM n FROM brake FOR UPDATE; RETURN coalesce(NEW, OLD); END $$",
            "CREATE TRIGGER slow BEFORE {write} FOR EACH ROW EXECUTE FUNCTION slow()",
        ],
        Backend::MariaDb => &[
            "CREATE TABLE brake (n integer)",
            "INSERT INTO brake VALUES (1)",
            "CREATE TRIGGER slow BEFORE {write} FOR EACH ROW UPDATE brake SET n = n + 1",
        ],
    };
    for sql in setup {
        let sql = sql.replace("{write}", write);
        world.db.execute_unprepared(&sql).await.unwrap();
    }
}

/// Renames the event, and goes away while the UPDATE is under way.
async fn rename_and_go_away(world: &World, transaction: &impl ConnectionTrait, patience: Duration) {
    let mut event = world.active::<events::Entity>(1).await;
    event.name = Set("renamed".to_owned());
    go_away(world, event.update(transaction), patience).await;
}

/// Goes away while the slow statement of a save is under way.
async fn go_away<T: std::fmt::Debug>(
    world: &World,
    save: impl Future<Output = Result<T, DbErr>>,
    patience: Duration,
) {
    if world.backend == Backend::Sqlite {
        let _ = timeout(patience, save).await;
        return;
    }
    let holding = world.db.begin().await.unwrap();
    holding
        .execute_unprepared("UPDATE brake SET n = n + 1")
        .await
        .unwrap();
    tokio::select! {
        saved = save => panic!("the statement is not slow: {saved:?}"),
        () = world.somebody_waits() => {}
    }
    holding.commit().await.unwrap();
}

/// Whether the row is renamed is the database's to say; its children move with it.
async fn dropped_save<T: TransactionSession + ConnectionTrait>(world: &World, begin: impl AsyncFn() -> T) {
    let save = async |patience| {
        let transaction = begin().await;
        rename_and_go_away(world, &transaction, patience).await;
        transaction.commit().await.unwrap();
    };
    dropped(world, save).await;
}

/// SQLite tells nobody that a statement is under way: one that was given too little time is not sent yet.
const PATIENCE: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
];

async fn dropped(world: &World, save: impl AsyncFn(Duration)) {
    world.seed([society::event(1)]).await;
    world.seed([society::task(1, Some(1), None)]).await;
    slow_down(world, "UPDATE ON events").await;
    let before = world.model::<tasks::Entity>(1).await;
    for patience in PATIENCE {
        save(patience).await;
        let renamed = world.model::<events::Entity>(1).await.name == "renamed";
        let moved = world.model::<tasks::Entity>(1).await.updated_at > before.updated_at;
        assert!(
            renamed == moved,
            "the event was renamed: {renamed}; its task was touched: {moved}"
        );
        if renamed {
            return;
        }
    }
}

/// A new task, or the end of one: the event moves with it.
async fn dropped_task<T: TransactionSession + ConnectionTrait>(
    world: &World,
    begin: impl AsyncFn() -> T,
    is_new: bool,
) {
    world.seed([society::event(1)]).await;
    if !is_new {
        world.seed([society::task(1, Some(1), None)]).await;
    }
    let write = if is_new {
        "INSERT ON tasks"
    } else {
        "DELETE ON tasks"
    };
    slow_down(world, write).await;
    let before = world.model::<events::Entity>(1).await;
    for patience in PATIENCE {
        let transaction = begin().await;
        let task = society::task(1, Some(1), None);
        if is_new {
            go_away(world, task.insert(&transaction), patience).await;
        } else {
            go_away(world, task.delete(&transaction), patience).await;
        }
        transaction.commit().await.unwrap();
        let is_there = tasks::Entity::find_by_id(1)
            .one(&world.db)
            .await
            .unwrap()
            .is_some();
        let moved = world.model::<events::Entity>(1).await.updated_at > before.updated_at;
        assert!(
            moved || is_there != is_new,
            "the task is there: {is_there}; its event was touched: {moved}"
        );
        if is_there == is_new {
            return;
        }
    }
}

async fn k05_an_insert_dropped_at_level_2(world: &World) {
    dropped_task(world, async || world.db.begin().await.unwrap(), true).await;
}

async fn k05_an_insert_dropped_at_level_4(world: &World) {
    let db = touchable::connect(world.db.clone());
    dropped_task(world, async || db.begin().await.unwrap(), true).await;
}

async fn k05_a_delete_dropped_at_level_2(world: &World) {
    dropped_task(world, async || world.db.begin().await.unwrap(), false).await;
}

async fn k05_a_delete_dropped_at_level_4(world: &World) {
    let db = touchable::connect(world.db.clone());
    dropped_task(world, async || db.begin().await.unwrap(), false).await;
}

/// The savepoint is released, and the transaction around it commits.
async fn k05_a_save_dropped_in_a_savepoint(world: &World) {
    let db = touchable::connect(world.db.clone());
    let save = async |patience| {
        let transaction = db.begin().await.unwrap();
        let savepoint = transaction.begin().await.unwrap();
        rename_and_go_away(world, &savepoint, patience).await;
        savepoint.commit().await.unwrap();
        transaction.commit().await.unwrap();
    };
    dropped(world, save).await;
}

async fn k05_a_save_dropped_at_level_2(world: &World) {
    dropped_save(world, async || world.db.begin().await.unwrap()).await;
}

async fn k05_a_save_dropped_at_level_4(world: &World) {
    let db = touchable::connect(world.db.clone());
    dropped_save(world, async || db.begin().await.unwrap()).await;
}

cases!(society::tables(), 6:
    k05_a_save_dropped_at_level_2 on sqlite postgres mariadb,
    k05_a_save_dropped_at_level_4 on sqlite postgres mariadb,
    k05_a_save_dropped_in_a_savepoint on sqlite postgres mariadb,
    k05_an_insert_dropped_at_level_2 on sqlite postgres mariadb,
    k05_an_insert_dropped_at_level_4 on sqlite postgres mariadb,
    k05_a_delete_dropped_at_level_2 on sqlite postgres mariadb,
    k05_a_delete_dropped_at_level_4 on sqlite postgres mariadb,
);
