//! Behaviours 21 to 25: the other ways to write.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityLoaderTrait, EntityTrait, ExprTrait, IntoActiveModel, ModelTrait,
    NotSet, QueryFilter, QueryOrder, QuerySelect, Set, TransactionTrait, Unchanged,
    sea_query::{Expr, OnConflict},
};
use touchable::{TouchMany, TouchRecord, Touchable, no_touching, no_touching_on};
use touchable_tests::{
    World,
    entities::{board, cycle, orders, outer, society, tags, tree},
    on_every_backend,
};

/// `save` inserts and updates; both are covered.
async fn b21_save(world: &World) {
    outer::populate(world).await;
    let db = &world.db;
    let new = outer::task::ActiveModel {
        id: NotSet,
        ..outer::task(0, Some(1), None)
    };
    let mut task = world
        .expect_moved(&["+tasks 6", "events 1", "calendars 1"], new.save(db))
        .await
        .unwrap();
    task.title = Set("retitled".to_owned());
    world
        .expect_moved(&["tasks 6", "events 1", "calendars 1"], task.save(db))
        .await
        .unwrap();
}

/// `ActiveModel::delete` and `Model::delete`.
async fn b21_delete(world: &World) {
    outer::populate(world).await;
    let db = &world.db;
    let task = world.active::<outer::task::Entity>(1).await;
    world
        .expect_moved(&["-tasks 1", "events 1", "calendars 1"], task.delete(db))
        .await
        .unwrap();
    let task = world.model::<outer::task::Entity>(2).await;
    world
        .expect_moved(&["-tasks 2", "events 1", "calendars 1"], task.delete(db))
        .await
        .unwrap();
}

async fn b21_active_model_ex(world: &World) {
    outer::populate(world).await;
    let db = &world.db;
    let new = outer::task::ActiveModel::builder()
        .set_id(9)
        .set_title("built")
        .set_event_id(Some(2))
        .set_user_id(None);
    let task = world
        .expect_moved(&["+tasks 9", "events 2", "calendars 1"], new.insert(db))
        .await
        .unwrap();
    let mut task = task.into_active_model();
    task.title = Set("rebuilt".to_owned());
    let task = world
        .expect_moved(&["tasks 9", "events 2", "calendars 1"], task.update(db))
        .await
        .unwrap();
    world
        .expect_moved(&["-tasks 9", "events 2", "calendars 1"], task.delete(db))
        .await
        .unwrap();
}

/// An event with its tasks in one call, then one of them changed through it.
async fn b21_nested_has_many(world: &World) {
    outer::populate(world).await;
    let db = &world.db;
    let event = outer::event::ActiveModel::builder()
        .set_id(9)
        .set_name("gala")
        .set_calendar_id(Some(2))
        .add_task(
            outer::task::ActiveModel::builder()
                .set_id(21)
                .set_title("a")
                .set_user_id(None),
        )
        .add_task(
            outer::task::ActiveModel::builder()
                .set_id(22)
                .set_title("b")
                .set_user_id(None),
        );
    world
        .expect_moved(
            &["+events 9", "+tasks 21", "+tasks 22", "calendars 2"],
            event.insert(db),
        )
        .await
        .unwrap();

    let loaded = outer::event::Entity::load()
        .filter_by_id(9)
        .with(outer::task::Entity)
        .one(db)
        .await
        .unwrap()
        .expect("event 9");
    let mut event = loaded.into_active_model();
    event.tasks[0].title = Set("changed".to_owned());
    world
        .expect_moved(&["tasks 21", "events 9", "calendars 2"], event.save(db))
        .await
        .unwrap();
}

/// Linking and creating tags through the post: the junction's hooks touch both ends.
async fn b21_nested_many_to_many(world: &World) {
    tags::populate(world).await;
    let db = &world.db;
    let post = world
        .model::<tags::post::Entity>(4)
        .await
        .into_active_model()
        .into_ex();
    let tag = world.model::<tags::tag::Entity>(3).await;
    world
        .expect_moved(
            &["+post_tags 4/3", "posts 4", "tags 3"],
            post.add_tag(tag.into_ex()).save(db),
        )
        .await
        .unwrap();
}

