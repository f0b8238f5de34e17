//! K14: hooks by hand, schemas that are odd and right, and settings that belong to their handle.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, Set, TransactionTrait, Unchanged};
use touchable::{Clock, Stamp, TouchGraph, check::problems};
use touchable_tests::{
    World, at, cases,
    entities::{board, society},
};

use crate::{
    entities::{article, articles, page, pages, teaser, two_articles, two_pages},
    levels::{on_level, on_levels},
};

/// The page's own hook sets its slug after touchable's.
async fn retitle_page(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    let page = page::ActiveModel {
        id: Unchanged(1),
        title: Set("Another".to_owned()),
        ..Default::default()
    };
    page.update(db).await.map(drop)
}

on_levels!(
    two_pages, retitle_page, ["pages 1", "links 1"] =>
    1 k14_a_column_set_after_the_hook_at_level_1,
    2 k14_a_column_set_after_the_hook_at_level_2,
    3 k14_a_column_set_after_the_hook_at_level_3,
    4 k14_a_column_set_after_the_hook_at_level_4,
);

cases!(pages(), 1:
    k14_a_column_set_after_the_hook_at_level_1 on sqlite postgres mariadb,
    k14_a_column_set_after_the_hook_at_level_2 on sqlite postgres mariadb,
    k14_a_column_set_after_the_hook_at_level_3 on sqlite postgres mariadb,
    k14_a_column_set_after_the_hook_at_level_4 on sqlite postgres mariadb,
);

async fn retitle_article(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    let article = article::ActiveModel {
        id: Unchanged(1),
        title: Set("Another".to_owned()),
        ..Default::default()
    };
    article.update(db).await.map(drop)
}

/// Whether the check at start-up names the column that the database generates.
async fn is_warned_of(world: &World) -> bool {
    let graph = TouchGraph::of::<(article::Entity, teaser::Entity)>();
    let found = problems(&world.db, &graph).await.unwrap();
    found
        .iter()
        .any(|problem| problem.table() == "articles" && problem.to_string().contains("slug"))
}

/// The rule fires, or the check says that it cannot.
macro_rules! generated_column {
    ($($level:tt $case:ident),+ $(,)?) => {
        $(
            async fn $case(world: &World) {
                two_articles(world).await;
                let update = on_level!($level world retitle_article);
                if is_warned_of(world).await {
                    return;
                }
                world.expect_moved(&["articles 1", "teasers 1"], update).await;
            }
        )+

        cases!(articles(), 1: $($case on sqlite postgres mariadb),+);
    };
}

generated_column!(
    1 k14_a_watched_generated_column_at_level_1,
    2 k14_a_watched_generated_column_at_level_2,
    3 k14_a_watched_generated_column_at_level_3,
    4 k14_a_watched_generated_column_at_level_4,
);

/// Event 1 with a task, in a table that has a unique key and no primary one.
async fn unique_tasks(world: &World) {
    world.seed([society::event(1)]).await;
    world.seed([society::task(1, Some(1), None)]).await;
    for sql in [
        "ALTER TABLE tasks DROP PRIMARY KEY",
        "ALTER TABLE tasks ADD UNIQUE KEY tasks_id (id)",
    ] {
        world.db.execute_unprepared(sql).await.unwrap();
    }
}

async fn rename_task(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    let task = society::task::ActiveModel {
        id: Unchanged(1),
        title: Set("renamed".to_owned()),
        ..Default::default()
    };
    task.update(db).await.map(drop)
}

on_levels!(
    unique_tasks, rename_task, ["tasks 1", "events 1"] =>
    1 k14_a_unique_key_instead_of_a_primary_one_at_level_1,
    2 k14_a_unique_key_instead_of_a_primary_one_at_level_2,
    3 k14_a_unique_key_instead_of_a_primary_one_at_level_3,
    4 k14_a_unique_key_instead_of_a_primary_one_at_level_4,
);

