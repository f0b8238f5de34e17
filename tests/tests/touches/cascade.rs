//! 12: a touch goes on, once for each row.

use sea_orm::{ActiveModelTrait, Set};
use touchable_tests::{
    Connection, Level, Stage,
    entities::{cycle, outer, tree},
    on_every_level,
};

use crate::updates_of;

async fn b12_touches_cascade(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let mut user = world.active::<outer::user::Entity>(1).await;
    user.name = Set("Ada".to_owned());
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
            user.update(&world.db),
        )
        .await
        .unwrap();
}

async fn b12_a_cascade_takes_one_statement_per_edge(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    world.multiply::<outer::task::Entity>(1, 1000, 100).await;
    let mut user = world.active::<outer::user::Entity>(1).await;
    user.name = Set("Ada".to_owned());
    let sent = world.sent(world.act(user.update(&world.db))).await;
    for table in ["tasks", "events", "calendars"] {
        assert_eq!(updates_of(&sent, table), 1, "{table}: {sent:#?}");
    }
}

/// Event → tasks → event: the event was saved, the tasks are touched, and there it ends.
async fn b12_cycles_end(world: &Stage<'_, impl Connection>) {
    cycle::populate(world).await;
    let db = &world.db;
    let mut event = world.active::<cycle::event::Entity>(1).await;
    event.name = Set("renamed".to_owned());
    world
        .expect_moved(&["events 1", "tasks 1", "tasks 2"], event.update(db))
        .await
        .unwrap();

    let mut task = world.active::<cycle::task::Entity>(3).await;
    task.title = Set("retitled".to_owned());
    world
        .expect_moved(&["tasks 3", "tasks 4", "events 2"], task.update(db))
        .await
        .unwrap();
}

/// The version counts: one for the save or the touch, and not another on the way around the circle.
///
/// Touches that wait for a commit belong to all saves of their transaction: they meet the row that was saved too, once.
async fn b12_no_row_is_touched_twice(world: &Stage<'_, impl Connection>) {
    cycle::populate(world).await;
    let mut task = world.active::<cycle::task::Entity>(1).await;
    task.title = Set("retitled".to_owned());
    let saved = world.act(task.update(&world.db)).await.unwrap();
    assert_eq!(saved.lock_no, 2);
    let stored = world.model::<cycle::task::Entity>(1).await;
    if world.level() == Level::TouchTransaction {
        assert_eq!(stored.lock_no, 3);
    } else {
        assert_eq!(stored, saved, "the saved row is not touched by its own save");
    }
    assert_eq!(world.model::<cycle::task::Entity>(2).await.lock_no, 2);
    assert_eq!(world.model::<cycle::event::Entity>(1).await.lock_no, 2);
    assert_eq!(world.model::<cycle::event::Entity>(2).await.lock_no, 1);
}

/// A rule with a field list is about fields, and a touch changes none.
async fn b12_rules_with_a_field_list_do_not_cascade(world: &Stage<'_, impl Connection>) {
    tree::populate(world).await;
    // Node 4 touches node 2, whose children show its label: node 5 stays.
    let mut node = world.active::<tree::node::Entity>(4).await;
    node.label = Set("renamed".to_owned());
    world
        .expect_moved(
            &["nodes 4", "nodes 2", "nodes 1", "nodes 7"],
            node.update(&world.db),
        )
        .await
        .unwrap();
}

on_every_level!(outer: b12_touches_cascade, b12_a_cascade_takes_one_statement_per_edge);
on_every_level!(cycle: b12_cycles_end, b12_no_row_is_touched_twice);
on_every_level!(tree: b12_rules_with_a_field_list_do_not_cascade);
