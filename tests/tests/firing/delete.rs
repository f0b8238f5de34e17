//! 7: a row that goes.

use sea_orm::{ActiveModelTrait, ModelTrait, Set, Unchanged};
use touchable_tests::{
    Connection, Stage,
    entities::{board, outer, tags},
    on_every_level,
};

async fn b07_delete_touches_the_parents(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let task = world.model::<outer::task::Entity>(3).await;
    world
        .expect_moved(&["-tasks 3", "events 3", "calendars 2"], task.delete(&world.db))
        .await
        .unwrap();
}

/// The tasks survive their event under `SET NULL`, and they no longer show its name.
async fn b07_delete_touches_the_rows_that_survive_it(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let event = world.model::<board::event::Entity>(1).await;
    world
        .expect_moved(
            &[
                "-events 1",
                "tasks 1",
                "tasks 2",
                "tasks 3",
                "-participants 1",
                "-participants 4",
            ],
            event.delete(&world.db),
        )
        .await
        .unwrap();
    assert_eq!(world.model::<board::task::Entity>(1).await.event_id, None);
}

/// Through a junction whose rows are gone after the delete.
async fn b07_delete_touches_through_the_junction(world: &Stage<'_, impl Connection>) {
    tags::populate(world).await;
    let tag = world.model::<tags::tag::Entity>(1).await;
    world
        .expect_moved(
            &[
                "-tags 1",
                "-post_tags 1/1",
                "-post_tags 2/1",
                "posts 1",
                "posts 2",
            ],
            tag.delete(&world.db),
        )
        .await
        .unwrap();
}

/// Only the key is known: the parent is found in the stored row.
async fn b07_delete_by_key_alone_touches_the_parents(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let task = outer::task::ActiveModel {
        id: Unchanged(3),
        ..Default::default()
    };
    world
        .expect_moved(&["-tasks 3", "events 3", "calendars 2"], task.delete(&world.db))
        .await
        .unwrap();
}

/// The model says event 3, the stored row was moved to event 2 since: the stored row is the one that leaves.
async fn b07_delete_of_a_stale_model_touches_the_stored_parent(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let stale = world.model::<outer::task::Entity>(3).await;
    let mut moved = world.active::<outer::task::Entity>(3).await;
    moved.event_id = Set(Some(2));
    moved.update(&world.db).await.unwrap();
    let before = world.moments().await;
    stale.delete(&world.db).await.unwrap();
    let moved = before.moved(&world.moments().await);
    assert!(
        moved.contains("events 2") && moved.contains("calendars 1"),
        "{moved:?}"
    );
}

on_every_level!(outer:
    b07_delete_touches_the_parents,
    b07_delete_by_key_alone_touches_the_parents,
    b07_delete_of_a_stale_model_touches_the_stored_parent,
);
on_every_level!(board:
    b07_delete_touches_the_rows_that_survive_it,
);
on_every_level!(tags:
    b07_delete_touches_through_the_junction,
);
