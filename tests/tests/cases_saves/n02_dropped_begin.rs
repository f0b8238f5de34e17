//! N2: a write whose future is dropped leaves nothing on its connection.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, Set, sea_query::Expr};
use touchable::TouchMany;
use touchable_tests::{
    World, cases,
    entities::society::{self, event as events},
};

/// More often than a write waits for an answer.
const WAITS: usize = 12;
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

/// The library opens a transaction for a bulk write; dropped in that moment, it must not stay open for the writes that
/// follow on that connection, nor may the connection stay away from its pool.
async fn n02_a_write_after_one_that_was_dropped(world: &World) {
    world.seed([1, 2].map(society::event)).await;
    let only = world.connect(1).await;
    let db = touchable::connect(only.clone());
    for waits in 0..WAITS {
        let dropped = events::Entity::update_many()
            .col_expr(events::Column::Name, Expr::value(format!("dropped {waits}")))
            .filter(events::Column::Id.eq(1))
            .touching();
        dropped_after(waits, pin!(dropped.exec(&db))).await;
        let mut next = world.active::<events::Entity>(2).await;
        next.location = Set(format!("after {waits}"));
        let saved = tokio::time::timeout(PATIENCE, next.update(&only)).await;
        let saved = saved.unwrap_or_else(|_| panic!("the connection is gone, after {waits} waits"));
        saved.expect("a save");
        let stored = world.model::<events::Entity>(2).await.location;
        assert_eq!(stored, format!("after {waits}"), "answered `Ok` and not stored");
    }
}

cases!(society::tables(), 2: n02_a_write_after_one_that_was_dropped on postgres mariadb);
