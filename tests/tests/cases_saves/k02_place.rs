//! K2: a save is recognised by its place on its connection, so that any number of saves may write the same stamp.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use futures_util::future::join_all;
use sea_orm::{ActiveModelTrait, ColumnTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, Set};
use tokio::{sync::Barrier, task::JoinSet};
use touchable_tests::{
    World, at, cases,
    entities::society::{self, task as tasks},
};

use crate::{
    entities::{
        hooked::{self, MEETING, task as hooked_tasks},
        venues::{self, venue as venue_rows},
    },
    level::{Level, on_level, on_levels},
};

/// A moment above those of the seeds, as an import writes it to all its rows.
fn imported_at() -> sea_orm::prelude::DateTimeUtc {
    at(5_000_001)
}

fn imported(mut task: hooked_tasks::ActiveModel, title: &str) -> hooked_tasks::ActiveModel {
    task.title = Set(title.to_owned());
    task.updated_at = Set(imported_at());
    task
}

async fn two_hooked_tasks(world: &World) -> [hooked_tasks::ActiveModel; 2] {
    world.seed([1, 2].map(hooked::event)).await;
    world.seed([hooked::task(1, 1), hooked::task(2, 2)]).await;
    [
        world.active::<hooked_tasks::Entity>(1).await,
        world.active::<hooked_tasks::Entity>(2).await,
    ]
}

/// Both saves are past touchable's part of `before_save` before either statement is sent.
async fn k02_two_saves_with_one_stamp_at_once(world: &World) {
    let [one, two] = two_hooked_tasks(world).await;
    let db = touchable::connect(world.db.clone());
    let meeting = Arc::new(Barrier::new(2));
    world
        .expect_moved(&["tasks 1", "tasks 2", "events 1", "events 2"], async {
            let (one, two) = tokio::join!(
                MEETING.scope(meeting.clone(), imported(one, "one").update(&db)),
                MEETING.scope(meeting.clone(), imported(two, "two").update(&db)),
            );
            assert_eq!(
                (one.unwrap().title, two.unwrap().title),
                ("one".to_owned(), "two".to_owned())
            );
        })
        .await;
}

/// The application's hook refuses the first save after touchable's part of it.
async fn refused_save_before(world: &World, level: Level) {
    let [one, two] = two_hooked_tasks(world).await;
    // In a plain transaction touches are sent before the statement, and stay where it is never sent: too much.
    let moved: &[&str] = match level {
        Level::Transaction => &["tasks 2", "events 1", "events 2"],
        _ => &["tasks 2", "events 2"],
    };
    world
        .expect_moved(moved, async {
            let saved = on_level!(level, world, |db| async {
                imported(one, hooked_tasks::REFUSED).update(db).await.unwrap_err();
                imported(two, "two").update(db).await
            });
            assert_eq!(saved.unwrap().title, "two");
        })
        .await;
}

on_levels! {
    k02_a_refused_save_before_one_with_its_stamp_at_level_1 = refused_save_before at Connection,
    k02_a_refused_save_before_one_with_its_stamp_at_level_2 = refused_save_before at Transaction,
    k02_a_refused_save_before_one_with_its_stamp_at_level_3 = refused_save_before at TouchConnection,
    k02_a_refused_save_before_one_with_its_stamp_at_level_4 = refused_save_before at TouchTransaction,
}

cases!(hooked::tables(), 3:
    k02_two_saves_with_one_stamp_at_once on sqlite postgres mariadb,
    k02_a_refused_save_before_one_with_its_stamp_at_level_1 on sqlite postgres mariadb,
    k02_a_refused_save_before_one_with_its_stamp_at_level_2 on sqlite postgres mariadb,
    k02_a_refused_save_before_one_with_its_stamp_at_level_3 on sqlite postgres mariadb,
    k02_a_refused_save_before_one_with_its_stamp_at_level_4 on sqlite postgres mariadb,
);

/// The database refuses an insert on a plain connection; what it left behind is not taken by the next with its stamp.
async fn k02_a_refused_insert_before_one_with_its_stamp(world: &World) {
    world.seed([venues::venue(1)]).await;
    let mut without_venue = venues::event(1, 9);
    without_venue.updated_at = Set(imported_at());
    without_venue.insert(&world.db).await.unwrap_err();

    let db = touchable::connect(world.db.clone());
    let mut event = venues::event(2, 1);
    event.updated_at = Set(imported_at());
    event.insert(&db).await.unwrap();
    let touches = world.model::<venue_rows::Entity>(1).await.lock_no;
    assert!(touches == 1, "one new event touched its venue {touches} times");
}

