//! Random writes through every covered path, against a model in memory of who should have been touched: no row too
//! few, no row too many.
//!
//! A case that fails is kept in `proptest-regressions/` with its seed and comes first in every later run.

mod model;
mod write;

use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner},
};
use sea_orm::ConnectionTrait;
use tokio::{runtime::Handle, task::block_in_place};
use touchable_tests::{Backend, World, entities::society, on_every_backend};

use crate::{
    model::{IDS, Model},
    write::{Write, writes},
};

/// What a case begins with: the event and the user of each task, and who takes part where.
#[derive(Clone, Debug)]
struct Start {
    tasks: Vec<(Option<i32>, Option<i32>)>,
    participants: Vec<(i32, i32)>,
}

fn starts() -> impl Strategy<Value = Start> {
    let id = || proptest::option::of(1..=IDS);
    let tasks = vec((id(), id()), 0..=4);
    let participants = proptest::collection::btree_set((1..=IDS, 1..=IDS), 0..=5);
    (tasks, participants).prop_map(|(tasks, participants)| Start {
        tasks,
        participants: participants.into_iter().collect(),
    })
}

async fn who_is_touched(world: &World) {
    let cases = match world.backend {
        _ if std::env::var_os("PROPTEST_CASES").is_some() => Config::default().cases,
        Backend::Sqlite => 200,
        Backend::Postgres | Backend::MariaDb => 60,
    };
    let config = Config {
        cases,
        max_shrink_iters: 400,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "proptest-regressions/properties.txt",
        ))),
        ..Config::default()
    };
    let case = (starts(), vec(writes(), 1..=12));
    let outcome = block_in_place(|| {
        TestRunner::new(config).run(&case, |(start, writes)| {
            Handle::current().block_on(check(world, start, writes))
        })
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

async fn check(world: &World, start: Start, writes: Vec<Write>) -> Result<(), TestCaseError> {
    let mut model = populate(world, &start).await;
    let mut before = world.moments().await;
    for write in writes {
        let was = model.clone();
        // A write that the data does not allow, such as a second row under one key, is left out.
        let Some(expected) = write.expect(&mut model) else {
            model = was;
            continue;
        };
        write.run(world).await;
        let after = world.moments().await;
        prop_assert_eq!(before.moved(&after), expected, "after {:?} on {:#?}", write, was);
        before = after;
    }
    prop_assert_eq!(Model::read(&world.db).await, model);
    Ok(())
}

async fn populate(world: &World, start: &Start) -> Model {
    for table in ["tasks", "participants", "users", "events"] {
        let sql = format!("DELETE FROM {table}");
        world.db.execute_unprepared(&sql).await.expect("an empty table");
    }
    world.seed((1..=IDS).map(society::event)).await;
    world.seed((1..=IDS).map(society::user)).await;
    let tasks = (1..)
        .zip(&start.tasks)
        .map(|(id, (event, user))| society::task(id, *event, *user));
    world.seed(tasks).await;
    let participants = start
        .participants
        .iter()
        .map(|(user, event)| society::participant(*user, *event));
    world.seed(participants).await;
    Model::read(&world.db).await
}

on_every_backend!(society: who_is_touched);
