//! Behaviour 34: what applications assert in their own tests.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use sea_orm::{ActiveModelTrait, IntoActiveModel, ModelTrait, Set, TransactionTrait};
use touchable::{
    TouchGraph, TouchRecord,
    testing::{Statements, assert_not_touched, assert_touched},
};
use touchable_tests::{
    World,
    entities::{board, columns, cycle, orders, outer},
    on_every_backend,
};

/// The message of the panic in which the future ends.
async fn panic_of<T>(future: impl Future<Output = T>) -> String {
    let Err(payload) = AssertUnwindSafe(future).catch_unwind().await else {
        panic!("the assertion holds")
    };
    payload.downcast_ref::<String>().expect("a message").clone()
}

/// Rows are seeded without hooks: the entities have to be made known.
fn know_board() {
    let _ = TouchGraph::of::<(board::user::Entity, board::event::Entity)>();
}

async fn renamed(world: &World) -> board::event::ActiveModel {
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set(format!("renamed {}", event.updated_at.as_ref()));
    event
}

async fn b34_exactly_these_rows(world: &World) {
    know_board();
    board::populate(world).await;
    let db = &world.db;
    let [task1, task2, task3] = [
        world.model::<board::task::Entity>(1).await,
        world.model::<board::task::Entity>(2).await,
        world.model::<board::task::Entity>(3).await,
    ];
    let event = renamed(world).await;
    let saved = assert_touched!(db, [task1, task2, task3], { event.update(db) }).unwrap();
    assert!(saved.name.starts_with("renamed"));
    // By value, by reference, with the saved row in the list, in an async block.
    let event = renamed(world).await;
    let saved = assert_touched!(world.db, [task1, &task2, task3, saved], async {
        event.update(&world.db).await.unwrap()
    });
    let mut event = saved.into_active_model();
    event.location = Set("there".to_owned());
    assert_touched!(&db, [], { event.update(db) }).unwrap();
}

async fn b34_on_every_connection(world: &World) {
    know_board();
    board::populate(world).await;
    let [task1, task2, task3] = [
        world.model::<board::task::Entity>(1).await,
        world.model::<board::task::Entity>(2).await,
        world.model::<board::task::Entity>(3).await,
    ];
    let db = touchable::connect(world.db.clone());
    let event = renamed(world).await;
    assert_touched!(db, [task1, task2, task3], { event.update(&db) }).unwrap();
    let event = renamed(world).await;
    assert_touched!(db, [task1, task2, task3], async {
        let tx = db.begin().await.unwrap();
        event.update(&tx).await.unwrap();
        tx.commit().await.unwrap();
    });
    let event = renamed(world).await;
    let tx = world.db.begin().await.unwrap();
    assert_touched!(tx, [task1, task2, task3], { event.update(&tx) }).unwrap();
    tx.rollback().await.unwrap();
    let event = renamed(world).await;
    let tx = db.begin().await.unwrap();
    assert_not_touched!(tx, { event.update(&tx) }).unwrap();
    tx.rollback().await.unwrap();
}

async fn b34_a_row_too_few(world: &World) {
    know_board();
    board::populate(world).await;
    let [task1, task5] = [
        world.model::<board::task::Entity>(1).await,
        world.model::<board::task::Entity>(5).await,
    ];
    let event = renamed(world).await;
    let message = panic_of(async {
        assert_touched!(world.db, [task1, task5], { event.update(&world.db) }).unwrap();
    })
    .await;
    assert_eq!(
        message,
        "should have been touched: tasks/5; should not have been touched: tasks/2, tasks/3"
    );
}

/// A row that was saved in the action may be left out, one that was touched may not.
async fn b34_a_row_too_many(world: &World) {
    know_board();
    board::populate(world).await;
    let event = world.model::<board::event::Entity>(2).await;
    let message = panic_of(async {
        assert_touched!(world.db, [], { event.touch(&world.db) }).unwrap();
    })
    .await;
    assert_eq!(message, "should not have been touched: events/2");
    let message = panic_of(async {
        assert_not_touched!(world.db, { event.touch(&world.db) }).unwrap();
    })
    .await;
    assert_eq!(message, "should not have been touched: events/2");
}

async fn b34_rows_that_are_not_there(world: &World) {
    know_board();
    board::populate(world).await;
    let task = world.model::<board::task::Entity>(5).await;
    task.clone().delete(&world.db).await.unwrap();
    let event = renamed(world).await;
    let message = panic_of(async {
        assert_touched!(world.db, [task], { event.update(&world.db) }).unwrap();
    })
    .await;
    assert!(
        message.starts_with("should have been touched: tasks/5 (there was no such row); "),
        "{message}"
    );
    let message = panic_of(async { assert_not_touched!(world.db, [task], async {}) }).await;
    assert_eq!(
        message,
        "should not have been touched: tasks/5 (there was no such row)"
    );
}

