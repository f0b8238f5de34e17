//! 5: what is no change.

use sea_orm::{ActiveModelTrait, Set};
use touchable_tests::{
    Connection, Stage, World,
    entities::{board, manual, orders, outer},
    on_every_backend, on_every_level,
};

async fn b05_set_to_the_stored_value_is_no_change(world: &World) {
    board::populate(world).await;
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set("event 1".to_owned());
    let sent = world.expect_moved(&[], world.sent(event.update(&world.db))).await;
    assert!(!sent.iter().any(|sql| sql.starts_with("UPDATE")), "{sent:#?}");
}

async fn b05_a_mixed_update_touches_nobody(world: &World) {
    board::populate(world).await;
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set("event 1".to_owned());
    event.location = Set("there".to_owned());
    let sent = world
        .expect_moved(&["events 1"], world.sent(event.update(&world.db)))
        .await;
    let update = sent
        .iter()
        .find(|sql| sql.starts_with("UPDATE"))
        .expect("an UPDATE");
    assert!(
        !update.split("WHERE").next().unwrap().contains("name"),
        "{update}"
    );
}

/// Somebody else renames between this model's load and its save: setting the loaded name is a change then.
async fn b05_the_comparison_is_with_the_stored_row(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let mut stale = world.active::<board::event::Entity>(1).await;
    let mut other = world.active::<board::event::Entity>(1).await;
    other.name = Set("renamed".to_owned());
    other.update(&world.db).await.unwrap();

    stale.name = Set("event 1".to_owned());
    world
        .expect_moved(
            &["events 1", "tasks 1", "tasks 2", "tasks 3"],
            stale.update(&world.db),
        )
        .await
        .unwrap();
    assert_eq!(world.model::<board::event::Entity>(1).await.name, "event 1");
}

/// … and setting what somebody else has stored already is none.
async fn b05_the_same_new_value_twice_is_one_change(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let mut late = world.active::<board::event::Entity>(1).await;
    let mut early = world.active::<board::event::Entity>(1).await;
    early.name = Set("renamed".to_owned());
    early.update(&world.db).await.unwrap();
    late.name = Set("renamed".to_owned());
    let saved = world.expect_moved(&[], late.update(&world.db)).await.unwrap();
    assert_eq!(saved.name, "renamed");
}

async fn b05_null_equals_null(world: &Stage<'_, impl Connection>) {
    orders::populate(world).await;
    let mut shipment = world.active::<orders::shipment::Entity>(4).await;
    shipment.order_region = Set(None);
    shipment.order_number = Set(None);
    world.expect_moved(&[], shipment.update(&world.db)).await.unwrap();
}

/// Databases think differently about these; a change of the bytes is a change.
async fn b05_case_accents_and_trailing_spaces_are_changes(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    for name in ["Event 1", "Évent 1", "Évent 1 ", ""] {
        let mut event = world.active::<board::event::Entity>(1).await;
        event.name = Set(name.to_owned());
        world
            .expect_moved(
                &["events 1", "tasks 1", "tasks 2", "tasks 3"],
                event.update(&world.db),
            )
            .await
            .unwrap();
        assert_eq!(world.model::<board::event::Entity>(1).await.name, name);
    }
}

async fn b05_dirty_assigned_takes_every_set_for_a_change(world: &World) {
    manual::populate(world).await;
    let mut album = world.active::<manual::album::Entity>(1).await;
    album.title = Set("album 1".to_owned());
    let sent = world
        .expect_moved(
            &["albums 1", "tracks 1", "tracks 2"],
            world.sent(album.update(&world.db)),
        )
        .await;
    assert!(
        sent[0].starts_with("UPDATE"),
        "no comparison comes first: {sent:#?}"
    );
    let mut album = world.active::<manual::album::Entity>(1).await;
    album.label = Set("major".to_owned());
    world
        .expect_moved(&["albums 1"], album.update(&world.db))
        .await
        .unwrap();
}

/// An any-change rule compares too.
async fn b05_any_change_needs_a_change(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let mut task = world.active::<outer::task::Entity>(1).await;
    task.title = Set("task 1".to_owned());
    task.event_id = Set(Some(1));
    world.expect_moved(&[], task.update(&world.db)).await.unwrap();
}

on_every_level!(board:
    b05_the_comparison_is_with_the_stored_row,
    b05_the_same_new_value_twice_is_one_change,
    b05_case_accents_and_trailing_spaces_are_changes,
);
on_every_backend!(board:
    b05_set_to_the_stored_value_is_no_change,
    b05_a_mixed_update_touches_nobody,
);
on_every_level!(orders:
    b05_null_equals_null,
);
on_every_backend!(manual:
    b05_dirty_assigned_takes_every_set_for_a_change,
);
on_every_level!(outer:
    b05_any_change_needs_a_change,
);
