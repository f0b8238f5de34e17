//! N2: a write whose future is dropped leaves nothing on its connection.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, Set, TransactionTrait,
    UpdateMany, sea_query::Expr,
};
use touchable::TouchMany;
use touchable_tests::{
    World, cases,
    entities::society::{self, event as events},
};

/// More often than a write waits for an answer.
const WAITS: usize = 12;
const ROUNDS: usize = 12;
/// Longer than a busy machine needs for a save.
const PATIENCE: Duration = Duration::from_secs(4);

/// Polls a future until it has waited so many times, and drops it.
async fn dropped_after(waits: usize, future: impl Future) {
    let mut future = pin!(future);
    let mut left = waits;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Pending if left > 0 => {
            left -= 1;
            Poll::Pending
        }
        Poll::Pending | Poll::Ready(_) => Poll::Ready(()),
    })
    .await;
}

/// Drops writes that have waited so many times, and saves another row on the only connection of the pool each time.
async fn saves_after_dropped_writes(world: &World, write: impl AsyncFn(&DatabaseConnection, usize, usize)) {
    world.seed([1, 2].map(society::event)).await;
    let only = world.connect(1).await;
    for round in 0..ROUNDS {
        for waits in 0..WAITS {
            write(&only, round, waits).await;
            let mut next = world.active::<events::Entity>(2).await;
            next.location = Set(format!("after {round}, {waits}"));
            let saved = tokio::time::timeout(PATIENCE, next.update(&only)).await;
            let saved = saved.unwrap_or_else(|_| panic!("the connection is gone, after {waits} waits"));
            saved.expect("a save");
            let stored = world.model::<events::Entity>(2).await.location;
            assert_eq!(
                stored,
                format!("after {round}, {waits}"),
                "answered `Ok` and not stored"
            );
        }
    }
}

/// Renames event 1 by a statement that is new to the connection in each round.
fn renaming(round: usize, waits: usize) -> UpdateMany<events::Entity> {
    let same = std::iter::repeat_n(1, round + 1);
    events::Entity::update_many()
        .col_expr(events::Column::Name, Expr::value(format!("{round}, {waits}")))
        .filter(events::Column::Id.is_in(same))
}

/// The library opens a transaction for a bulk write; dropped in that moment, it must not stay open for the writes that
/// follow on that connection, nor may the connection stay away from its pool.
async fn n02_a_write_after_one_that_was_dropped(world: &World) {
    let write = async |only: &DatabaseConnection, round, waits| {
        let dropped = renaming(round, waits).touching();
        dropped_after(waits, dropped.exec(&touchable::connect(only.clone()))).await;
    };
    saves_after_dropped_writes(world, write).await;
}

/// An update of SeaORM's own, dropped in a transaction that is dropped then: what the driver does by itself.
async fn n02_control_by_hand(world: &World) {
    let write = async |only: &DatabaseConnection, round, waits| {
        let transaction = only.begin().await.expect("a transaction");
        dropped_after(waits, renaming(round, waits).exec(&transaction)).await;
    };
    saves_after_dropped_writes(world, write).await;
}

cases!(society::tables(), 2:
    n02_a_write_after_one_that_was_dropped on postgres mariadb,
    n02_control_by_hand on postgres mariadb,
);
