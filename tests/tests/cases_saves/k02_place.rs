//! K2: a save is recognised by its place on its connection, so that any number of saves may write the same stamp.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use futures_util::future::join_all;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, Set,
    TransactionTrait, Unchanged, sea_query::Expr,
};
use tokio::{sync::Barrier, task::JoinSet};
use touchable::no_touching;
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

/// What the application's hook has refused is never sent. A write of another row, without hooks, is not taken for it: a strict
/// connection refuses it.
async fn refused_save_before_a_bypass(world: &World, level: Level, write: Write) {
    let [mut one, _] = two_hooked_tasks(world).await;
    one.title = Set(hooked_tasks::REFUSED.to_owned());
    let strict = touchable::connect(world.db.clone()).strict();
    let refused = if level == Level::TouchConnection {
        bypass(&strict, one, write).await
    } else {
        bypass(&strict.begin().await.unwrap(), one, write).await
    };
    let refused = refused.is_err_and(|error| touchable::Error::from(error).is_bypass());
    assert!(refused, "the write was taken for the save that was refused");
}

#[derive(Clone, Copy)]
enum Write {
    Insert,
    Update,
    Delete,
}

async fn bypass(
    db: &impl ConnectionTrait,
    mut task: hooked_tasks::ActiveModel,
    write: Write,
) -> Result<(), DbErr> {
    match write {
        Write::Insert => {
            task.id = Set(3);
            task.reset_all().insert(db).await.unwrap_err();
            hooked_tasks::Entity::insert(hooked::task(4, 2))
                .exec_without_returning(db)
                .await
                .map(drop)
        }
        Write::Update => {
            task.update(db).await.unwrap_err();
            hooked_tasks::Entity::update_many()
                .col_expr(hooked_tasks::Column::Title, Expr::value("two"))
                .filter(hooked_tasks::Column::Id.eq(2))
                .exec(db)
                .await
                .map(drop)
        }
        Write::Delete => {
            task.delete(db).await.unwrap_err();
            hooked_tasks::Entity::delete_by_id(2).exec(db).await.map(drop)
        }
    }
}

macro_rules! refused_before_a_bypass {
    ($($case:ident = $write:ident at $level:ident),+ $(,)?) => {
        $(
            async fn $case(world: &World) {
                refused_save_before_a_bypass(world, Level::$level, Write::$write).await;
            }
        )+
        cases!(hooked::tables(), 3: $($case on sqlite postgres mariadb),+);
    };
}

refused_before_a_bypass! {
    k02_a_refused_insert_before_a_bypass_at_level_3 = Insert at TouchConnection,
    k02_a_refused_insert_before_a_bypass_at_level_4 = Insert at TouchTransaction,
    k02_a_refused_update_before_a_bypass_at_level_3 = Update at TouchConnection,
    k02_a_refused_update_before_a_bypass_at_level_4 = Update at TouchTransaction,
    k02_a_refused_delete_before_a_bypass_at_level_3 = Delete at TouchConnection,
    k02_a_refused_delete_before_a_bypass_at_level_4 = Delete at TouchTransaction,
}

/// … nor the same row's write on another connection.
async fn k02_a_refused_save_before_a_bypass_elsewhere(world: &World) {
    let [mut one, _] = two_hooked_tasks(world).await;
    one.title = Set(hooked_tasks::REFUSED.to_owned());
    one.update(&touchable::connect(world.db.clone()))
        .await
        .unwrap_err();
    let other = touchable::connect(world.db.clone()).strict();
    let bypass = hooked_tasks::Entity::update_many()
        .col_expr(hooked_tasks::Column::Title, Expr::value("one"))
        .filter(hooked_tasks::Column::Id.eq(1))
        .exec(&other)
        .await;
    assert!(touchable::Error::from(bypass.unwrap_err()).is_bypass());
}

/// Two tasks save one row with one stamp, one of them without touching: both are past touchable's part of `before_save` before
/// either statement is sent. Each is taken for itself.
async fn k02_two_saves_of_one_row_with_one_stamp_at_once(world: &World) {
    two_hooked_tasks(world).await;
    let db = touchable::connect(world.db.clone());
    for round in 0..20 {
        let meeting = Arc::new(Barrier::new(2));
        let save = |event: Option<i32>| {
            let (db, meeting) = (db.clone(), meeting.clone());
            let mut task = hooked_tasks::ActiveModel {
                id: Unchanged(1),
                updated_at: Set(at(5_000_001 + round)),
                ..Default::default()
            };
            match event {
                Some(event) => task.event_id = Set(event),
                None => task.title = Set(format!("round {round}")),
            }
            MEETING.scope(meeting, async move { task.update(&db).await.map(drop) })
        };
        let before = world.moments().await;
        let moved = tokio::spawn(save(Some(1 + i32::from(round % 2 == 0))));
        let quiet = tokio::spawn(no_touching(save(None)));
        moved.await.unwrap().unwrap();
        quiet.await.unwrap().unwrap();
        let moved = before.moved(&world.moments().await);
        let both = ["events 1", "events 2"].map(|event| moved.contains(event));
        assert_eq!(both, [true, true], "{moved:?} in round {round}");
    }
}

cases!(hooked::tables(), 3:
    k02_a_refused_save_before_a_bypass_elsewhere on sqlite postgres mariadb,
    k02_two_saves_of_one_row_with_one_stamp_at_once on postgres mariadb,
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
