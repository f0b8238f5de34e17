//! K1: what is associated is judged by the stored row, never by the caller's copy.

use sea_orm::{ActiveModelTrait, DbErr, EntityTrait, ModelTrait, Set, TryIntoModel, Unchanged};
use touchable_tests::{
    World, cases,
    entities::{
        orders::{self, shipment as shipments},
        society::{self, task as tasks},
    },
};

use crate::level::{Level, on_level, on_levels};

/// Task 1 of event 1 as it was loaded, before another connection moved it to event 2.
async fn stale_task(world: &World) -> tasks::ActiveModel {
    world.seed([1, 2].map(society::event)).await;
    world.seed([society::task(1, Some(1), None)]).await;
    let stale = world.active::<tasks::Entity>(1).await;
    let mut moved = stale.clone();
    moved.event_id = Set(Some(2));
    moved.update(&world.db).await.unwrap();
    stale
}

async fn stale_foreign_key(world: &World, level: Level) {
    let mut stale = stale_task(world).await;
    stale.title = Set("another".to_owned());
    world
        .expect_moved(&["tasks 1", "events 2"], async {
            on_level!(level, world, |db| stale.update(db)).unwrap();
        })
        .await;
}

on_levels! {
    k01_a_stale_foreign_key_at_level_1 = stale_foreign_key at Connection,
    k01_a_stale_foreign_key_at_level_2 = stale_foreign_key at Transaction,
    k01_a_stale_foreign_key_at_level_3 = stale_foreign_key at TouchConnection,
    k01_a_stale_foreign_key_at_level_4 = stale_foreign_key at TouchTransaction,
}

/// From event 2, where it is stored, to event 3. The copy says event 1.
async fn stale_re_parenting(world: &World, level: Level) {
    let mut stale = stale_task(world).await;
    world.seed([society::event(3)]).await;
    stale.event_id = Set(Some(3));
    world
        .expect_moved(&["tasks 1", "events 2", "events 3"], async {
            on_level!(level, world, |db| stale.update(db)).unwrap();
        })
        .await;
}

on_levels! {
    k01_a_stale_re_parenting_at_level_1 = stale_re_parenting at Connection,
    k01_a_stale_re_parenting_at_level_2 = stale_re_parenting at Transaction,
    k01_a_stale_re_parenting_at_level_3 = stale_re_parenting at TouchConnection,
    k01_a_stale_re_parenting_at_level_4 = stale_re_parenting at TouchTransaction,
}

async fn stale_delete(world: &World, level: Level) {
    let stale = stale_task(world).await.try_into_model().unwrap();
    world
        .expect_moved(&["-tasks 1", "events 2"], async {
            on_level!(level, world, |db| stale.delete(db)).unwrap();
        })
        .await;
}

on_levels! {
    k01_a_stale_delete_at_level_1 = stale_delete at Connection,
    k01_a_stale_delete_at_level_2 = stale_delete at Transaction,
    k01_a_stale_delete_at_level_3 = stale_delete at TouchConnection,
    k01_a_stale_delete_at_level_4 = stale_delete at TouchTransaction,
}

/// `explain` names the rows that the save then touches.
async fn k01_explain_of_a_stale_foreign_key(world: &World) {
    let mut stale = stale_task(world).await;
    stale.title = Set("another".to_owned());
    let explained = touchable::explain(&stale, &world.db).await.unwrap().to_string();
    let expected = "an update of tasks/1 touches 1 row\n  events.updated_at: 2 (by tasks -> event)";
    assert_eq!(explained, expected);
}

/// The row was deleted after it was loaded: SeaORM says so, and nothing was saved.
async fn row_that_is_gone(world: &World, level: Level) {
    world.seed([society::event(1)]).await;
    world.seed([society::task(1, Some(1), None)]).await;
    let mut gone = world.active::<tasks::Entity>(1).await;
    tasks::Entity::delete_by_id(1).exec(&world.db).await.unwrap();
    gone.title = Set("another".to_owned());
    world
        .expect_moved(&[], async {
            let refused = on_level!(level, world, |db| gone.update(db)).unwrap_err();
            assert_eq!(refused, DbErr::RecordNotUpdated);
        })
        .await;
}

on_levels! {
    k01_a_row_that_is_gone_at_level_1 = row_that_is_gone at Connection,
    k01_a_row_that_is_gone_at_level_2 = row_that_is_gone at Transaction,
    k01_a_row_that_is_gone_at_level_3 = row_that_is_gone at TouchConnection,
    k01_a_row_that_is_gone_at_level_4 = row_that_is_gone at TouchTransaction,
}

cases!(society::tables(), 2:
    k01_a_stale_foreign_key_at_level_1 on sqlite postgres mariadb,
    k01_a_stale_foreign_key_at_level_2 on sqlite postgres mariadb,
    k01_a_stale_foreign_key_at_level_3 on sqlite postgres mariadb,
    k01_a_stale_foreign_key_at_level_4 on sqlite postgres mariadb,
    k01_a_stale_re_parenting_at_level_1 on sqlite postgres mariadb,
    k01_a_stale_re_parenting_at_level_2 on sqlite postgres mariadb,
    k01_a_stale_re_parenting_at_level_3 on sqlite postgres mariadb,
    k01_a_stale_re_parenting_at_level_4 on sqlite postgres mariadb,
    k01_a_stale_delete_at_level_1 on sqlite postgres mariadb,
    k01_a_stale_delete_at_level_2 on sqlite postgres mariadb,
    k01_a_stale_delete_at_level_3 on sqlite postgres mariadb,
    k01_a_stale_delete_at_level_4 on sqlite postgres mariadb,
    k01_explain_of_a_stale_foreign_key on sqlite postgres mariadb,
    k01_a_row_that_is_gone_at_level_1 on sqlite postgres mariadb,
    k01_a_row_that_is_gone_at_level_2 on sqlite postgres mariadb,
    k01_a_row_that_is_gone_at_level_3 on sqlite postgres mariadb,
    k01_a_row_that_is_gone_at_level_4 on sqlite postgres mariadb,
);

/// One column of a foreign key of two is set, and the active model holds nothing of the other.
async fn part_of_a_composite_key(world: &World, level: Level) {
    orders::populate(world).await;
    let partial = shipments::ActiveModel {
        id: Unchanged(1),
        order_number: Set(Some(2)),
        ..Default::default()
    };
    world
        .expect_moved(&["shipments 1", "orders eu/1", "orders eu/2"], async {
            on_level!(level, world, |db| partial.update(db)).unwrap();
        })
        .await;
}

on_levels! {
    k01_part_of_a_composite_key_at_level_1 = part_of_a_composite_key at Connection,
    k01_part_of_a_composite_key_at_level_2 = part_of_a_composite_key at Transaction,
    k01_part_of_a_composite_key_at_level_3 = part_of_a_composite_key at TouchConnection,
    k01_part_of_a_composite_key_at_level_4 = part_of_a_composite_key at TouchTransaction,
}

cases!(orders::tables(), 2:
    k01_part_of_a_composite_key_at_level_1 on sqlite postgres mariadb,
    k01_part_of_a_composite_key_at_level_2 on sqlite postgres mariadb,
    k01_part_of_a_composite_key_at_level_3 on sqlite postgres mariadb,
    k01_part_of_a_composite_key_at_level_4 on sqlite postgres mariadb,
);
