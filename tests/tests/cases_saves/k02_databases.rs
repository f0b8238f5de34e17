//! K2: two databases in one process, as parallel tests have them, never know of each other.

use std::time::Duration;

use sea_orm::{
    ActiveModelTrait, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, EntityTrait,
    IntoActiveModel, Schema, Set,
};
use touchable::{TouchGraph, testing::assert_touched};
use touchable_tests::{
    Gate, World, at, cases,
    entities::society::{self, event as events, task as tasks, user as users},
};

use crate::entities::reused;

/// Another database with a table of this entity.
async fn another_database() -> DatabaseConnection {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options
        .max_connections(1)
        // The one connection holds the database.
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        .sqlx_logging(false);
    Database::connect(options).await.unwrap()
}

async fn create<E: EntityTrait>(db: &DatabaseConnection) {
    let table = Schema::new(db.get_database_backend()).create_table_from_entity(E::default());
    db.execute(&table).await.unwrap();
}

/// Event 1 and its task 1, as in the database of the world.
async fn populated_twin() -> DatabaseConnection {
    let twin = another_database().await;
    create::<events::Entity>(&twin).await;
    create::<users::Entity>(&twin).await;
    create::<tasks::Entity>(&twin).await;
    create::<society::participant::Entity>(&twin).await;
    events::Entity::insert(society::event(1))
        .exec(&twin)
        .await
        .unwrap();
    users::Entity::insert(society::user(1)).exec(&twin).await.unwrap();
    tasks::Entity::insert(society::task(1, Some(1), None))
        .exec(&twin)
        .await
        .unwrap();
    twin
}

async fn populate(world: &World) {
    world.seed([society::event(1)]).await;
    world.seed([society::task(1, Some(1), None)]).await;
}

/// While the twin of the task is being saved, a save here changes nothing.
async fn k02_an_unchanged_save_beside_one_in_another_database(world: &World) {
    populate(world).await;
    let twin = populated_twin().await;
    let gate = Gate::pausing_after(&twin, "UPDATE");
    let mut there = world.active::<tasks::Entity>(1).await;
    there.title = Set("another".to_owned());
    let mut here = world.active::<tasks::Entity>(1).await;
    here.title = Set("a".to_owned());
    let meanwhile = async {
        gate.paused().await;
        world.expect_moved(&[], here.update(&world.db)).await.unwrap();
        gate.resume();
    };
    let (there, ()) = tokio::join!(there.update(&gate), meanwhile);
    there.unwrap();
}

/// Both databases import with one stamp: the twin is renamed, the event here moves to another place.
async fn k02_one_stamp_in_two_databases(world: &World) {
    populate(world).await;
    let twin = populated_twin().await;
    let gate = Gate::pausing_after(&twin, "UPDATE");
    let mut there = world.active::<events::Entity>(1).await;
    there.name = Set("another".to_owned());
    there.updated_at = Set(at(5_000_001));
    let mut here = world.active::<events::Entity>(1).await;
    here.location = Set("there".to_owned());
    here.updated_at = Set(at(5_000_001));
    let meanwhile = async {
        gate.paused().await;
        world
            .expect_moved(&["events 1"], here.update(&world.db))
            .await
            .unwrap();
        gate.resume();
    };
    let (there, ()) = tokio::join!(there.update(&gate), meanwhile);
    there.unwrap();
}

/// Loads the task, and prepares to rename it.
async fn loaded(world: &World) -> (events::Model, tasks::ActiveModel) {
    let _ = TouchGraph::of::<(events::Entity, tasks::Entity)>();
    let event = world.model::<events::Entity>(1).await;
    let mut task = world.active::<tasks::Entity>(1).await;
    task.title = Set("another".to_owned());
    (event, task)
}

/// The assertion holds on its own. It holds as well when another test saves a user in its own database meanwhile.
async fn k02_an_assertion_blames_no_other_database(world: &World) {
    populate(world).await;
    let twin = populated_twin().await;
    let (event, task) = loaded(world).await;
    let mut new_here = society::user(2);
    // After the assertion began.
    new_here.updated_at = Set(chrono::Utc::now() + Duration::from_mins(1));
    let mut there = users::Entity::find_by_id(1)
        .one(&twin)
        .await
        .unwrap()
        .unwrap()
        .into_active_model();
    there.name = Set("another".to_owned());
    assert_touched!(world.db, [event], async {
        users::Entity::insert(new_here).exec(&world.db).await.unwrap();
        task.update(&world.db).await.unwrap();
        there.update(&twin).await.unwrap();
    });
}

/// In the other database a table of the same name holds other types.
async fn k02_an_assertion_reads_its_own_tables(world: &World) {
    populate(world).await;
    world.seed([society::user(1)]).await;
    let other = another_database().await;
    create::<reused::Entity>(&other).await;
    reused::Entity::insert(reused::row(1)).exec(&other).await.unwrap();
    let mut there = reused::row(1).reset_all();
    there.name = Set(2);
    there.update(&other).await.unwrap();

    let (event, task) = loaded(world).await;
    assert_touched!(world.db, [event], { task.update(&world.db) }).unwrap();
}

cases!(society::tables(), 1:
    k02_an_unchanged_save_beside_one_in_another_database on sqlite,
    k02_one_stamp_in_two_databases on sqlite,
    k02_an_assertion_blames_no_other_database on sqlite,
    k02_an_assertion_reads_its_own_tables on sqlite,
);
