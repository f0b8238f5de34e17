//! 16: however many rows, no statement has more parameters than the backend takes.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, Set, prelude::DateTimeUtc, sea_query::Expr,
};
use touchable::{TouchAll, TouchMany};
use touchable_tests::{Backend, Connection, Stage, World, at, entities::outer, on_every_level};

/// More rows than a statement can have parameters.
const fn more_than_can_be_bound(world: &World) -> i32 {
    match world.backend {
        Backend::Sqlite => 33_000,
        Backend::Postgres | Backend::MariaDb => 66_000,
    }
}

/// The stamps of an event and of a task: to read all rows takes longer than to touch them.
async fn event(world: &World, id: i32) -> DateTimeUtc {
    world.model::<outer::event::Entity>(id).await.updated_at
}

async fn task(world: &World, id: i32) -> DateTimeUtc {
    world.model::<outer::task::Entity>(id).await.updated_at
}

async fn b16_bind_limits_in_update_many_and_delete_many(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let count = more_than_can_be_bound(world);
    world.multiply::<outer::event::Entity>(4, 1000, count).await;
    world.multiply::<outer::task::Entity>(4, 1000, count).await;
    let spread = Expr::col(outer::task::Column::Id);
    outer::task::Entity::update_many()
        .col_expr(outer::task::Column::EventId, spread)
        .filter(outer::task::Column::Id.gte(1000))
        .exec(&world.db)
        .await
        .unwrap();

    let updated = outer::task::Entity::update_many()
        .col_expr(outer::task::Column::Title, Expr::value("all of them"))
        .filter(outer::task::Column::Id.gte(1000))
        .touching()
        .exec(&world.db);
    let updated = world.act(updated).await.unwrap();
    assert_eq!(updated.rows_affected, u64::try_from(count).unwrap());
    let (first, last) = (1000, 999 + count);
    let after_update = [event(world, first).await, event(world, last).await];
    assert!(after_update.iter().all(|stamp| *stamp > at(1_000_000)));

    let deleted = outer::task::Entity::delete_many()
        .filter(outer::task::Column::Id.gte(1000))
        .touching()
        .exec(&world.db);
    let deleted = world.act(deleted).await.unwrap();
    assert_eq!(deleted.rows_affected, u64::try_from(count).unwrap());
    assert!(event(world, first).await > after_update[0]);
    assert!(event(world, last).await > after_update[1]);
}

async fn b16_bind_limits_in_touch_all_and_saves(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let count = more_than_can_be_bound(world);
    world.multiply::<outer::task::Entity>(1, 1000, count).await;
    let touched = outer::task::Entity::touch_all(
        outer::task::Entity::find().filter(outer::task::Column::Id.gte(1000)),
        &world.db,
    );
    let touched = world.act(touched).await.unwrap();
    assert!(touched.rows() >= u64::try_from(count).unwrap());
    let (first, last) = (1000, 999 + count);
    let before = [task(world, first).await, task(world, last).await];
    let mut user = world.active::<outer::user::Entity>(1).await;
    user.name = Set("Ada".to_owned());
    world.act(user.update(&world.db)).await.unwrap();
    assert!(task(world, first).await > before[0]);
    assert!(task(world, last).await > before[1]);
}

/// A batch whose rows have a parent each, as large as the backend lets SeaORM insert it.
async fn b16_bind_limits_in_insert_many(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let columns = 5;
    let most = match world.backend {
        Backend::Sqlite => 32_766,
        Backend::Postgres | Backend::MariaDb => 65_535,
    } / columns;
    world.multiply::<outer::event::Entity>(4, 1000, most).await;
    let (first, last) = (1000, 999 + most);
    let before = [event(world, first).await, event(world, last).await];
    let insert =
        outer::task::Entity::insert_many((1000..1000 + most).map(|id| outer::task(id, Some(id), None)))
            .touching()
            .exec(&world.db);
    world.act(insert).await.unwrap();
    assert!(event(world, first).await > before[0]);
    assert!(event(world, last).await > before[1]);
}

on_every_level!(outer:
    b16_bind_limits_in_update_many_and_delete_many,
    b16_bind_limits_in_touch_all_and_saves,
    b16_bind_limits_in_insert_many,
);
