//! 1, 2, 4, 5 and 7 from every model: the row itself, and what watches its columns.

use sea_orm::{ActiveModelTrait, Set, Unchanged};
use touchable_tests::{Connection, Stage, entities::board, on_every_level};

use super::{Origin, expect_from_every_model};

/// Another writer has renamed event 1, or put it elsewhere.
fn event(name: Option<&str>, location: Option<&str>) -> board::event::ActiveModel {
    let mut event = board::event::ActiveModel {
        id: Unchanged(1),
        ..Default::default()
    };
    if let Some(name) = name {
        event.name = Set(name.to_owned());
    }
    if let Some(location) = location {
        event.location = Set(location.to_owned());
    }
    event
}

const EVENT_AND_TASKS: &[&str] = &["events 1", "tasks 1", "tasks 2", "tasks 3"];

/// Also above a stamp that the model does not know.
async fn b01_the_row_is_stamped_from_every_model(world: &Stage<'_, impl Connection>) {
    let other = event(None, Some("there"));
    expect_from_every_model(
        world,
        board::populate,
        other,
        updating!(event => event.location = Set("elsewhere".to_owned())),
        |_| &["events 1"],
    )
    .await;
}

/// Nothing is set, or what is stored; the one model that holds the old name writes it.
async fn b02_nothing_changes_from_every_model(world: &Stage<'_, impl Connection>) {
    let other = event(Some("by another"), None);
    expect_from_every_model(
        world,
        board::populate,
        other,
        updating!(event),
        |origin| match origin {
            Origin::StaleReset => EVENT_AND_TASKS,
            _ => &[],
        },
    )
    .await;
}

async fn b04_a_watched_column_fires_from_every_model(world: &Stage<'_, impl Connection>) {
    let other = event(Some("by another"), None);
    expect_from_every_model(
        world,
        board::populate,
        other,
        updating!(event => event.name = Set("renamed".to_owned())),
        |_| EVENT_AND_TASKS,
    )
    .await;
}

/// It fires nothing, unless the old name is written with it.
async fn b04_an_unwatched_column_from_every_model(world: &Stage<'_, impl Connection>) {
    let other = event(Some("by another"), None);
    expect_from_every_model(
        world,
        board::populate,
        other,
        updating!(event => event.location = Set("there".to_owned())),
        |origin| match origin {
            Origin::StaleReset => EVENT_AND_TASKS,
            _ => &["events 1"],
        },
    )
    .await;
}

async fn b05_the_stored_value_is_no_change_from_every_model(world: &Stage<'_, impl Connection>) {
    let other = event(Some("by another"), None);
    expect_from_every_model(
        world,
        board::populate,
        other,
        updating!(event => event.name = Set("by another".to_owned())),
        |_| &[],
    )
    .await;
}

/// The value that a stale model was read with is a change, like any other that is not stored.
async fn b05_the_value_before_is_a_change_from_every_model(world: &Stage<'_, impl Connection>) {
    let other = event(Some("by another"), None);
    expect_from_every_model(
        world,
        board::populate,
        other,
        updating!(event => event.name = Set("event 1".to_owned())),
        |_| EVENT_AND_TASKS,
    )
    .await;
}

/// The rows that show it are found in the database.
async fn b07_what_survives_a_delete_is_touched_from_every_model(world: &Stage<'_, impl Connection>) {
    let other = event(Some("by another"), None);
    expect_from_every_model(world, board::populate, other, deleting!(event), |_| {
        &[
            "-events 1",
            "tasks 1",
            "tasks 2",
            "tasks 3",
            "-participants 1",
            "-participants 4",
        ]
    })
    .await;
}

on_every_level!(board:
    b01_the_row_is_stamped_from_every_model,
    b02_nothing_changes_from_every_model,
    b04_a_watched_column_fires_from_every_model,
    b04_an_unwatched_column_from_every_model,
    b05_the_stored_value_is_no_change_from_every_model,
    b05_the_value_before_is_a_change_from_every_model,
    b07_what_survives_a_delete_is_touched_from_every_model,
);
