//! Behaviour 14: concurrent touches never deadlock.
//!
//! Many writers save in transactions whose touches overlap; not one may be chosen as a deadlock's victim. The controls
//! do the same touches by hand, in no order, and must see some: a test that cannot see a deadlock proves nothing.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use futures_util::future::join_all;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr,
    EntityTrait, ModelTrait, QueryFilter, Set, TransactionTrait, Unchanged,
};
use touchable::{TouchAll, TouchMany};
use touchable_tests::{
    Backend, World,
    entities::{board, cycle, outer},
    on_every_server,
};

const WRITERS: i32 = 12;
const ROUNDS: i32 = 30;

/// A pool in which PostgreSQL looks for deadlocks at once and not after a second.
async fn pool(world: &World) -> DatabaseConnection {
    if world.backend == Backend::Postgres {
        let sql = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = ''20ms''', current_database()); END $$";
        world.db.execute_unprepared(sql).await.unwrap();
    }
    world.connect(WRITERS.unsigned_abs()).await
}

/// A storm that has shown this many deadlocks has shown enough.
const ENOUGH: u32 = 5;

/// Runs every writer's transactions at once and counts those that ended in a deadlock. Any other error is a failure.
async fn deadlocks(
    world: &World,
    write: impl AsyncFn(&DatabaseTransaction, i32, i32) -> Result<(), DbErr>,
) -> u32 {
    let db = pool(world).await;
    let deadlocks = AtomicU32::new(0);
    let (pool, seen, write) = (&db, &deadlocks, &write);
    join_all((0..WRITERS).map(|writer| async move {
        for round in 0..ROUNDS {
            // A victim tries again, as an application would, so that the next round finds what it expects.
            while let Err(error) = attempt(pool, async |db| write(db, writer, round).await).await {
                let is_deadlock = error.to_string().to_lowercase().contains("deadlock");
                assert!(is_deadlock, "writer {writer}, round {round}: {error}");
                if seen.fetch_add(1, Relaxed) >= ENOUGH {
                    return;
                }
            }
        }
    }))
    .await;
    db.close().await.unwrap();
    deadlocks.into_inner()
}

async fn attempt(
    db: &DatabaseConnection,
    write: impl AsyncFn(&DatabaseTransaction) -> Result<(), DbErr>,
) -> Result<(), DbErr> {
    let transaction = db.begin().await.unwrap();
    let outcome = write(&transaction).await;
    match outcome {
        Ok(()) => transaction.commit().await,
        Err(error) => {
            // MariaDB has rolled a victim back already, savepoints and all.
            let _ = transaction.rollback().await;
            Err(error)
        }
    }
}

/// Six users and six events, everybody at every event: half of the users joined in one order, half in the other.
async fn crowd(world: &World) {
    world.seed((1..=6).map(board::event)).await;
    world.seed((1..=6).map(board::user)).await;
    let mut id = 0;
    for user in 1..=6 {
        for nth in 1..=6 {
            id += 1;
            let event = if user % 2 == 0 { nth } else { 7 - nth };
            world.seed([board::participant(id, user, event)]).await;
        }
    }
    world
        .seed((1..=36).map(|id| board::task(id, Some(1 + id % 6), Some(1 + id / 6 % 6))))
        .await;
}

async fn b14_overlapping_many_to_many_touches(world: &World) {
    crowd(world).await;
    let count = deadlocks(world, async |db, writer, round| {
        let user = board::user::ActiveModel {
            id: Unchanged(1 + (writer + round) % 6),
            first_name: Set(format!("writer {writer}, round {round}")),
            ..Default::default()
        };
        user.update(db).await.map(drop)
    })
    .await;
    assert_eq!(count, 0, "deadlocks");
}

/// Users and events at once: both touch tasks.
async fn b14_touches_of_one_table_from_two_sides(world: &World) {
    crowd(world).await;
    let count = deadlocks(world, async |db, writer, round| {
        let id = 1 + (writer * 5 + round) % 6;
        if writer % 2 == 0 {
            let user = board::user::ActiveModel {
                id: Unchanged(id),
                last_name: Set(format!("writer {writer}, round {round}")),
                ..Default::default()
            };
            user.update(db).await.map(drop)
        } else {
            let event = board::event::ActiveModel {
                id: Unchanged(id),
                name: Set(format!("writer {writer}, round {round}")),
                ..Default::default()
            };
            event.update(db).await.map(drop)
        }
    })
    .await;
    assert_eq!(count, 0, "deadlocks");
}

/// The same touches by hand: each user's events one by one, in the order in which the user joined them.
async fn b14_control_touches_by_hand_do_deadlock(world: &World) {
    crowd(world).await;
    let count = deadlocks(world, async |db, writer, round| {
        let user = 1 + (writer + round) % 6;
        let now = chrono::Utc::now();
        let joined = board::participant::Entity::find()
            .filter(board::participant::Column::UserId.eq(user))
            .all(db)
            .await?;
        for participant in joined {
            board::event::Entity::update_many()
                .col_expr(board::event::Column::UpdatedAt, now.into())
                .filter(board::event::Column::Id.eq(participant.event_id))
                .exec(db)
                .await?;
        }
        Ok(())
    })
    .await;
    assert!(count > 0, "the storm is too weak to show a deadlock");
}

async fn calendars(world: &World) {
    world.seed([outer::calendar(1), outer::calendar(2)]).await;
    world
        .seed((1..=4).map(|id| outer::event(id, Some(1 + id % 2))))
        .await;
    world.seed((1..=4).map(outer::user)).await;
    world
        .seed((1..=32).map(|id| outer::task(id, Some(1 + id % 4), Some(1 + id / 4 % 4))))
        .await;
}

/// Everybody adds children to one parent. `InnoDB` gives each a shared lock on it for the foreign key, and to touch it
/// each then needs the exclusive one.
async fn b14_many_children_of_one_parent(world: &World) {
    calendars(world).await;
    let count = deadlocks(world, async |db, writer, round| {
        let id = 1000 + writer * 100 + round;
        outer::task(id, Some(1), Some(1)).insert(db).await.map(drop)
    })
    .await;
    assert_eq!(count, 0, "deadlocks");
    assert_eq!(
        outer::task::Entity::find()
            .filter(outer::task::Column::Id.gte(1000))
            .all(&world.db)
            .await
            .unwrap()
            .len(),
        360
    );
}

/// What the lock on the parent is for: the same by hand deadlocks on MariaDB.
async fn b14_control_children_by_hand(world: &World) {
    calendars(world).await;
    let count = deadlocks(world, async |db, writer, round| {
        let id = 1000 + writer * 100 + round;
        outer::task::Entity::insert_many([outer::task(id, Some(1), Some(1))])
            .exec_without_returning(db)
            .await?;
        outer::event::Entity::update_many()
            .col_expr(outer::event::Column::UpdatedAt, chrono::Utc::now().into())
            .filter(outer::event::Column::Id.eq(1))
            .exec(db)
            .await
            .map(drop)
    })
    .await;
    match world.backend {
        Backend::MariaDb => assert!(count > 0, "the storm is too weak to show a deadlock"),
        // PostgreSQL locks the parent's key only, which a touch leaves alone.
        _ => assert_eq!(count, 0, "deadlocks"),
    }
}

/// Children come, change, move between parents and go.
async fn b14_children_of_many_parents(world: &World) {
    calendars(world).await;
    let count = deadlocks(world, async |db, writer, round| {
        let id = 1000 + writer;
        let event = |turn: i32| Some(1 + (writer + turn) % 4);
        match round % 3 {
            0 => outer::task(id, event(round), None).insert(db).await.map(drop),
            1 => {
                let moved = outer::task::ActiveModel {
                    id: Unchanged(id),
                    event_id: Set(event(round + writer)),
                    ..Default::default()
                };
                moved.update(db).await.map(drop)
            }
            _ => {
                let task = outer::task::Entity::find_by_id(id)
                    .one(db)
                    .await?
                    .expect("the task of round 0");
                task.delete(db).await.map(drop)
            }
        }
    })
    .await;
    assert_eq!(count, 0, "deadlocks");
}

/// Saves at every level of a cascade: users touch tasks, tasks their events, events their calendars.
async fn b14_every_level_of_a_cascade(world: &World) {
    calendars(world).await;
    let count = deadlocks(world, async |db, writer, round| {
        let text = format!("writer {writer}, round {round}");
        let id = Unchanged(1 + (writer * 7 + round) % 4);
        match writer % 3 {
            0 => {
                let user = outer::user::ActiveModel {
                    id,
                    name: Set(text),
                    ..Default::default()
                };
                user.update(db).await.map(drop)
            }
            1 => {
                let event = outer::event::ActiveModel {
                    id,
                    name: Set(text),
                    ..Default::default()
                };
                event.update(db).await.map(drop)
            }
            _ => {
                let id = Unchanged(1 + (writer * 7 + round) % 32);
                let task = outer::task::ActiveModel {
                    id,
                    title: Set(text),
                    ..Default::default()
                };
                task.update(db).await.map(drop)
            }
        }
    })
    .await;
    assert_eq!(count, 0, "deadlocks");
}

/// Rules that run in a circle meet head on: an event is saved and touches its task, while that task is saved and
/// touches the event.
async fn b14_rules_in_a_circle(world: &World) {
    world.seed((1..=3).map(cycle::event)).await;
    world
        .seed((1..=12).map(|id| cycle::task(id, Some(1 + id % 3))))
        .await;
    let count = deadlocks(world, async |db, writer, round| {
        let text = format!("writer {writer}, round {round}");
        if writer % 2 == 0 {
            let id = Unchanged(1 + (writer + round) % 3);
            let event = cycle::event::ActiveModel {
                id,
                name: Set(text),
                ..Default::default()
            };
            event.update(db).await.map(drop)
        } else {
            let id = Unchanged(1 + (writer + round) % 12);
            let task = cycle::task::ActiveModel {
                id,
                title: Set(text),
                ..Default::default()
            };
            task.update(db).await.map(drop)
        }
    })
    .await;
    assert_eq!(count, 0, "deadlocks");
}

/// Bulk writes and explicit touches over the same rows, selected in opposite orders.
async fn b14_bulk_writes_and_explicit_touches(world: &World) {
    use sea_orm::{QueryOrder, sea_query::Expr};

    crowd(world).await;
    let count = deadlocks(world, async |db, writer, round| {
        match writer % 3 {
            0 => board::event::Entity::update_many()
                .col_expr(
                    board::event::Column::Name,
                    Expr::value(format!("writer {writer}, round {round}")),
                )
                .filter(board::event::Column::Id.gte(1 + round % 3))
                .touching()
                .exec(db)
                .await
                .map(drop)?,
            1 => board::event::Entity::touch_all(
                board::event::Entity::find().order_by_desc(board::event::Column::Id),
                db,
            )
            .await
            .map(drop)?,
            _ => {
                let user = board::user::ActiveModel {
                    id: Unchanged(1 + round % 6),
                    first_name: Set(format!("writer {writer}, round {round}")),
                    ..Default::default()
                };
                user.update(db).await.map(drop)?;
            }
        }
        Ok(())
    })
    .await;
    assert_eq!(count, 0, "deadlocks");
}

on_every_server!(board, 2:
    b14_overlapping_many_to_many_touches,
    b14_touches_of_one_table_from_two_sides,
    b14_control_touches_by_hand_do_deadlock,
    b14_bulk_writes_and_explicit_touches,
);
on_every_server!(outer, 2:
    b14_many_children_of_one_parent,
    b14_control_children_by_hand,
    b14_children_of_many_parents,
    b14_every_level_of_a_cascade,
);
on_every_server!(cycle, 2: b14_rules_in_a_circle);
