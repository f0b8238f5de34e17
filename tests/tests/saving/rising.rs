//! 3: stamps rise strictly, whatever the clock does.

use std::time::Duration;

use sea_orm::{ActiveModelTrait, Set, Unchanged, Value};
use touchable::{Stamp, TouchRecord};
use touchable_tests::{Connection, Stage, World, at, entities::board, epoch, on_every_level};

use crate::{NOW, clock, stamp};

/// Saves and touches a row in turn and asserts that its stamp rises every time.
async fn assert_rises(world: &Stage<'_, impl Connection>) {
    for_every_type!(note => {
        let name = row!(note, 1);
        let mut last = world.moments().await.micros(&name);
        for turn in 0..3 {
            let mut row = world.active::<note::Entity>(1).await;
            row.text = Set(format!("turn {turn} at {last}"));
            world.act(row.update(&world.db)).await.unwrap();
            let saved = world.moments().await.micros(&name);
            assert!(saved > last, "{name}: saved at {saved} after {last}");

            let row = world.model::<note::Entity>(1).await;
            world.act(row.touch(&world.db)).await.unwrap();
            last = world.moments().await.micros(&name);
            assert!(last > saved, "{name}: touched at {last} after {saved}");
        }
    });
}

async fn seed_notes(world: &World, micros: i64) {
    for_every_type!(note => {
        world.seed([note::ActiveModel { id: Set(1), text: Set("old".to_owned()), updated_at: Set(stamp(micros)) }]).await;
    });
}

async fn b03_stamps_rise_within_one_microsecond(world: &Stage<'_, impl Connection>) {
    seed_notes(world, epoch()).await;
    clock().scope(assert_rises(world)).await;
}

async fn b03_stamps_rise_when_the_clock_is_set_back(world: &Stage<'_, impl Connection>) {
    seed_notes(world, epoch()).await;
    let clock = clock();
    clock.scope(assert_rises(world)).await;
    clock.set(Stamp::from_micros(NOW - 3_600_000_000));
    clock.scope(assert_rises(world)).await;
    clock.advance(Duration::from_secs(1));
    clock.scope(assert_rises(world)).await;
}

async fn b03_stamps_rise_above_a_node_that_is_ahead(world: &Stage<'_, impl Connection>) {
    // An hour ahead, at the last microsecond of a second: the smallest step changes every digit.
    let ahead = (NOW + 3_600_000_000) / 1_000_000 * 1_000_000 + 999_999;
    seed_notes(world, ahead).await;
    clock().scope(assert_rises(world)).await;
    let moments = world.moments().await;
    for_every_type!(note => {
        assert!(moments.micros(&row!(note, 1)) < ahead + 10_000, "no further than it has to");
    });
}

/// Every row of a bulk touch rises above what it held itself.
async fn b03_touched_rows_rise_each_above_its_own(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let future = |id: i32, ahead: i64| board::task::ActiveModel {
        updated_at: Set(at(NOW - epoch() + ahead)),
        ..board::task(id, Some(2), None)
    };
    world
        .seed([
            future(11, 0),
            future(12, 1),
            future(13, 86_400_000_000),
            future(14, 9_999_999),
        ])
        .await;
    let rename = async {
        for turn in 0..3 {
            let mut event = world.active::<board::event::Entity>(2).await;
            event.name = Set(format!("turn {turn}"));
            world
                .expect_moved(
                    &[
                        "events 2", "tasks 4", "tasks 11", "tasks 12", "tasks 13", "tasks 14",
                    ],
                    event.update(&world.db),
                )
                .await
                .unwrap();
        }
    };
    clock().scope(rename).await;
}

/// A model that was loaded before somebody else's save knows an older stamp than the row has.
async fn b03_a_stale_model_rises_above_the_stored_stamp(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let mut stale = world.active::<board::event::Entity>(1).await;
    let ahead = board::event::ActiveModel {
        id: Unchanged(1),
        updated_at: Set(at(NOW - epoch() + 60_000_000)),
        ..Default::default()
    };
    world.act(ahead.update(&world.db)).await.unwrap();
    let before = world.moments().await.micros("events 1");
    assert_eq!(before, NOW + 60_000_000);
    stale.name = Set("renamed".to_owned());
    clock().scope(world.act(stale.update(&world.db))).await.unwrap();
    assert!(world.moments().await.micros("events 1") > before);
}

/// A plain connection asks for no stored row where no rule watches, and a model that holds no stamp does not know it either.
async fn b03_a_partial_model_behind_a_clock_that_lags(world: &Stage<'_, impl Connection>) {
    world
        .seed([board::event::ActiveModel {
            updated_at: Set(at(NOW - epoch() + 60_000_000)),
            ..board::event(1)
        }])
        .await;
    let moves = if world.level().is_touch() {
        "events 1"
    } else {
        "events 1 FELL"
    };
    let event = board::event::ActiveModel {
        id: Unchanged(1),
        location: Set("there".to_owned()),
        ..Default::default()
    };
    clock()
        .scope(world.expect_moved(&[moves], event.update(&world.db)))
        .await
        .unwrap();
}

/// Copies that were read with one stamp, ahead of the clock: each save moves the row's own key to one it never had.
async fn b03_copies_of_a_row_ahead_of_the_clock(world: &Stage<'_, impl Connection>) {
    world
        .seed([board::event::ActiveModel {
            updated_at: Set(at(NOW - epoch() + 60_000_000)),
            ..board::event(1)
        }])
        .await;
    let copy = world.active::<board::event::Entity>(1).await;
    let saves = async {
        let mut stamps = vec![world.moments().await.micros("events 1")];
        for place in ["one", "two", "three"] {
            let mut copy = copy.clone();
            copy.location = Set(place.to_owned());
            world.act(copy.update(&world.db)).await.unwrap();
            stamps.push(world.moments().await.micros("events 1"));
        }
        let count = stamps.len();
        stamps.sort_unstable();
        stamps.dedup();
        assert_eq!(stamps.len(), count, "{stamps:?}");
    };
    clock().scope(saves).await;
}

/// The model that a save returns is the row, so that caches keyed by either agree.
async fn b03_the_returned_model_is_the_stored_row(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set("renamed".to_owned());
    let saved = world.act(event.update(&world.db)).await.unwrap();
    assert_eq!(world.model::<board::event::Entity>(1).await, saved);
    let stored = world.moments().await.value("events 1", "updated_at");
    assert_eq!(stored, Value::from(saved.updated_at));
}

on_every_level!(stamps:
    b03_stamps_rise_within_one_microsecond,
    b03_stamps_rise_when_the_clock_is_set_back,
    b03_stamps_rise_above_a_node_that_is_ahead,
);
on_every_level!(board:
    b03_touched_rows_rise_each_above_its_own,
    b03_a_stale_model_rises_above_the_stored_stamp,
    b03_a_partial_model_behind_a_clock_that_lags,
    b03_copies_of_a_row_ahead_of_the_clock,
    b03_the_returned_model_is_the_stored_row,
);
