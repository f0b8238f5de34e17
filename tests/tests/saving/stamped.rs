//! 1: the row's own stamp, its moment of birth and its version.

use sea_orm::{ActiveModelTrait, IntoActiveModel, NotSet, Set};
use touchable::{StampType, TouchRecord};
use touchable_tests::{
    Connection, Level, Stage, at,
    entities::{board, cycle, stamps},
    epoch, on_every_level,
};

use crate::{NOW, clock, stamp};

/// A save takes a few stamps at most.
#[track_caller]
fn assert_fresh(micros: i64, now: i64) {
    assert!(
        (now..now + 100).contains(&micros),
        "{micros} is not fresh at {now}"
    );
}

fn micros(stamp: &impl StampType) -> i64 {
    stamp.to_stamp().expect("a stamp").as_micros()
}

async fn b01_insert_stamps_the_row(world: &Stage<'_, impl Connection>) {
    let db = &world.db;
    let save = async {
        for_every_type!(note => {
            let new = note::ActiveModel { text: Set("new".to_owned()), ..Default::default() };
            let saved = world.act(new.insert(db)).await.unwrap();
            let returned = micros(&saved.updated_at);
            assert_fresh(returned, NOW);
            assert_eq!(world.moments().await.micros(&row!(note, saved.id)), returned);
        });
    };
    clock().scope(save).await;
}

async fn b01_update_stamps_the_row(world: &Stage<'_, impl Connection>) {
    let db = &world.db;
    let save = async {
        for_every_type!(note => {
            let row = note::ActiveModel { id: Set(1), text: Set("old".to_owned()), updated_at: Set(stamp(epoch())) };
            world.seed([row]).await;
            let mut row = world.active::<note::Entity>(1).await;
            row.text = Set("new".to_owned());
            let saved = world.act(row.update(db)).await.unwrap();
            let returned = micros(&saved.updated_at);
            assert_fresh(returned, NOW);
            assert_eq!(world.moments().await.micros(&row!(note, 1)), returned);
        });
    };
    clock().scope(save).await;
}