async fn b34_these_rows_stay(world: &World) {
    know_board();
    board::populate(world).await;
    let [task1, task4] = [
        world.model::<board::task::Entity>(1).await,
        world.model::<board::task::Entity>(4).await,
    ];
    let event = renamed(world).await;
    assert_not_touched!(world.db, [task4], { event.update(&world.db) }).unwrap();
    let event = renamed(world).await;
    let message = panic_of(async {
        assert_not_touched!(world.db, [task1, task4], { event.update(&world.db) }).unwrap();
    })
    .await;
    assert_eq!(message, "should not have been touched: tasks/1");
}

/// A new row and one that is gone are nobody's touches; what their foreign keys cleared was saved.
async fn b34_inserts_and_deletes(world: &World) {
    know_board();
    board::populate(world).await;
    let task4 = world.model::<board::task::Entity>(4).await;
    assert_touched!(world.db, [], { board::event(9).insert(&world.db) }).unwrap();
    let event = world.model::<board::event::Entity>(2).await;
    assert_touched!(world.db, [task4], { event.delete(&world.db) }).unwrap();
}

async fn b34_columns(world: &World) {
    let _ = TouchGraph::of::<(columns::task::Entity,)>();
    columns::populate(world).await;
    let project = world.model::<columns::project::Entity>(1).await;
    let mut task = world.active::<columns::task::Entity>(1).await;
    task.title = Set("retitled".to_owned());
    assert_touched!(world.db, [project], { task.update(&world.db) }).unwrap();
    let mut task = world.active::<columns::task::Entity>(2).await;
    task.title = Set("retitled".to_owned());
    let message = panic_of(async {
        assert_touched!(world.db, [], { task.update(&world.db) }).unwrap();
    })
    .await;
    assert_eq!(message, "should not have been touched: projects/2");
}

async fn b34_versions_move_with_touches(world: &World) {
    let _ = TouchGraph::of::<(cycle::event::Entity,)>();
    cycle::populate(world).await;
    let mut task = world.active::<cycle::task::Entity>(1).await;
    task.title = Set("retitled".to_owned());
    let (event, task2) = (
        world.model::<cycle::event::Entity>(1).await,
        world.model::<cycle::task::Entity>(2).await,
    );
    assert_touched!(world.db, [event, task2], { task.update(&world.db) }).unwrap();
}

async fn b34_composite_keys_are_named(world: &World) {
    let _ = TouchGraph::of::<(orders::order::Entity,)>();
    orders::populate(world).await;
    let order = world.active::<orders::order::Entity>(("eu".to_owned(), 1)).await;
    let mut order = order;
    order.currency = Set("CHF".to_owned());
    let message = panic_of(async {
        assert_touched!(world.db, [], { order.update(&world.db) }).unwrap();
    })
    .await;
    assert!(message.contains("lines/eu/1/1"), "{message}");
}

/// In a process that has not met the entity: its table is read all the same.
async fn b34_entities_nobody_knows(world: &World) {
    outer::populate(world).await;
    let user = world.model::<outer::user::Entity>(1).await;
    let message = panic_of(async {
        assert_not_touched!(world.db, { user.touch(&world.db) }).unwrap();
    })
    .await;
    assert_eq!(message, "should not have been touched: users/1");
}

async fn b34_statements_are_counted(world: &World) {
    know_board();
    board::populate(world).await;
    let mut db = world.db.clone();
    let statements = Statements::of(&mut db);
    let event = renamed(world).await;
    let db = touchable::connect(db);
    let (count, saved) = statements.count(event.update(&db)).await;
    saved.unwrap();
    assert_eq!(count, statements.all().len());
    assert!(count > 0);
}

on_every_backend!(board:
    b34_exactly_these_rows,
    b34_on_every_connection,
    b34_a_row_too_few,
    b34_a_row_too_many,
    b34_rows_that_are_not_there,
    b34_these_rows_stay,
    b34_inserts_and_deletes,
    b34_statements_are_counted,
);
on_every_backend!(outer: b34_entities_nobody_knows);
on_every_backend!(columns: b34_columns);
on_every_backend!(cycle: b34_versions_move_with_touches);
on_every_backend!(orders: b34_composite_keys_are_named);
