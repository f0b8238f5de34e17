//! Behaviours 1 to 3: saving the row itself.

use std::time::Duration;

use sea_orm::{ActiveModelTrait, IntoActiveModel, NotSet, Set, Unchanged, Value};
use touchable::{Clock, Stamp, StampType, TouchRecord};
use touchable_tests::{
    World, at,
    entities::{board, cycle, stamps},
    epoch, on_every_backend,
};

/// Runs a block once for every type of touch column; `$note` is its entity's module.
macro_rules! for_every_type {
    ($note:ident => $body:block) => {{
        for_every_type!(@ $note, $body: utc zoned naive optional_utc optional_zoned optional_naive
            offset primitive optional_offset optional_primitive);
    }};
    (@ $note:ident, $body:block: $($kind:ident)+) => {$({
        use stamps::$kind as $note;
        $body
    })+};
}

/// The name of a note's row in its own table.
macro_rules! row {
    ($note:ident, $id:expr) => {
        format!("{} {}", sea_orm::EntityName::table_name(&$note::Entity), $id)
    };
}

/// A year after the seeds.
const NOW: i64 = epoch() + 31_536_000_000_001;

fn clock() -> Clock {
    Clock::manual(Stamp::from_micros(NOW))
}

/// A save takes a few stamps at most.
#[track_caller]
fn assert_fresh(micros: i64, now: i64) {
    assert!(
        (now..now + 100).contains(&micros),
        "{micros} is not fresh at {now}"
    );
}

fn stamp<T: StampType>(micros: i64) -> T {
    T::from_stamp(Stamp::from_micros(micros))
}

fn micros(stamp: &impl StampType) -> i64 {
    stamp.to_stamp().expect("a stamp").as_micros()
}

async fn b01_insert_stamps_the_row(world: &World) {
    let db = &world.db;
    let save = async {
        for_every_type!(note => {
            let new = note::ActiveModel { text: Set("new".to_owned()), ..Default::default() };
            let saved = new.insert(db).await.unwrap();
            let returned = micros(&saved.updated_at);
            assert_fresh(returned, NOW);
            assert_eq!(world.moments().await.micros(&row!(note, saved.id)), returned);
        });
    };
    clock().scope(save).await;
}

async fn b01_update_stamps_the_row(world: &World) {
    let db = &world.db;
    let save = async {
        for_every_type!(note => {
            let row = note::ActiveModel { id: Set(1), text: Set("old".to_owned()), updated_at: Set(stamp(epoch())) };
            world.seed([row]).await;
            let mut row = world.active::<note::Entity>(1).await;
            row.text = Set("new".to_owned());
            let saved = row.update(db).await.unwrap();
            let returned = micros(&saved.updated_at);
            assert_fresh(returned, NOW);
            assert_eq!(world.moments().await.micros(&row!(note, 1)), returned);
        });
    };
    clock().scope(save).await;
}

/// Rows that were there before the column was have no stamp yet.
async fn b01_a_null_stamp_is_filled(world: &World) {
    let db = &world.db;
    macro_rules! fill {
        ($($note:ident)+) => {$({
            use stamps::$note as note;
            let row = |id| note::ActiveModel { id: Set(id), text: Set("old".to_owned()), updated_at: Set(None) };
            world.seed([row(1), row(2)]).await;
            let mut saved = world.active::<note::Entity>(1).await;
            saved.text = Set("new".to_owned());
            saved.update(db).await.unwrap();
            world.model::<note::Entity>(2).await.touch(db).await.unwrap();
            let moments = world.moments().await;
            assert_fresh(moments.micros(&row!(note, 1)), NOW);
            assert_fresh(moments.micros(&row!(note, 2)), NOW);
        })+};
    }
    let save = async {
        fill!(optional_utc optional_zoned optional_naive optional_offset optional_primitive);
    };
    clock().scope(save).await;
}

async fn b01_insert_keeps_the_applications_stamp(world: &World) {
    for_every_type!(note => {
        let row = note::ActiveModel {
            id: NotSet,
            text: Set("imported".to_owned()),
            updated_at: Set(stamp(epoch() + 123_456)),
        };
        let saved = row.insert(&world.db).await.unwrap();
        assert_eq!(micros(&saved.updated_at), epoch() + 123_456);
        assert_eq!(world.moments().await.micros(&row!(note, saved.id)), epoch() + 123_456);
    });
}

async fn b01_update_keeps_the_applications_stamp_when_it_moves_forward(world: &World) {
    for_every_type!(note => {
        let row = note::ActiveModel { id: Set(1), text: Set("old".to_owned()), updated_at: Set(stamp(epoch())) };
        world.seed([row]).await;
        let mut row = world.active::<note::Entity>(1).await;
        row.text = Set("new".to_owned());
        row.updated_at = Set(stamp(epoch() + 777_777));
        let saved = row.update(&world.db).await.unwrap();
        assert_eq!(micros(&saved.updated_at), epoch() + 777_777);
        assert_eq!(world.moments().await.micros(&row!(note, 1)), epoch() + 777_777);
    });
}

