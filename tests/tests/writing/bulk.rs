//! 22: updating and deleting many rows.

use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, Set, TransactionTrait, sea_query::Expr};
use touchable::TouchMany;
use touchable_tests::{
    Connection, Stage, World,
    entities::{board, cycle, orders, outer, tags, tree},
    on_every_backend, on_every_level,
};

async fn b22_update_many_touches(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let result = world
        .expect_moved(
            &["events 1", "events 2", "tasks 1", "tasks 2", "tasks 3", "tasks 4"],
            board::event::Entity::update_many()
                .col_expr(board::event::Column::Name, Expr::value("renamed"))
                .filter(board::event::Column::Id.lt(3))
                .touching()
                .exec(&world.db),
        )
        .await
        .unwrap();
    assert_eq!(result.rows_affected, 2);
    assert_eq!(world.model::<board::event::Entity>(2).await.name, "renamed");
}

async fn b22_update_many_of_unwatched_columns_moves_its_rows_only(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let result = world
        .expect_moved(
            &["events 1", "events 2", "events 3"],
            board::event::Entity::update_many()
                .col_expr(board::event::Column::Location, Expr::value("there"))
                .touching()
                .exec(&world.db),
        )
        .await
        .unwrap();
    assert_eq!(result.rows_affected, 3);
}

/// As if each row had been saved: a row that has the value already has not changed.
async fn b22_update_many_judges_every_row(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    world
        .expect_moved(
            &["events 2", "events 3", "tasks 4", "tasks 6"],
            board::event::Entity::update_many()
                .col_expr(board::event::Column::Name, Expr::value("event 1"))
                .touching()
                .exec(&world.db),
        )
        .await
        .unwrap();
}

/// The filter is about the rows as they were: found once, before the update makes it false.
async fn b22_update_many_finds_its_rows_once(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let result = world
        .expect_moved(
            &["events 1", "tasks 1", "tasks 2", "tasks 3"],
            board::event::Entity::update_many()
                .col_expr(board::event::Column::Name, Expr::value("renamed"))
                .filter(board::event::Column::Name.eq("event 1"))
                .touching()
                .exec(&world.db),
        )
        .await
        .unwrap();
    assert_eq!(result.rows_affected, 1);
}

async fn b22_update_many_with_an_active_model(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let values = outer::user::ActiveModel {
        name: Set("everybody".to_owned()),
        ..Default::default()
    };
    world
        .expect_moved(
            &["users 2", "tasks 4", "events 2", "calendars 1"],
            outer::user::Entity::update_many()
                .set(values)
                .filter(outer::user::Column::Id.eq(2))
                .touching()
                .exec(&world.db),
        )
        .await
        .unwrap();
}

/// A value that differs from row to row.
async fn b22_update_many_with_an_expression(world: &Stage<'_, impl Connection>) {
    orders::populate(world).await;
    // Numbers swap between the orders of a region: both the old ones and the new ones are touched.
    let swapped = Expr::value(3).sub(Expr::col(orders::shipment::Column::OrderNumber));
    world
        .expect_moved(
            &["shipments 1", "shipments 2", "orders eu/1", "orders eu/2"],
            orders::shipment::Entity::update_many()
                .col_expr(orders::shipment::Column::OrderNumber, swapped)
                .filter(orders::shipment::Column::Id.lte(2))
                .touching()
                .exec(&world.db),
        )
        .await
        .unwrap();
}

async fn b22_update_many_re_parents(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    world
        .expect_moved(
            &[
                "tasks 1",
                "tasks 2",
                "tasks 5",
                "events 1",
                "events 3",
                "calendars 1",
                "calendars 2",
            ],
            outer::task::Entity::update_many()
                .col_expr(outer::task::Column::EventId, Expr::value(3))
                .filter(outer::task::Column::UserId.eq(1))
                .touching()
                .exec(&world.db),
        )
        .await
        .unwrap();
    world
        .expect_moved(
            &["tasks 4", "events 2", "calendars 1"],
            outer::task::Entity::update_many()
                .col_expr(outer::task::Column::EventId, Expr::value(Option::<i32>::None))
                .filter(outer::task::Column::Id.eq(4))
                .touching()
                .exec(&world.db),
        )
        .await
        .unwrap();
}

async fn b22_update_many_that_matches_nothing(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let result = world
        .expect_moved(
            &[],
            outer::task::Entity::update_many()
                .col_expr(outer::task::Column::Title, Expr::value("nobody's"))
                .filter(outer::task::Column::Id.eq(999))
                .touching()
                .exec(&world.db),
        )
        .await
        .unwrap();
    assert_eq!(result.rows_affected, 0);
}

async fn b22_update_many_ends_its_cycles(world: &Stage<'_, impl Connection>) {
    cycle::populate(world).await;
    world
        .expect_moved(
            &["tasks 1", "tasks 2", "tasks 3", "tasks 4", "events 1", "events 2"],
            cycle::task::Entity::update_many()
                .col_expr(cycle::task::Column::Title, Expr::value("same"))
                .filter(cycle::task::Column::Id.is_in([1, 3]))
                .touching()
                .exec(&world.db),
        )
        .await
        .unwrap();
    for id in [1, 2, 3, 4] {
        assert_eq!(
            world.model::<cycle::task::Entity>(id).await.lock_no,
            2,
            "task {id}"
        );
    }
    for id in [1, 2] {
        assert_eq!(
            world.model::<cycle::event::Entity>(id).await.lock_no,
            2,
            "event {id}"
        );
    }
}

