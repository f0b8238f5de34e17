//! K5: a save whose future is dropped, and whose transaction commits, has touched.

use std::time::Duration;

use sea_orm::{ActiveModelTrait, ConnectionTrait, Set, TransactionTrait};
use touchable_tests::{
    Backend, World, cases,
    entities::society::{self, event as events, task as tasks},
};

/// The update of an event takes long: on a server it waits for the row of `brake`, on SQLite it counts.
async fn slow_down(world: &World) {
    let setup: &[&str] = match world.backend {
        Backend::Sqlite => &[
            "CREATE TRIGGER slow BEFORE UPDATE ON events BEGIN SELECT count(*) FROM \
             (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT i FROM n); END",
        ],
        Backend::Postgres => &[
            "CREATE TABLE brake (n integer)",
            "INSERT INTO brake VALUES (1)",
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN PERFORM n FROM brake FOR UPDATE; RETURN NEW; END $$",
            "CREATE TRIGGER slow BEFORE UPDATE ON events FOR EACH ROW EXECUTE FUNCTION slow()",
        ],
        Backend::MariaDb => &[
            "CREATE TABLE brake (n integer)",
            "INSERT INTO brake VALUES (1)",
            "CREATE TRIGGER slow BEFORE UPDATE ON events FOR EACH ROW UPDATE brake SET n = n + 1",
        ],
    };
    for sql in setup {
        world.db.execute_unprepared(sql).await.unwrap();
    }
}

/// Renames the event, goes away while the UPDATE is under way, and commits.
async fn rename_and_go_away<T: ConnectionTrait>(world: &World, transaction: &T) -> Result<(), &'static str> {
    let mut event = world.active::<events::Entity>(1).await;
    event.name = Set("renamed".to_owned());
    if world.backend == Backend::Sqlite {
        return tokio::select! {
            _ = event.update(transaction) => Err("the UPDATE is not slow"),
            () = somebody_writes(world) => Ok(()),
        };
    }
    let holding = world.db.begin().await.unwrap();
    holding
        .execute_unprepared("UPDATE brake SET n = n + 1")
        .await
        .unwrap();
    let gone = tokio::select! {
        _ = event.update(transaction) => Err("the UPDATE is not slow"),
        () = world.somebody_waits() => Ok(()),
    };
    holding.commit().await.unwrap();
    gone
}

/// Comes back when a transaction writes, which SQLite shows by refusing another.
async fn somebody_writes(world: &World) {
    loop {
        let probe = world.db.begin().await.unwrap();
        probe.execute_unprepared("PRAGMA busy_timeout = 0").await.unwrap();
        let refused = probe
            .execute_unprepared("UPDATE tasks SET id = id WHERE 0")
            .await
            .is_err();
        probe
            .execute_unprepared("PRAGMA busy_timeout = 60000")
            .await
            .unwrap();
        probe.rollback().await.unwrap();
        if refused {
            return;
        }
        // The writer needs the lock between two of these.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn populate(world: &World) {
    world.seed([society::event(1)]).await;
    world.seed([society::task(1, Some(1), None)]).await;
    slow_down(world).await;
}

/// Whether the row is renamed is the database's to say; its children move with it.
async fn task_moves_with_its_event(world: &World, before: tasks::Model) {
    let renamed = world.model::<events::Entity>(1).await.name == "renamed";
    let task = world.model::<tasks::Entity>(1).await;
    assert!(
        renamed == (task.updated_at > before.updated_at),
        "renamed: {renamed}; the task's stamp: {} before, {} after",
        before.updated_at,
        task.updated_at
    );
}

async fn k05_a_save_dropped_at_level_2(world: &World) {
    populate(world).await;
    let before = world.model::<tasks::Entity>(1).await;
    let transaction = world.db.begin().await.unwrap();
    rename_and_go_away(world, &transaction).await.unwrap();
    transaction.commit().await.unwrap();
    task_moves_with_its_event(world, before).await;
}

async fn k05_a_save_dropped_at_level_4(world: &World) {
    populate(world).await;
    let before = world.model::<tasks::Entity>(1).await;
    let transaction = touchable::connect(world.db.clone()).begin().await.unwrap();
    rename_and_go_away(world, &transaction).await.unwrap();
    transaction.commit().await.unwrap();
    task_moves_with_its_event(world, before).await;
}

cases!(society::tables(), 6:
    k05_a_save_dropped_at_level_2 on sqlite postgres mariadb,
    k05_a_save_dropped_at_level_4 on sqlite postgres mariadb,
);