async fn b01_an_older_stamp_of_the_application_is_raised(world: &World) {
    board::populate(world).await;
    let before = world.moments().await.micros("events 1");
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set("renamed".to_owned());
    event.updated_at = Set(at(-1_000_000));
    world
        .expect_moved(
            &["events 1", "tasks 1", "tasks 2", "tasks 3"],
            event.update(&world.db),
        )
        .await
        .unwrap();
    assert!(world.moments().await.micros("events 1") > before);
}

async fn b01_insert_fills_created_at_when_left_out(world: &World) {
    let db = &world.db;
    let save = async {
        let dated = stamps::dated::ActiveModel {
            text: Set("new".to_owned()),
            ..Default::default()
        };
        let dated = dated.insert(db).await.unwrap();
        assert_fresh(dated.born_at.and_utc().timestamp_micros(), NOW);
        assert_fresh(dated.modified_at.timestamp_micros(), NOW);

        let born = stamps::born::ActiveModel {
            text: Set("new".to_owned()),
            ..Default::default()
        };
        let born = born.insert(db).await.unwrap();
        assert_fresh(born.created_at.unwrap().timestamp_micros(), NOW);
        assert_eq!(world.model::<stamps::born::Entity>(born.id).await, born);
    };
    clock().scope(save).await;
}

async fn b01_created_at_is_the_applications_when_set_and_stays_on_update(world: &World) {
    let db = &world.db;
    let row = stamps::born::ActiveModel {
        text: Set("new".to_owned()),
        created_at: Set(Some(at(5))),
        ..Default::default()
    };
    let born = row.insert(db).await.unwrap();
    assert_eq!(born.created_at, Some(at(5)));
    let mut again = born.into_active_model();
    again.text = Set("newer".to_owned());
    let saved = again.update(db).await.unwrap();
    assert_eq!(saved.created_at, Some(at(5)));
    saved.clone().touch(db).await.unwrap();
    assert_eq!(
        world.model::<stamps::born::Entity>(saved.id).await.created_at,
        Some(at(5))
    );
}

async fn b01_versions_count_saves_and_touches(world: &World) {
    let db = &world.db;
    let version = async |id| world.model::<stamps::dated::Entity>(id).await.lock_no;

    let new = stamps::dated::ActiveModel {
        text: Set("new".to_owned()),
        ..Default::default()
    };
    let row = new.insert(db).await.unwrap();
    assert_eq!((row.lock_no, version(row.id).await), (1, 1));

    let mut active = row.into_active_model();
    active.text = Set("newer".to_owned());
    let row = active.update(db).await.unwrap();
    assert_eq!((row.lock_no, version(row.id).await), (2, 2));

    row.clone().touch(db).await.unwrap();
    assert_eq!(version(row.id).await, 3);

    // The loaded version is stale by now: the count goes on from the stored one.
    let mut active = row.into_active_model();
    active.text = Set("newest".to_owned());
    let row = active.update(db).await.unwrap();
    assert_eq!((row.lock_no, version(row.id).await), (4, 4));
}

async fn b01_versions_of_touched_rows_count_too(world: &World) {
    cycle::populate(world).await;
    let mut event = world.active::<cycle::event::Entity>(1).await;
    event.name = Set("renamed".to_owned());
    event.update(&world.db).await.unwrap();
    assert_eq!(world.model::<cycle::event::Entity>(1).await.lock_no, 2);
    assert_eq!(world.model::<cycle::task::Entity>(1).await.lock_no, 2);
    assert_eq!(world.model::<cycle::task::Entity>(2).await.lock_no, 2);
    assert_eq!(world.model::<cycle::task::Entity>(3).await.lock_no, 1);
}

async fn b01_columns_under_other_names(world: &World) {
    let db = &world.db;
    let new = stamps::counted::ActiveModel {
        r#type: Set("a".to_owned()),
        ..Default::default()
    };
    let counted = new.insert(db).await.unwrap();
    let new = stamps::page::ActiveModel {
        body: Set("text".to_owned()),
        counted_id: Set(counted.id),
        ..Default::default()
    };
    let counted_row = format!("counted {}", counted.id);
    let page = world
        .expect_moved(&["+order 1", &counted_row], new.insert(db))
        .await
        .unwrap();
    let mut counted = world.active::<stamps::counted::Entity>(counted.id).await;
    counted.r#type = Set("b".to_owned());
    world
        .expect_moved(&[&counted_row, "order 1"], counted.update(db))
        .await
        .unwrap();
    world
        .expect_moved(&[&counted_row, "order 1"], page.touch(db))
        .await
        .unwrap();
}

