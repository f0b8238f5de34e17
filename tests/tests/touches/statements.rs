//! 11: a touch is one statement for all rows of a table, and one stamp.

use sea_orm::{ActiveModelTrait, Set};
use touchable::{Clock, Stamp};
use touchable_tests::{Backend, Connection, Level, Stage, entities::board, epoch, on_every_level};

use crate::updates_of;

async fn b11_one_statement_per_association(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let mut user = world.active::<board::user::Entity>(1).await;
    user.first_name = Set("Ada".to_owned());
    let sent = world.sent(world.act(user.update(&world.db))).await;
    for table in ["users", "tasks", "participants", "events"] {
        assert_eq!(updates_of(&sent, table), 1, "{table}: {sent:#?}");
    }
    let reads = sent.iter().filter(|sql| sql.starts_with("SELECT"));
    for read in reads {
        assert!(
            !read.contains("tasks") && !read.contains("participants"),
            "rows were loaded: {read}"
        );
    }
}

/// Of a table, and on most connections of all tables. Where PostgreSQL gets the last touch and the save as one statement, it has
/// a stamp of its own.
async fn b11_one_stamp_for_all_rows(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let mut user = world.active::<board::user::Entity>(1).await;
    user.first_name = Set("Ada".to_owned());
    world.act(user.update(&world.db)).await.unwrap();
    let moments = world.moments().await;
    let rows: [&[&str]; 3] = [
        &["tasks 1", "tasks 2", "tasks 5"],
        &["participants 1", "participants 2"],
        &["events 1", "events 2"],
    ];
    let stamps = rows.map(|rows| {
        let stamp = moments.micros(rows[0]);
        assert!(rows.iter().all(|row| moments.micros(row) == stamp), "{rows:?}");
        stamp
    });
    if (world.backend, world.level()) != (Backend::Postgres, Level::TouchConnection) {
        assert_eq!(stamps, [stamps[0]; 3]);
    }
}

/// The stamp is the clock's, to the microsecond.
async fn b11_touches_take_the_clocks_stamp(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let now = epoch() + 31_536_000_000_001;
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set("renamed".to_owned());
    let clock = Clock::manual(Stamp::from_micros(now));
    clock.scope(world.act(event.update(&world.db))).await.unwrap();
    let touched = world.moments().await.micros("tasks 1");
    assert!((now..now + 100).contains(&touched), "{touched}");
}

async fn b11_ten_thousand_rows_take_the_same_statements(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let rename = async |name: &str| {
        let mut event = world.active::<board::event::Entity>(1).await;
        event.name = Set(name.to_owned());
        world.sent(world.act(event.update(&world.db))).await
    };
    let few = rename("few").await;
    world.multiply::<board::task::Entity>(1, 1000, 10_000).await;
    let many = rename("many").await;
    assert_eq!(few.len(), many.len(), "{many:#?}");
    let stamp = async |id| world.model::<board::task::Entity>(id).await.updated_at;
    assert_eq!(stamp(1).await, stamp(10_999).await);
}

on_every_level!(board:
    b11_one_statement_per_association,
    b11_one_stamp_for_all_rows,
    b11_touches_take_the_clocks_stamp,
    b11_ten_thousand_rows_take_the_same_statements,
);