/// Everything that belongs to the row goes with it, and what lies around it is touched.
async fn b21_cascade_delete(world: &World) {
    world.seed([society::event(1), society::event(2)]).await;
    world.seed([society::user(1), society::user(2)]).await;
    world
        .seed([
            society::task(1, Some(2), Some(1)),
            society::task(2, None, Some(2)),
        ])
        .await;
    world
        .seed([society::participant(1, 1), society::participant(2, 1)])
        .await;
    let user = world.model::<society::user::Entity>(1).await;
    world
        .expect_moved(
            &["-users 1", "-participants 1/1", "tasks 1", "events 1", "events 2"],
            user.cascade_delete(&world.db),
        )
        .await
        .unwrap();
}

/// SeaORM deletes the junction's rows before the row's own hooks run: a many-to-many rule finds nobody then. Rules on
/// the junction, as in the test above, close the gap; a plain delete under `CASCADE` has none.
async fn b21_cascade_delete_cannot_follow_links_that_are_gone(world: &World) {
    board::populate(world).await;
    let user = world.model::<board::user::Entity>(1).await;
    world
        .expect_moved(
            &[
                "-users 1",
                "tasks 1",
                "tasks 2",
                "tasks 5",
                "-participants 1",
                "-participants 2",
            ],
            user.cascade_delete(&world.db),
        )
        .await
        .unwrap();
    let user = world.model::<board::user::Entity>(2).await;
    world
        .expect_moved(
            &[
                "-users 2",
                "tasks 3",
                "tasks 4",
                "-participants 3",
                "-participants 4",
                "events 1",
                "events 2",
            ],
            user.delete(&world.db),
        )
        .await
        .unwrap();
}

/// The children go first: they touch the parent that is about to go, and its own parent once more.
async fn b21_cascade_delete_with_rules_on_the_children(world: &World) {
    outer::populate(world).await;
    let event = world.model::<outer::event::Entity>(1).await;
    world
        .expect_moved(
            &["-events 1", "tasks 1", "tasks 2", "calendars 1"],
            event.cascade_delete(&world.db),
        )
        .await
        .unwrap();
}

async fn b21_in_a_transaction(world: &World) {
    outer::populate(world).await;
    let action = async {
        let transaction = world.db.begin().await.unwrap();
        outer::task(9, Some(3), None).insert(&transaction).await.unwrap();
        let task = outer::task::Entity::find_by_id(4)
            .one(&transaction)
            .await
            .unwrap()
            .unwrap();
        let mut task = task.into_active_model();
        task.title = Set("retitled".to_owned());
        task.update(&transaction).await.unwrap();
        transaction.commit().await.unwrap();
    };
    world
        .expect_moved(
            &[
                "+tasks 9",
                "tasks 4",
                "events 2",
                "events 3",
                "calendars 1",
                "calendars 2",
            ],
            action,
        )
        .await;
}

on_every_backend!(outer:
    b21_save,
    b21_delete,
    b21_active_model_ex,
    b21_nested_has_many,
    b21_cascade_delete_with_rules_on_the_children,
    b21_in_a_transaction,
);
on_every_backend!(tags: b21_nested_many_to_many);
on_every_backend!(society: b21_cascade_delete);
on_every_backend!(board: b21_cascade_delete_cannot_follow_links_that_are_gone);

