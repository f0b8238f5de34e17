//! 47: a column that deletes a row fires the rules of a deletion, and those of a creation when it is cleared.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, NotSet, QueryFilter, Set, Unchanged,
    prelude::DateTimeUtc,
    sea_query::{Expr, OnConflict},
};
use touchable::TouchMany;
use touchable_tests::{
    Connection, Stage, World, at,
    entities::shop::{self, draft, product},
    on_every_level, on_every_server,
};

/// The product's rules leave the column out, and one hears of deletions only.
async fn b47_setting_the_column_fires_the_rules_of_a_delete(world: &Stage<'_, impl Connection>) {
    shop::populate(world).await;
    let mut product = world.active::<product::Entity>(1).await;
    product.deleted_at = Set(Some(at(9)));
    world
        .expect_moved(
            &["products 1", "products 1.deleted_at", "categories 1", "reviews 1"],
            product.update(&world.db),
        )
        .await
        .unwrap();
}

async fn b47_clearing_it_fires_the_rules_of_a_creation(world: &Stage<'_, impl Connection>) {
    shop::populate(world).await;
    let product = product::ActiveModel {
        id: Unchanged(3),
        deleted_at: Set(None),
        ..Default::default()
    };
    world
        .expect_moved(&["products 3", "categories 1"], product.update(&world.db))
        .await
        .unwrap();
}

/// Deleted before and after: neither. And a value that is stored already changes nothing.
async fn b47_another_time_of_deletion_fires_neither(world: &Stage<'_, impl Connection>) {
    shop::populate(world).await;
    let mut product = world.active::<product::Entity>(3).await;
    product.deleted_at = Set(Some(at(8)));
    world
        .expect_moved(
            &["products 3", "products 3.deleted_at"],
            product.update(&world.db),
        )
        .await
        .unwrap();
    let product = product::ActiveModel {
        id: Unchanged(3),
        deleted_at: Set(Some(at(8))),
        ..Default::default()
    };
    world.expect_moved(&[], product.update(&world.db)).await.unwrap();
}

/// The model was loaded before somebody else deleted the row.
async fn b47_a_stale_model_is_judged_by_the_stored_row(world: &Stage<'_, impl Connection>) {
    shop::populate(world).await;
    let mut loaded = world.model::<product::Entity>(3).await;
    loaded.deleted_at = None;
    let mut product: product::ActiveModel = loaded.into();
    product.deleted_at = Set(Some(at(8)));
    world
        .expect_moved(
            &["products 3", "products 3.deleted_at"],
            product.update(&world.db),
        )
        .await
        .unwrap();
}

async fn b47_deleted_and_moved_at_once(world: &Stage<'_, impl Connection>) {
    shop::populate(world).await;
    let mut product = world.active::<product::Entity>(1).await;
    product.deleted_at = Set(Some(at(9)));
    product.category_id = Set(2);
    world
        .expect_moved(
            &[
                "products 1",
                "products 1.deleted_at",
                "categories 1",
                "categories 2",
                "reviews 1",
            ],
            product.update(&world.db),
        )
        .await
        .unwrap();
}

/// Of three rows one is deleted already.
async fn b47_in_bulk(world: &Stage<'_, impl Connection>) {
    shop::populate(world).await;
    let delete = product::Entity::update_many()
        .col_expr(product::Column::DeletedAt, Expr::value(Some(at(9))))
        .filter(product::Column::Id.is_in([2, 3]))
        .touching();
    world
        .expect_moved(
            &[
                "products 2",
                "products 2.deleted_at",
                "products 3",
                "products 3.deleted_at",
                "categories 2",
                "reviews 2",
            ],
            delete.exec(&world.db),
        )
        .await
        .unwrap();
    let restore = product::Entity::update_many()
        .col_expr(
            product::Column::DeletedAt,
            Expr::value(Option::<DateTimeUtc>::None),
        )
        .touching();
    world
        .expect_moved(
            &["products 2", "products 3", "categories 1", "categories 2"],
            restore.exec(&world.db),
        )
        .await
        .unwrap();
}

/// The category that has listed it, and the one that it went to.
async fn b47_deleted_and_moved_at_once_where_every_set_counts(world: &Stage<'_, impl Connection>) {
    shop::populate(world).await;
    let draft = draft::ActiveModel {
        id: Unchanged(1),
        deleted_at: Set(Some(at(9))),
        category_id: Set(2),
        ..Default::default()
    };
    world
        .expect_moved(
            &["drafts 1", "drafts 1.deleted_at", "categories 1", "categories 2"],
            draft.update(&world.db),
        )
        .await
        .unwrap();
}

/// Moved without being deleted: no rule hears of that.
async fn b47_moved_only(world: &Stage<'_, impl Connection>) {
    shop::populate(world).await;
    let draft = draft::ActiveModel {
        id: Unchanged(1),
        category_id: Set(2),
        ..Default::default()
    };
    world
        .expect_moved(&["drafts 1"], draft.update(&world.db))
        .await
        .unwrap();
}

async fn b47_in_an_upsert(world: &Stage<'_, impl Connection>) {
    shop::populate(world).await;
    let upsert = |deleted: Option<DateTimeUtc>| {
        let product = product::ActiveModel {
            deleted_at: Set(deleted),
            updated_at: NotSet,
            ..product(2, 2)
        };
        let conflict = OnConflict::column(product::Column::Id)
            .update_column(product::Column::DeletedAt)
            .to_owned();
        product::Entity::insert_many([product])
            .on_conflict(conflict)
            .touching()
    };
    world
        .expect_moved(
            &["products 2", "products 2.deleted_at", "categories 2", "reviews 2"],
            upsert(Some(at(9))).exec_without_returning(&world.db),
        )
        .await
        .unwrap();
    world
        .expect_moved(
            &["products 2", "categories 2"],
            upsert(None).exec_without_returning(&world.db),
        )
        .await
        .unwrap();
}

/// What the default is only the database knows: every rule that may hear of it fires. SQLite has no such word.
async fn b47_the_default_of_the_column(world: &World) {
    shop::populate(world).await;
    let restore = product::Entity::update_many()
        .col_expr(product::Column::DeletedAt, Expr::cust("DEFAULT"))
        .filter(product::Column::Id.eq(3))
        .touching();
    world
        .expect_moved(
            &["products 3", "categories 1", "reviews 3"],
            restore.exec(&world.db),
        )
        .await
        .unwrap();
}

on_every_server!(shop, 1: b47_the_default_of_the_column);
on_every_level!(shop:
    b47_deleted_and_moved_at_once_where_every_set_counts,
    b47_moved_only,
    b47_in_an_upsert,
    b47_setting_the_column_fires_the_rules_of_a_delete,
    b47_clearing_it_fires_the_rules_of_a_creation,
    b47_another_time_of_deletion_fires_neither,
    b47_a_stale_model_is_judged_by_the_stored_row,
    b47_deleted_and_moved_at_once,
    b47_in_bulk,
);
