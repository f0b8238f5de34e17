//! K4: the condition of an association is asked on both sides of a change.

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, Set, sea_query::Expr};
use touchable::TouchMany;
use touchable_tests::{World, cases};

use crate::{
    entities::remarks::{self, pin, remark},
    level::{Level, on_level, on_levels},
};

/// From post 1 to post 2, by the only rule there is.
async fn foreign_key(world: &World, level: Level) {
    remarks::populate(world).await;
    let mut pin = world.active::<pin::Entity>(1).await;
    pin.post_id = Set(2);
    world
        .expect_moved(&["pins 1", "posts 1", "posts 2"], async {
            on_level!(level, world, |db| pin.update(db)).unwrap();
        })
        .await;
}

/// From post 1 to post 2; photos of these keys stay.
async fn polymorphic_key(world: &World, level: Level) {
    remarks::populate(world).await;
    let mut remark = world.active::<remark::Entity>(1).await;
    remark.target_id = Set(2);
    world
        .expect_moved(&["remarks 1", "posts 1", "posts 2"], async {
            on_level!(level, world, |db| remark.update(db)).unwrap();
        })
        .await;
}

/// From post 1 to photo 1.
async fn type_column(world: &World, level: Level) {
    remarks::populate(world).await;
    let mut remark = world.active::<remark::Entity>(1).await;
    remark.kind = Set("photo".to_owned());
    world
        .expect_moved(&["remarks 1", "posts 1", "photos 1"], async {
            on_level!(level, world, |db| remark.update(db)).unwrap();
        })
        .await;
}

on_levels! {
    k04_a_foreign_key_under_a_condition_at_level_1 = foreign_key at Connection,
    k04_a_foreign_key_under_a_condition_at_level_2 = foreign_key at Transaction,
    k04_a_foreign_key_under_a_condition_at_level_3 = foreign_key at TouchConnection,
    k04_a_foreign_key_under_a_condition_at_level_4 = foreign_key at TouchTransaction,
    k04_a_polymorphic_key_at_level_1 = polymorphic_key at Connection,
    k04_a_polymorphic_key_at_level_2 = polymorphic_key at Transaction,
    k04_a_polymorphic_key_at_level_3 = polymorphic_key at TouchConnection,
    k04_a_polymorphic_key_at_level_4 = polymorphic_key at TouchTransaction,
    k04_a_type_column_at_level_1 = type_column at Connection,
    k04_a_type_column_at_level_2 = type_column at Transaction,
    k04_a_type_column_at_level_3 = type_column at TouchConnection,
    k04_a_type_column_at_level_4 = type_column at TouchTransaction,
}

async fn k04_a_foreign_key_under_a_condition_in_bulk(world: &World) {
    remarks::populate(world).await;
    let update = pin::Entity::update_many()
        .col_expr(pin::Column::PostId, Expr::value(2))
        .filter(pin::Column::Id.eq(1))
        .touching();
    world
        .expect_moved(&["pins 1", "posts 1", "posts 2"], update.exec(&world.db))
        .await
        .unwrap();
}

async fn k04_a_polymorphic_key_in_bulk(world: &World) {
    remarks::populate(world).await;
    let update = remark::Entity::update_many()
        .col_expr(remark::Column::TargetId, Expr::value(2))
        .filter(remark::Column::Id.eq(1))
        .touching();
    world
        .expect_moved(&["remarks 1", "posts 1", "posts 2"], update.exec(&world.db))
        .await
        .unwrap();
}

async fn k04_a_type_column_in_bulk(world: &World) {
    remarks::populate(world).await;
    let update = remark::Entity::update_many()
        .col_expr(remark::Column::Kind, Expr::value("photo"))
        .filter(remark::Column::Id.eq(1))
        .touching();
    world
        .expect_moved(&["remarks 1", "posts 1", "photos 1"], update.exec(&world.db))
        .await
        .unwrap();
}

cases!(remarks::tables(), 2:
    k04_a_foreign_key_under_a_condition_at_level_1 on sqlite postgres mariadb,
    k04_a_foreign_key_under_a_condition_at_level_2 on sqlite postgres mariadb,
    k04_a_foreign_key_under_a_condition_at_level_3 on sqlite postgres mariadb,
    k04_a_foreign_key_under_a_condition_at_level_4 on sqlite postgres mariadb,
    k04_a_foreign_key_under_a_condition_in_bulk on sqlite postgres mariadb,
    k04_a_polymorphic_key_at_level_1 on sqlite postgres mariadb,
    k04_a_polymorphic_key_at_level_2 on sqlite postgres mariadb,
    k04_a_polymorphic_key_at_level_3 on sqlite postgres mariadb,
    k04_a_polymorphic_key_at_level_4 on sqlite postgres mariadb,
    k04_a_polymorphic_key_in_bulk on sqlite postgres mariadb,
    k04_a_type_column_at_level_1 on sqlite postgres mariadb,
    k04_a_type_column_at_level_2 on sqlite postgres mariadb,
    k04_a_type_column_at_level_3 on sqlite postgres mariadb,
    k04_a_type_column_at_level_4 on sqlite postgres mariadb,
    k04_a_type_column_in_bulk on sqlite postgres mariadb,
);