async fn b22_update_many_touches(world: &World) {
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

async fn b22_update_many_of_unwatched_columns_moves_its_rows_only(world: &World) {
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
async fn b22_update_many_judges_every_row(world: &World) {
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
async fn b22_update_many_finds_its_rows_once(world: &World) {
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

async fn b22_update_many_with_an_active_model(world: &World) {
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
async fn b22_update_many_with_an_expression(world: &World) {
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

async fn b22_update_many_re_parents(world: &World) {
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

async fn b22_update_many_that_matches_nothing(world: &World) {
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

async fn b22_update_many_ends_its_cycles(world: &World) {
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
async fn b22_update_many_in_a_tree(world: &World) {
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

async fn b22_delete_many_touches(world: &World) {
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

async fn b22_delete_many_touches_survivors(world: &World) {
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

async fn b22_delete_many_of_junction_rows(world: &World) {
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

on_every_backend!(board:
    b22_update_many_touches,
    b22_update_many_of_unwatched_columns_moves_its_rows_only,
    b22_update_many_judges_every_row,
    b22_update_many_finds_its_rows_once,
    b22_delete_many_touches_survivors,
);
on_every_backend!(outer:
    b22_update_many_with_an_active_model,
    b22_update_many_re_parents,
    b22_update_many_that_matches_nothing,
    b22_delete_many_touches,
    b22_a_constant_number_of_statements,
    b22_bulk_writes_roll_back,
);
on_every_backend!(orders: b22_update_many_with_an_expression);
on_every_backend!(cycle: b22_update_many_ends_its_cycles);
on_every_backend!(tree: b22_update_many_in_a_tree);
on_every_backend!(tags: b22_delete_many_of_junction_rows);

async fn b23_insert_many_touches_the_parents(world: &World) {
    outer::populate(world).await;
    world
        .expect_moved(
            &[
                "+tasks 11",
                "+tasks 12",
                "+tasks 13",
                "events 1",
                "events 2",
                "calendars 1",
            ],
            outer::task::Entity::insert_many([
                outer::task(11, Some(1), None),
                outer::task(12, Some(2), None),
                outer::task(13, None, None),
            ])
            .touching()
            .exec(&world.db),
        )
        .await
        .unwrap();
}

/// Once each: the version says how often.
async fn b23_parents_are_touched_once(world: &World) {
    cycle::populate(world).await;
    let new = (11..20).map(|id| cycle::task(id, Some(1)));
    cycle::task::Entity::insert_many(new)
        .touching()
        .exec(&world.db)
        .await
        .unwrap();
    assert_eq!(world.model::<cycle::event::Entity>(1).await.lock_no, 2);
    assert_eq!(world.model::<cycle::event::Entity>(2).await.lock_no, 1);
}

/// Rows without a stamp or a key get both.
async fn b23_new_rows_are_stamped(world: &World) {
    outer::populate(world).await;
    let new = |title: &str| outer::task::ActiveModel {
        id: NotSet,
        title: Set(title.to_owned()),
        event_id: Set(Some(3)),
        user_id: Set(None),
        updated_at: NotSet,
    };
    world
        .expect_moved(
            &["+tasks 6", "+tasks 7", "events 3", "calendars 2"],
            outer::task::Entity::insert_many([new("a"), new("b")])
                .touching()
                .exec(&world.db),
        )
        .await
        .unwrap();
    let moments = world.moments().await;
    for task in ["tasks 6", "tasks 7"] {
        assert!(
            moments.micros(task) > moments.micros("tasks 1"),
            "{task} has a fresh stamp"
        );
        assert!(moments.micros("events 3") >= moments.micros(task));
    }
}

async fn b23_insert_many_of_junction_rows(world: &World) {
    tags::populate(world).await;
    world
        .expect_moved(
            &["+post_tags 4/1", "+post_tags 4/2", "posts 4", "tags 1", "tags 2"],
            tags::post_tag::Entity::insert_many([tags::post_tag(4, 1), tags::post_tag(4, 2)])
                .touching()
                .exec(&world.db),
        )
        .await
        .unwrap();
}

async fn b23_a_failed_batch_touches_nobody(world: &World) {
    outer::populate(world).await;
    let batch =
        outer::task::Entity::insert_many([outer::task(11, Some(1), None), outer::task(12, Some(999), None)]);
    world
        .expect_moved(&[], batch.touching().exec(&world.db))
        .await
        .unwrap_err();
}

/// Rows that were there already are left alone, and the parents of those that were not are touched.
async fn b23_insert_many_on_conflict(world: &World) {
    tags::populate(world).await;
    let conflict = OnConflict::columns([tags::post_tag::Column::PostId, tags::post_tag::Column::TagId])
        .do_nothing_on([tags::post_tag::Column::PostId])
        .to_owned();
    let before = world.moments().await;
    tags::post_tag::Entity::insert_many([tags::post_tag(1, 1), tags::post_tag(4, 3)])
        .on_conflict(conflict)
        .touching()
        .exec(&world.db)
        .await
        .unwrap();
    let moved = before.moved(&world.moments().await);
    for row in ["+post_tags 4/3", "posts 4", "tags 3"] {
        assert!(moved.contains(row), "{row} is not among {moved:?}");
    }
    for row in ["posts 2", "posts 3", "tags 2"] {
        assert!(!moved.contains(row), "{row} is among {moved:?}");
    }
}

async fn b23_the_same_statements_for_any_batch(world: &World) {
    outer::populate(world).await;
    let insert = async |range: std::ops::Range<i32>| {
        let batch = outer::task::Entity::insert_many(range.map(|id| outer::task(id, Some(1 + id % 3), None)));
        world.sent(batch.touching().exec(&world.db)).await.len()
    };
    assert_eq!(insert(100..103).await, insert(200..800).await);
}

on_every_backend!(outer:
    b23_insert_many_touches_the_parents,
    b23_new_rows_are_stamped,
    b23_a_failed_batch_touches_nobody,
    b23_the_same_statements_for_any_batch,
);
on_every_backend!(cycle: b23_parents_are_touched_once);
on_every_backend!(tags: b23_insert_many_of_junction_rows, b23_insert_many_on_conflict);

async fn b24_touch_cascades(world: &World) {
    outer::populate(world).await;
    let task = world.model::<outer::task::Entity>(3).await;
    let touched = world
        .expect_moved(&["tasks 3", "events 3", "calendars 2"], task.touch(&world.db))
        .await
        .unwrap();
    assert_eq!(touched.rows(), 1, "rows of the entity itself");
}

async fn b24_touch_in_a_circle(world: &World) {
    cycle::populate(world).await;
    let event = world.model::<cycle::event::Entity>(1).await;
    world
        .expect_moved(&["events 1", "tasks 1", "tasks 2"], event.touch(&world.db))
        .await
        .unwrap();
    assert_eq!(world.model::<cycle::event::Entity>(1).await.lock_no, 2);
    assert_eq!(world.model::<cycle::task::Entity>(1).await.lock_no, 2);
}

/// A touch changes no field: rules with a field list stay quiet.
async fn b24_touch_fires_no_rule_with_a_field_list(world: &World) {
    board::populate(world).await;
    let event = world.model::<board::event::Entity>(1).await;
    world
        .expect_moved(&["events 1"], event.touch(&world.db))
        .await
        .unwrap();
}

async fn b24_touch_with_a_composite_key(world: &World) {
    orders::populate(world).await;
    let line = world.model::<orders::line::Entity>(("eu".to_owned(), 1, 2)).await;
    world
        .expect_moved(&["lines eu/1/2", "orders eu/1"], line.touch(&world.db))
        .await
        .unwrap();
}

async fn b24_touching_a_row_that_is_gone_says_so(world: &World) {
    outer::populate(world).await;
    let task = world.model::<outer::task::Entity>(3).await;
    task.clone().delete(&world.db).await.unwrap();
    let error = world.expect_moved(&[], task.touch(&world.db)).await.unwrap_err();
    assert!(error.is_record_not_found(), "{error}");
    let message = error.to_string();
    assert!(message.contains("tasks") && message.contains('3'), "{message}");
}

async fn b24_touching_a_composite_key_that_is_gone_says_so(world: &World) {
    orders::populate(world).await;
    let line = world.model::<orders::line::Entity>(("eu".to_owned(), 1, 2)).await;
    line.clone().delete(&world.db).await.unwrap();
    let error = line.touch(&world.db).await.unwrap_err();
    let message = error.to_string();
    assert!(message.contains("lines") && message.contains("eu"), "{message}");
}

async fn b24_touch_all_touches_what_a_query_finds(world: &World) {
    outer::populate(world).await;
    let select = outer::task::Entity::find().filter(outer::task::Column::Id.is_in([1, 2, 4]));
    let touched = world
        .expect_moved(
            &[
                "tasks 1",
                "tasks 2",
                "tasks 4",
                "events 1",
                "events 2",
                "calendars 1",
            ],
            outer::task::Entity::touch_all(select, &world.db),
        )
        .await
        .unwrap();
    assert_eq!(touched.rows(), 3, "rows of the entity itself");
}

async fn b24_touch_all_of_a_joined_ordered_limited_query(world: &World) {
    outer::populate(world).await;
    let select = outer::task::Entity::find()
        .inner_join(outer::event::Entity)
        .filter(outer::event::Column::CalendarId.eq(1))
        .order_by_desc(outer::task::Column::Id)
        .limit(2);
    world
        .expect_moved(
            &["tasks 4", "tasks 2", "events 1", "events 2", "calendars 1"],
            outer::task::Entity::touch_all(select, &world.db),
        )
        .await
        .unwrap();
}

async fn b24_touch_all_of_nothing(world: &World) {
    outer::populate(world).await;
    let select = outer::task::Entity::find().filter(outer::task::Column::Id.eq(999));
    let touched = world
        .expect_moved(&[], outer::task::Entity::touch_all(select, &world.db))
        .await
        .unwrap();
    assert_eq!(touched.rows(), 0);
}

async fn b24_touches_roll_back(world: &World) {
    outer::populate(world).await;
    let task = world.model::<outer::task::Entity>(3).await;
    let action = async {
        let transaction = world.db.begin().await.unwrap();
        task.touch(&transaction).await.unwrap();
        outer::task::Entity::touch_all(outer::task::Entity::find(), &transaction)
            .await
            .unwrap();
        transaction.rollback().await.unwrap();
    };
    world.expect_moved(&[], action).await;
}

on_every_backend!(outer:
    b24_touch_cascades,
    b24_touching_a_row_that_is_gone_says_so,
    b24_touch_all_touches_what_a_query_finds,
    b24_touch_all_of_a_joined_ordered_limited_query,
    b24_touch_all_of_nothing,
    b24_touches_roll_back,
);
on_every_backend!(cycle: b24_touch_in_a_circle);
on_every_backend!(board: b24_touch_fires_no_rule_with_a_field_list);
on_every_backend!(orders: b24_touch_with_a_composite_key, b24_touching_a_composite_key_that_is_gone_says_so);

async fn rename_user(world: &World, name: &str) {
    let user = outer::user::ActiveModel {
        id: Unchanged(1),
        name: Set(name.to_owned()),
        ..Default::default()
    };
    user.update(&world.db).await.unwrap();
}

const TOUCHED_BY_A_NAME: [&str; 9] = [
    "users 1",
    "tasks 1",
    "tasks 2",
    "tasks 3",
    "tasks 5",
    "events 1",
    "events 3",
    "calendars 1",
    "calendars 2",
];

/// The row's own stamp still moves.
async fn b25_no_touching_moves_the_saved_row_only(world: &World) {
    outer::populate(world).await;
    let db = &world.db;
    let action = no_touching(async {
        rename_user(world, "Ada").await;
        outer::task(9, Some(1), None).insert(db).await.unwrap();
        world
            .model::<outer::task::Entity>(4)
            .await
            .delete(db)
            .await
            .unwrap();
    });
    world
        .expect_moved(&["users 1", "+tasks 9", "-tasks 4"], action)
        .await;
    world
        .expect_moved(&TOUCHED_BY_A_NAME, async { rename_user(world, "Grace").await })
        .await;
}

async fn b25_no_touching_holds_across_awaits(world: &World) {
    outer::populate(world).await;
    let action = no_touching(async {
        tokio::task::yield_now().await;
        rename_user(world, "Ada").await;
        tokio::task::yield_now().await;
        rename_user(world, "Grace").await;
    });
    world.expect_moved(&["users 1"], action).await;
}

async fn b25_scopes_nest(world: &World) {
    outer::populate(world).await;
    let action = no_touching(async {
        no_touching(rename_user(world, "inner")).await;
        rename_user(world, "outer").await;
    });
    world.expect_moved(&["users 1"], action).await;
}

async fn b25_explicit_touches_and_bulk_writes_are_covered(world: &World) {
    outer::populate(world).await;
    let db = &world.db;
    let task = world.model::<outer::task::Entity>(3).await;
    let action = no_touching(async {
        outer::task::Entity::update_many()
            .col_expr(outer::task::Column::Title, Expr::value("quiet"))
            .filter(outer::task::Column::Id.eq(3))
            .touching()
            .exec(db)
            .await
            .unwrap();
        outer::task::Entity::insert_many([outer::task(9, Some(1), None)])
            .touching()
            .exec(db)
            .await
            .unwrap();
        task.touch(db).await.unwrap();
    });
    world.expect_moved(&["tasks 3", "+tasks 9"], action).await;
}

/// Neither to tasks spawned inside, nor to those that run beside it.
async fn b25_other_tasks_touch_as_ever(world: &World) {
    outer::populate(world).await;
    let rename = |name: &str| {
        let db = world.db.clone();
        let user = outer::user::ActiveModel {
            id: Unchanged(1),
            name: Set(name.to_owned()),
            ..Default::default()
        };
        async move { user.update(&db).await.map(drop) }
    };
    let action = no_touching(async {
        tokio::spawn(rename("spawned")).await.unwrap().unwrap();
    });
    world.expect_moved(&TOUCHED_BY_A_NAME, action).await;

    let quiet = no_touching(async {
        let mut zone = world.active::<outer::user::Entity>(2).await;
        zone.time_zone = Set("Europe/Paris".to_owned());
        zone.update(&world.db).await.unwrap();
    });
    let expected: Vec<&str> = TOUCHED_BY_A_NAME.into_iter().chain(["users 2"]).collect();
    let beside = async { tokio::join!(quiet, rename("beside")).1 };
    world.expect_moved(&expected, beside).await.unwrap();
}

/// Ends with its future, also when that one fails or is dropped.
async fn b25_the_scope_ends_with_its_future(world: &World) {
    outer::populate(world).await;
    let failed: Result<(), &str> = no_touching(async {
        tokio::task::yield_now().await;
        Err("failed")
    })
    .await;
    failed.unwrap_err();
    world
        .expect_moved(&TOUCHED_BY_A_NAME, rename_user(world, "after a failure"))
        .await;
    tokio::select! {
        biased;
        () = no_touching(std::future::pending()) => unreachable!(),
        () = std::future::ready(()) => {}
    }
    world
        .expect_moved(&TOUCHED_BY_A_NAME, rename_user(world, "after a drop"))
        .await;
}

/// Rows of one entity, and what lies behind them.
async fn b25_no_touching_on_one_entity(world: &World) {
    outer::populate(world).await;
    let db = &world.db;
    let action = no_touching_on::<outer::event::Entity, _>(rename_user(world, "Ada"));
    world
        .expect_moved(&["users 1", "tasks 1", "tasks 2", "tasks 3", "tasks 5"], action)
        .await;
    let action = no_touching_on::<outer::task::Entity, _>(rename_user(world, "Grace"));
    world.expect_moved(&["users 1"], action).await;
    // A task's own save moves the task, and its event.
    let mut task = world.active::<outer::task::Entity>(4).await;
    task.title = Set("own change".to_owned());
    let action = no_touching_on::<outer::task::Entity, _>(task.update(db));
    world
        .expect_moved(&["tasks 4", "events 2", "calendars 1"], action)
        .await
        .unwrap();
}

async fn b25_scopes_on_entities_add_up(world: &World) {
    board::populate(world).await;
    let rename = async |name: &str| {
        let user = board::user::ActiveModel {
            id: Unchanged(1),
            first_name: Set(name.to_owned()),
            ..Default::default()
        };
        user.update(&world.db).await.unwrap();
    };
    let both = no_touching_on::<board::task::Entity, _>(async {
        no_touching_on::<board::event::Entity, _>(rename("Ada")).await;
    });
    world
        .expect_moved(&["users 1", "participants 1", "participants 2"], both)
        .await;
    let one = no_touching_on::<board::task::Entity, _>(rename("Grace"));
    world
        .expect_moved(
            &[
                "users 1",
                "participants 1",
                "participants 2",
                "events 1",
                "events 2",
            ],
            one,
        )
        .await;
}

on_every_backend!(outer:
    b25_no_touching_moves_the_saved_row_only,
    b25_no_touching_holds_across_awaits,
    b25_scopes_nest,
    b25_explicit_touches_and_bulk_writes_are_covered,
    b25_other_tasks_touch_as_ever,
    b25_the_scope_ends_with_its_future,
    b25_no_touching_on_one_entity,
);
on_every_backend!(board: b25_scopes_on_entities_add_up);