/// Rows of one association that are saved themselves: each parent chain is touched once.
async fn b22_update_many_in_a_tree(world: &Stage<'_, impl Connection>) {
    tree::populate(world).await;
    world
        .expect_moved(
            &["nodes 7", "nodes 5", "nodes 4", "nodes 2", "nodes 1"],
            tree::node::Entity::update_many()
                .col_expr(tree::node::Column::Label, Expr::value("leaf"))
                .filter(tree::node::Column::Id.is_in([5, 7]))
                .touching()
                .exec(&world.db),
        )
        .await
        .unwrap();
}

async fn b22_delete_many_touches(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let result = world
        .expect_moved(
            &[
                "-tasks 1",
                "-tasks 3",
                "events 1",
                "events 3",
                "calendars 1",
                "calendars 2",
            ],
            outer::task::Entity::delete_many()
                .filter(outer::task::Column::Id.is_in([1, 3]))
                .touching()
                .exec(&world.db),
        )
        .await
        .unwrap();
    assert_eq!(result.rows_affected, 2);
}

async fn b22_delete_many_touches_survivors(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let result = world
        .expect_moved(
            &[
                "-events 1",
                "-events 2",
                "tasks 1",
                "tasks 2",
                "tasks 3",
                "tasks 4",
                "-participants 1",
                "-participants 2",
                "-participants 3",
                "-participants 4",
            ],
            board::event::Entity::delete_many()
                .filter(board::event::Column::Id.lt(3))
                .touching()
                .exec(&world.db),
        )
        .await
        .unwrap();
    assert_eq!(result.rows_affected, 2);
}

async fn b22_delete_many_of_junction_rows(world: &Stage<'_, impl Connection>) {
    tags::populate(world).await;
    world
        .expect_moved(
            &["-post_tags 2/1", "-post_tags 2/2", "posts 2", "tags 1", "tags 2"],
            tags::post_tag::Entity::delete_many()
                .filter(tags::post_tag::Column::PostId.eq(2))
                .touching()
                .exec(&world.db),
        )
        .await
        .unwrap();
}

/// Ten rows or a thousand: the same statements.
async fn b22_a_constant_number_of_statements(world: &World) {
    outer::populate(world).await;
    let write = async |first: i32| {
        let rows = outer::task::Column::Id.gte(first);
        let update = world
            .sent(
                outer::task::Entity::update_many()
                    .col_expr(outer::task::Column::Title, Expr::value("bulk"))
                    .filter(rows.clone())
                    .touching()
                    .exec(&world.db),
            )
            .await
            .len();
        let delete = world.sent(
            outer::task::Entity::delete_many()
                .filter(rows)
                .touching()
                .exec(&world.db),
        );
        (update, delete.await.len())
    };
    world.multiply::<outer::task::Entity>(1, 1000, 10).await;
    let few = write(1000).await;
    world.multiply::<outer::task::Entity>(1, 5000, 1000).await;
    let many = write(1000).await;
    assert_eq!(few, many);
    assert!(few.0 <= 8 && few.1 <= 8, "{few:?}");
}

/// Rolled back as a whole with the transaction it runs in, and when it fails itself.
async fn b22_bulk_writes_roll_back(world: &World) {
    outer::populate(world).await;
    let action = async {
        let transaction = world.db.begin().await.unwrap();
        outer::task::Entity::update_many()
            .col_expr(outer::task::Column::Title, Expr::value("never"))
            .touching()
            .exec(&transaction)
            .await
            .unwrap();
        transaction.rollback().await.unwrap();
    };
    world.expect_moved(&[], action).await;
    let stray = outer::task::Entity::update_many()
        .col_expr(outer::task::Column::EventId, Expr::value(999))
        .touching()
        .exec(&world.db);
    world.expect_moved(&[], stray).await.unwrap_err();
}

on_every_level!(board:
    b22_update_many_touches,
    b22_update_many_of_unwatched_columns_moves_its_rows_only,
    b22_update_many_judges_every_row,
    b22_update_many_finds_its_rows_once,
    b22_delete_many_touches_survivors,
);
on_every_level!(outer:
    b22_update_many_with_an_active_model,
    b22_update_many_re_parents,
    b22_update_many_that_matches_nothing,
    b22_delete_many_touches,
);
on_every_backend!(outer:
    b22_a_constant_number_of_statements,
    b22_bulk_writes_roll_back,
);
on_every_level!(orders:
    b22_update_many_with_an_expression,
);
on_every_level!(cycle:
    b22_update_many_ends_its_cycles,
);
on_every_level!(tree:
    b22_update_many_in_a_tree,
);
on_every_level!(tags:
    b22_delete_many_of_junction_rows,
);
