//! 12: rules with a field list hear of touches when they say so (`on = [.., touch]`).

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, NotSet, QueryFilter, Set,
    sea_query::{Expr, OnConflict},
};
use touchable::{TouchMany, TouchRecord};
use touchable_tests::{
    Connection, Stage, at,
    entities::shop::{self, product, supplier},
    on_every_level,
};

async fn b12_a_touch_goes_on_by_a_rule_with_a_field_list(world: &Stage<'_, impl Connection>) {
    shop::populate(world).await;
    let mut supplier = world.active::<supplier::Entity>(2).await;
    supplier.name = Set("renamed".to_owned());
    world
        .expect_moved(
            &["suppliers 2", "products 2", "categories 2"],
            supplier.update(&world.db),
        )
        .await
        .unwrap();
}

async fn b12_what_the_field_list_leaves_out_fires_nothing(world: &Stage<'_, impl Connection>) {
    shop::populate(world).await;
    let mut product = world.active::<product::Entity>(1).await;
    product.stock = Set(8);
    world
        .expect_moved(&["products 1"], product.update(&world.db))
        .await
        .unwrap();
}

/// By hand, and by the touch column in a save.
async fn b12_a_touch_by_the_application_goes_on(world: &Stage<'_, impl Connection>) {
    shop::populate(world).await;
    let product = world.model::<product::Entity>(1).await;
    world
        .expect_moved(&["products 1", "categories 1"], product.touch(&world.db))
        .await
        .unwrap();
    let mut product = world.active::<product::Entity>(1).await;
    product.updated_at = Set(at(1) + chrono::TimeDelta::days(3_000));
    world
        .expect_moved(&["products 1", "categories 1"], product.update(&world.db))
        .await
        .unwrap();
}

async fn b12_bulk_touches_go_on(world: &Stage<'_, impl Connection>) {
    shop::populate(world).await;
    let update = supplier::Entity::update_many()
        .col_expr(supplier::Column::Name, Expr::value("renamed"))
        .filter(supplier::Column::Id.eq(1))
        .touching();
    world
        .expect_moved(
            &["suppliers 1", "products 1", "products 3", "categories 1"],
            update.exec(&world.db),
        )
        .await
        .unwrap();
}

/// The row's own stamp, which moves with every change, is no touch.
async fn b12_an_upsert_of_what_the_list_leaves_out_fires_nothing(world: &Stage<'_, impl Connection>) {
    shop::populate(world).await;
    let product = product::ActiveModel {
        stock: Set(8),
        updated_at: NotSet,
        ..product(1, 1)
    };
    let conflict = OnConflict::column(product::Column::Id)
        .update_column(product::Column::Stock)
        .to_owned();
    let upsert = product::Entity::insert_many([product])
        .on_conflict(conflict)
        .touching();
    world
        .expect_moved(&["products 1"], upsert.exec_without_returning(&world.db))
        .await
        .unwrap();
}

on_every_level!(shop:
    b12_an_upsert_of_what_the_list_leaves_out_fires_nothing,
    b12_a_touch_goes_on_by_a_rule_with_a_field_list,
    b12_what_the_field_list_leaves_out_fires_nothing,
    b12_a_touch_by_the_application_goes_on,
    b12_bulk_touches_go_on,
);
