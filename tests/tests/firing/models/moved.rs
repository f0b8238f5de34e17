//! 2, 7 and 8 from every model: a row comes to another parent, or goes.

use sea_orm::{ActiveModelTrait, Set, Unchanged};
use touchable_tests::{Connection, Stage, entities::outer, on_every_level};

use super::{Origin, expect_from_every_model};

/// Another writer has moved task 1, which was in event 1, to this event.
fn moved_to(event: Option<i32>) -> outer::task::ActiveModel {
    outer::task::ActiveModel {
        id: Unchanged(1),
        event_id: Set(event),
        ..Default::default()
    }
}

const BACK_TO_EVENT_1: &[&str] = &["tasks 1", "events 1", "events 2", "calendars 1"];

/// A rule on any change watches the foreign key too.
async fn b02_a_parent_is_kept_from_every_model(world: &Stage<'_, impl Connection>) {
    let other = moved_to(Some(2));
    expect_from_every_model(
        world,
        outer::populate,
        other,
        updating!(task),
        |origin| match origin {
            Origin::StaleReset => BACK_TO_EVENT_1,
            _ => &[],
        },
    )
    .await;
}

/// The parent is the stored one, also of a model that knows another or none.
async fn b08_the_stored_parent_is_touched_from_every_model(world: &Stage<'_, impl Connection>) {
    let other = moved_to(Some(2));
    expect_from_every_model(
        world,
        outer::populate,
        other,
        updating!(task => task.title = Set("retitled".to_owned())),
        |origin| match origin {
            Origin::StaleReset => BACK_TO_EVENT_1,
            _ => &["tasks 1", "events 2", "calendars 1"],
        },
    )
    .await;
}

const TWO_TO_THREE: &[&str] = &["tasks 1", "events 2", "events 3", "calendars 1", "calendars 2"];

async fn b08_both_parents_are_touched_from_every_model(world: &Stage<'_, impl Connection>) {
    let other = moved_to(Some(2));
    expect_from_every_model(
        world,
        outer::populate,
        other,
        updating!(task => task.event_id = Set(Some(3))),
        |_| TWO_TO_THREE,
    )
    .await;
}

async fn b08_both_parents_are_touched_from_every_model_with_relations(world: &Stage<'_, impl Connection>) {
    let other = moved_to(Some(2));
    expect_from_every_model(
        world,
        outer::populate,
        other,
        async |mut task: outer::task::ActiveModel, db| {
            task.event_id = Set(Some(3));
            task.into_ex().update(db).await.map(drop)
        },
        |_| TWO_TO_THREE,
    )
    .await;
}

/// A model that was read in event 1 comes back there: for the stored row that is a move.
async fn b08_back_to_the_parent_before_from_every_model(world: &Stage<'_, impl Connection>) {
    let other = moved_to(Some(2));
    expect_from_every_model(
        world,
        outer::populate,
        other,
        updating!(task => task.event_id = Set(Some(1))),
        |_| BACK_TO_EVENT_1,
    )
    .await;
}

async fn b08_to_null_from_every_model(world: &Stage<'_, impl Connection>) {
    let other = moved_to(Some(3));
    expect_from_every_model(
        world,
        outer::populate,
        other,
        updating!(task => task.event_id = Set(None)),
        |_| &["tasks 1", "events 3", "calendars 2"],
    )
    .await;
}

/// A stale model knows a parent that the row has no more.
async fn b08_from_null_from_every_model(world: &Stage<'_, impl Connection>) {
    expect_from_every_model(
        world,
        outer::populate,
        moved_to(None),
        updating!(task => task.event_id = Set(Some(3))),
        |_| &["tasks 1", "events 3", "calendars 2"],
    )
    .await;
}

async fn b07_delete_touches_the_stored_parent_from_every_model(world: &Stage<'_, impl Connection>) {
    let other = moved_to(Some(3));
    expect_from_every_model(world, outer::populate, other, deleting!(task), |_| {
        &["-tasks 1", "events 3", "calendars 2"]
    })
    .await;
}

on_every_level!(outer:
    b02_a_parent_is_kept_from_every_model,
    b07_delete_touches_the_stored_parent_from_every_model,
    b08_the_stored_parent_is_touched_from_every_model,
    b08_both_parents_are_touched_from_every_model,
    b08_both_parents_are_touched_from_every_model_with_relations,
    b08_back_to_the_parent_before_from_every_model,
    b08_to_null_from_every_model,
    b08_from_null_from_every_model,
);