cases!(venues::tables(), 2: k02_a_refused_insert_before_one_with_its_stamp on sqlite postgres mariadb);

/// Eight tasks import their own rows through one connection, all rows with the same stamp.
async fn k02_an_import_by_eight_tasks(world: &World) {
    const TASKS: i32 = 8;
    const ROWS: i32 = 300;
    world
        .seed((0..TASKS * ROWS).map(|id| society::task(id, None, None)))
        .await;
    let db = touchable::connect(world.db.clone());
    let rows = tasks::Entity::find().all(&world.db).await.unwrap();
    let lost = Arc::new(AtomicBool::new(false));
    let imports = (0..TASKS).map(|task| {
        let (db, lost) = (db.clone(), lost.clone());
        let own: Vec<_> = rows
            .iter()
            .filter(|row| row.id % TASKS == task)
            .cloned()
            .collect();
        tokio::spawn(async move {
            for row in own {
                let mut row = tasks::ActiveModel::from(row);
                row.title = Set("imported".to_owned());
                row.updated_at = Set(imported_at());
                let saved = row.update(&db).await.unwrap();
                if saved.title != "imported" {
                    lost.store(true, Relaxed);
                }
                // One lost save tells enough.
                if lost.load(Relaxed) {
                    break;
                }
            }
        })
    });
    for import in join_all(imports).await {
        import.unwrap();
    }
    assert!(!lost.load(Relaxed), "a save returned `Ok` and was not stored");
    let imported = tasks::Entity::find()
        .filter(tasks::Column::Title.eq("imported"))
        .count(&world.db)
        .await
        .unwrap();
    assert_eq!(imported, rows.len() as u64);
}

cases!(society::tables(), 8: k02_an_import_by_eight_tasks on postgres mariadb);

async fn task_of_an_event(world: &World) -> tasks::ActiveModel {
    world.seed([society::event(1)]).await;
    world.seed([society::task(1, Some(1), None)]).await;
    let mut unchanged = world.active::<tasks::Entity>(1).await;
    unchanged.title = Set("a".to_owned());
    unchanged
}

/// Six saves at once set what is stored, many times over.
async fn unchanged_saves_at_once(world: &World, level: Level) {
    let unchanged = task_of_an_event(world).await;
    world
        .expect_moved(&[], async {
            for _ in 0..20 {
                let saves = (0..6).map(|_| {
                    let save = unchanged.clone();
                    async move { on_level!(level, world, |db| save.update(db)) }
                });
                // Whether they succeed is another case.
                join_all(saves).await;
            }
        })
        .await;
}

/// The same from six tasks, on one connection.
async fn k02_unchanged_saves_at_once_succeed(world: &World) {
    let unchanged = task_of_an_event(world).await;
    let db = touchable::connect(world.db.clone());
    let mut saving = JoinSet::new();
    for _ in 0..6 {
        let (db, unchanged) = (db.clone(), unchanged.clone());
        saving.spawn(async move {
            for _ in 0..100 {
                unchanged.clone().update(&db).await?;
            }
            Ok::<_, DbErr>(())
        });
    }
    while let Some(saved) = saving.join_next().await {
        let saved = saved.unwrap();
        assert!(saved.is_ok(), "a save that changes nothing failed: {saved:?}");
    }
}

on_levels! {
    k02_unchanged_saves_at_once_at_level_1 = unchanged_saves_at_once at Connection,
    k02_unchanged_saves_at_once_at_level_2 = unchanged_saves_at_once at Transaction,
    k02_unchanged_saves_at_once_at_level_3 = unchanged_saves_at_once at TouchConnection,
    k02_unchanged_saves_at_once_at_level_4 = unchanged_saves_at_once at TouchTransaction,
}

cases!(society::tables(), 6:
    k02_unchanged_saves_at_once_at_level_1 on sqlite postgres mariadb,
    k02_unchanged_saves_at_once_at_level_2 on sqlite postgres mariadb,
    k02_unchanged_saves_at_once_at_level_3 on sqlite postgres mariadb,
    k02_unchanged_saves_at_once_at_level_4 on sqlite postgres mariadb,
    k02_unchanged_saves_at_once_succeed on postgres mariadb,
);