/// Event 1, whose stamp ends in whole milliseconds.
async fn event_of_whole_milliseconds(world: &World) {
    let event = society::event::ActiveModel {
        updated_at: Set(whole_milliseconds()),
        ..society::event(1)
    };
    world.seed([event]).await;
}

fn whole_milliseconds() -> DateTime<Utc> {
    at(0)
}

/// An insert that the database refuses, and then a save that changes nothing.
async fn duplicate_and_unchanged(db: &(impl ConnectionTrait + TransactionTrait)) -> Result<(), DbErr> {
    let duplicate = society::event::ActiveModel {
        updated_at: Set(whole_milliseconds() + TimeDelta::microseconds(500)),
        ..society::event(1)
    };
    // In a savepoint, where PostgreSQL forgives a failed statement.
    let inner = db.begin().await?;
    duplicate.insert(&inner).await.unwrap_err();
    sea_orm::TransactionSession::rollback(inner).await?;
    let unchanged = society::event::ActiveModel {
        id: Unchanged(1),
        name: Set("a".to_owned()),
        ..Default::default()
    };
    unchanged.update(db).await.map(drop)
}

on_levels!(
    event_of_whole_milliseconds, duplicate_and_unchanged, [] =>
    1 k14_whole_milliseconds_after_a_refused_insert_at_level_1,
    2 k14_whole_milliseconds_after_a_refused_insert_at_level_2,
    3 k14_whole_milliseconds_after_a_refused_insert_at_level_3,
    4 k14_whole_milliseconds_after_a_refused_insert_at_level_4,
);

/// An unwatched column is set to what is stored: the row keeps the stamp that an application has rounded. What comes back
/// looks as if the column had cut our own.
async fn unchanged_beside_a_rounded_stamp(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    let clock = Clock::manual(Stamp::from_micros(whole_milliseconds().timestamp_micros() + 501));
    let event = society::event::ActiveModel {
        id: Unchanged(1),
        location: Set("a".to_owned()),
        ..Default::default()
    };
    clock.scope(event.update(db)).await.map(drop)
}

on_levels!(
    event_of_whole_milliseconds, unchanged_beside_a_rounded_stamp, [] =>
    3 k14_a_rounded_stamp_that_stays_at_level_3,
    4 k14_a_rounded_stamp_that_stays_at_level_4,
);

cases!(society::tables(), 1:
    k14_a_rounded_stamp_that_stays_at_level_3 on sqlite postgres mariadb,
    k14_a_rounded_stamp_that_stays_at_level_4 on sqlite postgres mariadb,
    k14_a_unique_key_instead_of_a_primary_one_at_level_1 on mariadb,
    k14_a_unique_key_instead_of_a_primary_one_at_level_2 on mariadb,
    k14_a_unique_key_instead_of_a_primary_one_at_level_3 on mariadb,
    k14_a_unique_key_instead_of_a_primary_one_at_level_4 on mariadb,
    k14_whole_milliseconds_after_a_refused_insert_at_level_1 on sqlite postgres mariadb,
    k14_whole_milliseconds_after_a_refused_insert_at_level_2 on sqlite postgres mariadb,
    k14_whole_milliseconds_after_a_refused_insert_at_level_3 on sqlite postgres mariadb,
    k14_whole_milliseconds_after_a_refused_insert_at_level_4 on sqlite postgres mariadb,
);

/// A strict handle refuses; the one that it was cloned from goes on warning.
async fn k14_strict_belongs_to_its_handle(world: &World) {
    board::populate(world).await;
    let graph = TouchGraph::of::<(board::event::Entity,)>();
    let db = touchable::connect(world.db.clone()).watch(&graph);
    let strict = db.clone().strict();
    let bypass = "UPDATE events SET location = 'raw'";
    strict.execute_unprepared(bypass).await.unwrap_err();
    if let Err(error) = db.execute_unprepared(bypass).await {
        panic!("the other handle refuses too: {error}");
    }
}

cases!(board::tables(), 1: k14_strict_belongs_to_its_handle on sqlite postgres mariadb);
