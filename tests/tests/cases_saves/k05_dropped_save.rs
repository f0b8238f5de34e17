//! K5: a save whose future is dropped, and whose transaction commits, has touched.

use std::time::Duration;

use sea_orm::{ActiveModelTrait, ConnectionTrait, Set, TransactionSession, TransactionTrait};
use tokio::time::timeout;
use touchable_tests::{
    Backend, World, cases,
    entities::society::{self, event as events, task as tasks},
};

/// The update of an event takes long: on a server it waits for the row of `brake`, on SQLite it counts.
async fn slow_down(world: &World) {
    let setup: &[&str] = match world.backend {
        Backend::Sqlite => &[
            "CREATE TRIGGER slow BEFORE UPDATE ON events BEGIN SELECT count(*) FROM \
             (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT i FROM n); END",
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

/// Renames the event, and goes away while the UPDATE is under way.
async fn rename_and_go_away(world: &World, transaction: &impl ConnectionTrait, patience: Duration) {
    let mut event = world.active::<events::Entity>(1).await;
    event.name = Set("renamed".to_owned());
    if world.backend == Backend::Sqlite {
        let _ = timeout(patience, event.update(transaction)).await;
        return;
    }
    let holding = world.db.begin().await.unwrap();
    holding
        .execute_unprepared("UPDATE brake SET n = n + 1")
        .await
        .unwrap();
    tokio::select! {
        saved = event.update(transaction) => panic!("the UPDATE is not slow: {saved:?}"),
        () = world.somebody_waits() => {}
    }
    holding.commit().await.unwrap();
}

/// Whether the row is renamed is the database's to say; its children move with it.
async fn dropped_save<T: TransactionSession + ConnectionTrait>(world: &World, begin: impl AsyncFn() -> T) {
    world.seed([society::event(1)]).await;
    world.seed([society::task(1, Some(1), None)]).await;
    slow_down(world).await;
    let before = world.model::<tasks::Entity>(1).await;
    // SQLite tells nobody that a statement is under way: one that was given too little time is not sent yet.
    for patience in [100, 200, 400, 800].map(Duration::from_millis) {
        let transaction = begin().await;
        rename_and_go_away(world, &transaction, patience).await;
        transaction.commit().await.unwrap();
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
);