on_every_backend!(stamps:
    b01_insert_stamps_the_row,
    b01_update_stamps_the_row,
    b01_a_null_stamp_is_filled,
    b01_insert_keeps_the_applications_stamp,
    b01_update_keeps_the_applications_stamp_when_it_moves_forward,
    b01_insert_fills_created_at_when_left_out,
    b01_created_at_is_the_applications_when_set_and_stays_on_update,
    b01_versions_count_saves_and_touches,
    b01_columns_under_other_names,
);
on_every_backend!(board: b01_an_older_stamp_of_the_application_is_raised);
on_every_backend!(cycle: b01_versions_of_touched_rows_count_too);

async fn b02_an_unchanged_model_is_not_written(world: &World) {
    board::populate(world).await;
    let event = world.model::<board::event::Entity>(1).await;
    let action = async { event.clone().into_active_model().update(&world.db).await.unwrap() };
    let mut same = None;
    let sent = world
        .expect_moved(&[], world.sent(async { same = Some(action.await) }))
        .await;
    assert!(!sent.iter().any(|sql| sql.starts_with("UPDATE")), "{sent:#?}");
    assert_eq!(same, Some(event));
}

async fn b02_a_save_with_nothing_but_the_key_is_not_written(world: &World) {
    board::populate(world).await;
    let event = board::event::ActiveModel {
        id: Unchanged(1),
        ..Default::default()
    };
    let sent = world.expect_moved(&[], world.sent(event.save(&world.db))).await;
    assert!(!sent.iter().any(|sql| sql.starts_with("UPDATE")), "{sent:#?}");
}

async fn b02_a_cyclic_rule_changes_nothing_about_it(world: &World) {
    cycle::populate(world).await;
    let event = world.active::<cycle::event::Entity>(1).await;
    let sent = world.expect_moved(&[], world.sent(event.update(&world.db))).await;
    assert!(!sent.iter().any(|sql| sql.starts_with("UPDATE")), "{sent:#?}");
    assert_eq!(world.model::<cycle::event::Entity>(1).await.lock_no, 1);
}

on_every_backend!(board: b02_an_unchanged_model_is_not_written, b02_a_save_with_nothing_but_the_key_is_not_written);
on_every_backend!(cycle: b02_a_cyclic_rule_changes_nothing_about_it);

/// Saves and touches a row in turn and asserts that its stamp rises every time.
async fn assert_rises(world: &World) {
    for_every_type!(note => {
        let name = row!(note, 1);
        let mut last = world.moments().await.micros(&name);
        for turn in 0..3 {
            let mut row = world.active::<note::Entity>(1).await;
            row.text = Set(format!("turn {turn} at {last}"));
            row.update(&world.db).await.unwrap();
            let saved = world.moments().await.micros(&name);
            assert!(saved > last, "{name}: saved at {saved} after {last}");

            world.model::<note::Entity>(1).await.touch(&world.db).await.unwrap();
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

async fn b03_stamps_rise_within_one_microsecond(world: &World) {
    seed_notes(world, epoch()).await;
    clock().scope(assert_rises(world)).await;
}

async fn b03_stamps_rise_when_the_clock_is_set_back(world: &World) {
    seed_notes(world, epoch()).await;
    let clock = clock();
    clock.scope(assert_rises(world)).await;
    clock.set(Stamp::from_micros(NOW - 3_600_000_000));
    clock.scope(assert_rises(world)).await;
    clock.advance(Duration::from_secs(1));
    clock.scope(assert_rises(world)).await;
}

async fn b03_stamps_rise_above_a_node_that_is_ahead(world: &World) {
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
async fn b03_touched_rows_rise_each_above_its_own(world: &World) {
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
async fn b03_a_stale_model_rises_above_the_stored_stamp(world: &World) {
    board::populate(world).await;
    let mut stale = world.active::<board::event::Entity>(1).await;
    let ahead = board::event::ActiveModel {
        id: Unchanged(1),
        updated_at: Set(at(NOW - epoch() + 60_000_000)),
        ..Default::default()
    };
    ahead.update(&world.db).await.unwrap();
    let before = world.moments().await.micros("events 1");
    assert_eq!(before, NOW + 60_000_000);
    stale.name = Set("renamed".to_owned());
    clock().scope(stale.update(&world.db)).await.unwrap();
    assert!(world.moments().await.micros("events 1") > before);
}

/// The model that a save returns is the row, so that caches keyed by either agree.
async fn b03_the_returned_model_is_the_stored_row(world: &World) {
    board::populate(world).await;
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set("renamed".to_owned());
    let saved = event.update(&world.db).await.unwrap();
    assert_eq!(world.model::<board::event::Entity>(1).await, saved);
    let stored = world.moments().await.value("events 1", "updated_at");
    assert_eq!(stored, Value::from(saved.updated_at));
}

on_every_backend!(stamps:
    b03_stamps_rise_within_one_microsecond,
    b03_stamps_rise_when_the_clock_is_set_back,
    b03_stamps_rise_above_a_node_that_is_ahead,
);
on_every_backend!(board:
    b03_touched_rows_rise_each_above_its_own,
    b03_a_stale_model_rises_above_the_stored_stamp,
    b03_the_returned_model_is_the_stored_row,
);
