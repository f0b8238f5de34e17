//! 2: a save that changes nothing.

use sea_orm::{ActiveModelTrait, IntoActiveModel, Set, Unchanged};
use touchable::TouchRecord;
use touchable_tests::{
    Connection, Stage,
    entities::{board, cycle, outer},
    on_every_level,
};

/// Before the first read of a transaction SQLite is sent a write of no rows.
#[track_caller]
fn assert_nothing_written(sent: &[String]) {
    let writes =
        |sql: &&String| sql.contains("UPDATE ") && !sql.contains("FOR UPDATE") && !sql.contains("1 = 0");
    assert_eq!(sent.iter().find(writes), None, "{sent:#?}");
}

async fn b02_an_unchanged_model_is_not_written(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let event = world.model::<board::event::Entity>(1).await;
    let mut same = None;
    let action = async { same = Some(event.clone().into_active_model().update(&world.db).await.unwrap()) };
    let sent = world.sent(world.expect_moved(&[], action)).await;
    assert_nothing_written(&sent);
    assert_eq!(same, Some(event));
}

async fn b02_a_save_with_nothing_but_the_key_is_not_written(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let event = board::event::ActiveModel {
        id: Unchanged(1),
        ..Default::default()
    };
    let sent = world.sent(world.expect_moved(&[], event.save(&world.db))).await;
    assert_nothing_written(&sent);
}

async fn b02_a_cyclic_rule_changes_nothing_about_it(world: &Stage<'_, impl Connection>) {
    cycle::populate(world).await;
    let event = world.active::<cycle::event::Entity>(1).await;
    let sent = world.sent(world.expect_moved(&[], event.update(&world.db))).await;
    assert_nothing_written(&sent);
    assert_eq!(world.model::<cycle::event::Entity>(1).await.lock_no, 1);
}

/// A plain connection asks for no stored row where no rule watches: the write and its stamp are SeaORM's. One of ours sends it
/// too, and the row stays as it is.
async fn b02_an_unwatched_column_set_again(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let moves: &[&str] = if world.level().is_touch() {
        &[]
    } else {
        &["events 1"]
    };
    let event = board::event::ActiveModel {
        id: Unchanged(1),
        location: Set("here".to_owned()),
        ..Default::default()
    };
    let before = world.model::<board::event::Entity>(1).await;
    let saved = world.expect_moved(moves, event.update(&world.db)).await.unwrap();
    assert_eq!(saved.updated_at != before.updated_at, !moves.is_empty());
    assert_eq!(saved, world.model::<board::event::Entity>(1).await);
}

/// A calendar has no rule: its row is all that can move.
async fn b02_a_whole_model_with_an_older_stamp(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let loaded = world.model::<outer::calendar::Entity>(1).await;
    world.act(loaded.touch(&world.db)).await.unwrap();
    let whole = loaded.into_active_model().reset_all();
    world.expect_moved(&[], whole.update(&world.db)).await.unwrap();
}

on_every_level!(board:
    b02_an_unchanged_model_is_not_written,
    b02_a_save_with_nothing_but_the_key_is_not_written,
    b02_an_unwatched_column_set_again,
);
on_every_level!(outer: b02_a_whole_model_with_an_older_stamp);
on_every_level!(cycle: b02_a_cyclic_rule_changes_nothing_about_it);