/// Rows that were there before the column was have no stamp yet.
async fn b01_a_null_stamp_is_filled(world: &Stage<'_, impl Connection>) {
    let db = &world.db;
    macro_rules! fill {
        ($($note:ident)+) => {$({
            use stamps::$note as note;
            let row = |id| note::ActiveModel { id: Set(id), text: Set("old".to_owned()), updated_at: Set(None) };
            world.seed([row(1), row(2)]).await;
            let mut saved = world.active::<note::Entity>(1).await;
            saved.text = Set("new".to_owned());
            world.act(saved.update(db)).await.unwrap();
            let row = world.model::<note::Entity>(2).await;
            world.act(row.touch(db)).await.unwrap();
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

async fn b01_insert_keeps_the_applications_stamp(world: &Stage<'_, impl Connection>) {
    for_every_type!(note => {
        let row = note::ActiveModel {
            id: NotSet,
            text: Set("imported".to_owned()),
            updated_at: Set(stamp(epoch() + 123_456)),
        };
        let saved = world.act(row.insert(&world.db)).await.unwrap();
        assert_eq!(micros(&saved.updated_at), epoch() + 123_456);
        assert_eq!(world.moments().await.micros(&row!(note, saved.id)), epoch() + 123_456);
    });
}

async fn b01_update_keeps_the_applications_stamp_when_it_moves_forward(world: &Stage<'_, impl Connection>) {
    for_every_type!(note => {
        let row = note::ActiveModel { id: Set(1), text: Set("old".to_owned()), updated_at: Set(stamp(epoch())) };
        world.seed([row]).await;
        let mut row = world.active::<note::Entity>(1).await;
        row.text = Set("new".to_owned());
        row.updated_at = Set(stamp(epoch() + 777_777));
        let saved = world.act(row.update(&world.db)).await.unwrap();
        assert_eq!(micros(&saved.updated_at), epoch() + 777_777);
        assert_eq!(world.moments().await.micros(&row!(note, 1)), epoch() + 777_777);
    });
}

async fn b01_an_older_stamp_of_the_application_is_raised(world: &Stage<'_, impl Connection>) {
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

async fn b01_insert_fills_created_at_when_left_out(world: &Stage<'_, impl Connection>) {
    let db = &world.db;
    let save = async {
        let dated = stamps::dated::ActiveModel {
            text: Set("new".to_owned()),
            ..Default::default()
        };
        let dated = world.act(dated.insert(db)).await.unwrap();
        assert_fresh(dated.born_at.and_utc().timestamp_micros(), NOW);
        assert_fresh(dated.modified_at.timestamp_micros(), NOW);

        let born = stamps::born::ActiveModel {
            text: Set("new".to_owned()),
            ..Default::default()
        };
        let born = world.act(born.insert(db)).await.unwrap();
        assert_fresh(born.created_at.unwrap().timestamp_micros(), NOW);
        assert_eq!(world.model::<stamps::born::Entity>(born.id).await, born);
    };
    clock().scope(save).await;
}

async fn b01_created_at_is_the_applications_when_set_and_stays_on_update(world: &Stage<'_, impl Connection>) {
    let db = &world.db;
    let row = stamps::born::ActiveModel {
        text: Set("new".to_owned()),
        created_at: Set(Some(at(5))),
        ..Default::default()
    };
    let born = world.act(row.insert(db)).await.unwrap();
    assert_eq!(born.created_at, Some(at(5)));
    let mut again = born.into_active_model();
    again.text = Set("newer".to_owned());
    let saved = world.act(again.update(db)).await.unwrap();
    assert_eq!(saved.created_at, Some(at(5)));
    world.act(saved.clone().touch(db)).await.unwrap();
    assert_eq!(
        world.model::<stamps::born::Entity>(saved.id).await.created_at,
        Some(at(5))
    );
}

async fn b01_versions_count_saves_and_touches(world: &Stage<'_, impl Connection>) {
    let db = &world.db;
    let version = async |id| world.model::<stamps::dated::Entity>(id).await.lock_no;

    let new = stamps::dated::ActiveModel {
        text: Set("new".to_owned()),
        ..Default::default()
    };
    let row = world.act(new.insert(db)).await.unwrap();
    assert_eq!((row.lock_no, version(row.id).await), (1, 1));

    let mut active = row.into_active_model();
    active.text = Set("newer".to_owned());
    let row = world.act(active.update(db)).await.unwrap();
    assert_eq!((row.lock_no, version(row.id).await), (2, 2));

    world.act(row.clone().touch(db)).await.unwrap();
    assert_eq!(version(row.id).await, 3);

    // The loaded version is stale by now: the count goes on from the stored one.
    let mut active = row.into_active_model();
    active.text = Set("newest".to_owned());
    let row = world.act(active.update(db)).await.unwrap();
    assert_eq!((row.lock_no, version(row.id).await), (4, 4));
}

/// In a circle the flush before a commit, which is of all saves of its transaction, touches the saved row too.
async fn b01_versions_of_touched_rows_count_too(world: &Stage<'_, impl Connection>) {
    cycle::populate(world).await;
    let mut event = world.active::<cycle::event::Entity>(1).await;
    event.name = Set("renamed".to_owned());
    world.act(event.update(&world.db)).await.unwrap();
    let saved = if world.level() == Level::TouchTransaction {
        3
    } else {
        2
    };
    assert_eq!(world.model::<cycle::event::Entity>(1).await.lock_no, saved);
    assert_eq!(world.model::<cycle::task::Entity>(1).await.lock_no, 2);
    assert_eq!(world.model::<cycle::task::Entity>(2).await.lock_no, 2);
    assert_eq!(world.model::<cycle::task::Entity>(3).await.lock_no, 1);
}

async fn b01_columns_under_other_names(world: &Stage<'_, impl Connection>) {
    let db = &world.db;
    let new = stamps::counted::ActiveModel {
        r#type: Set("a".to_owned()),
        ..Default::default()
    };
    let counted = world.act(new.insert(db)).await.unwrap();
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

on_every_level!(stamps:
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
/// What a save touches has a stamp of its own: the application's says nothing of other rows.
async fn b01_the_applications_stamp_is_not_for_others(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let ahead = chrono::Utc::now() + chrono::Duration::days(1);
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set("renamed".to_owned());
    event.updated_at = Set(ahead);
    world
        .expect_moved(
            &["events 1", "tasks 1", "tasks 2", "tasks 3"],
            event.update(&world.db),
        )
        .await
        .unwrap();
    let task = world.model::<board::task::Entity>(1).await;
    assert!(
        task.updated_at < ahead - chrono::Duration::hours(1),
        "at level {:?}",
        world.level()
    );
}

on_every_level!(board: b01_the_applications_stamp_is_not_for_others);
on_every_level!(board: b01_an_older_stamp_of_the_application_is_raised);
on_every_level!(cycle: b01_versions_of_touched_rows_count_too);
