//! The three worked examples of the specification, and the nested fragment.

use sea_orm::{ActiveModelTrait, Set, prelude::Json};
use touchable_tests::{
    Connection, Stage,
    entities::{board, outer},
    on_every_level,
};

/// Event → tasks.
async fn example_event_to_tasks(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let db = &world.db;

    let mut renamed = world.active::<board::event::Entity>(1).await;
    renamed.name = Set("renamed".to_owned());
    world
        .expect_moved(&["events 1", "tasks 1", "tasks 2", "tasks 3"], renamed.update(db))
        .await
        .unwrap();

    let mut moved = world.active::<board::event::Entity>(1).await;
    moved.goal = Set(Some("win".to_owned()));
    world.expect_moved(&["events 1"], moved.update(db)).await.unwrap();

    let mut moved = world.active::<board::event::Entity>(1).await;
    moved.location = Set("there".to_owned());
    world.expect_moved(&["events 1"], moved.update(db)).await.unwrap();
}

/// User → tasks.
async fn example_user_to_tasks(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let db = &world.db;
    let shown = [
        "users 1",
        "tasks 1",
        "tasks 2",
        "tasks 5",
        "participants 1",
        "participants 2",
        "events 1",
        "events 2",
    ];

    let mut first = world.active::<board::user::Entity>(1).await;
    first.first_name = Set("Ada".to_owned());
    world.expect_moved(&shown, first.update(db)).await.unwrap();

    let mut last = world.active::<board::user::Entity>(1).await;
    last.last_name = Set("Lovelace".to_owned());
    world.expect_moved(&shown, last.update(db)).await.unwrap();

    let mut zone = world.active::<board::user::Entity>(1).await;
    zone.time_zone = Set("Europe/London".to_owned());
    world.expect_moved(&["users 1"], zone.update(db)).await.unwrap();

    let mut preferences = world.active::<board::user::Entity>(1).await;
    preferences.preferences = Set(Some(Json::from("dark")));
    world
        .expect_moved(&["users 1"], preferences.update(db))
        .await
        .unwrap();

    let mut own = world.active::<board::task::Entity>(1).await;
    own.title = Set("own change".to_owned());
    world.expect_moved(&["tasks 1"], own.update(db)).await.unwrap();
}

/// User ⇄ participant ⇄ event.
async fn example_user_participants_events(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let db = &world.db;
    // A second link to event 1, so that the event is reached twice.
    world.seed([board::participant(6, 2, 1)]).await;

    let mut renamed = world.active::<board::user::Entity>(2).await;
    renamed.last_name = Set("Hopper".to_owned());
    world
        .expect_moved(
            &[
                "users 2",
                "tasks 3",
                "tasks 4",
                "participants 3",
                "participants 4",
                "participants 6",
                "events 1",
                "events 2",
            ],
            renamed.update(db),
        )
        .await
        .unwrap();

    let mut moved = world.active::<board::user::Entity>(2).await;
    moved.location = Set(Some("New York".to_owned()));
    world.expect_moved(&["users 2"], moved.update(db)).await.unwrap();

    let mut lonely = world.active::<board::user::Entity>(3).await;
    lonely.first_name = Set("Grace".to_owned());
    world
        .expect_moved(&["users 3", "participants 5", "events 3"], lonely.update(db))
        .await
        .unwrap();

    let mut role = world.active::<board::participant::Entity>(1).await;
    role.role = Set("host".to_owned());
    world
        .expect_moved(&["participants 1"], role.update(db))
        .await
        .unwrap();
}

on_every_level!(board:
    example_event_to_tasks,
    example_user_to_tasks,
    example_user_participants_events,
);

/// With `#[touch(event)]` on the task, the fragment outside never keeps a stale one inside.
async fn example_nested_fragments(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let db = &world.db;

    let mut renamed = world.active::<outer::user::Entity>(1).await;
    renamed.name = Set("Ada".to_owned());
    world
        .expect_moved(
            &[
                "users 1",
                "tasks 1",
                "tasks 2",
                "tasks 3",
                "tasks 5",
                "events 1",
                "events 3",
                "calendars 1",
                "calendars 2",
            ],
            renamed.update(db),
        )
        .await
        .unwrap();

    let mut zone = world.active::<outer::user::Entity>(1).await;
    zone.time_zone = Set("Europe/London".to_owned());
    world.expect_moved(&["users 1"], zone.update(db)).await.unwrap();

    let mut task = world.active::<outer::task::Entity>(4).await;
    task.title = Set("own change".to_owned());
    world
        .expect_moved(&["tasks 4", "events 2", "calendars 1"], task.update(db))
        .await
        .unwrap();

    // An outer fragment is never older than what it holds.
    let moments = world.moments().await;
    for (outer, inner) in [
        ("events 1", "tasks 1"),
        ("calendars 1", "events 1"),
        ("events 2", "tasks 4"),
    ] {
        assert!(
            moments.micros(outer) >= moments.micros(inner),
            "{outer} is older than {inner}"
        );
    }
}

on_every_level!(outer:
    example_nested_fragments,
);
