//! K10: a SQLite transaction that saves waits for its turn to write, as one of plain SeaORM does.

use futures_util::future::join_all;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, Set, TransactionSession,
    TransactionTrait, Unchanged, sea_query::Expr,
};
use touchable::{TouchAll, TouchMany};
use touchable_tests::{
    World, at, cases,
    entities::{board, plain},
};

const TASKS: i32 = 8;
const ROUNDS: i32 = 30;

/// Eight tasks write thirty times each, always the task's own row.
async fn storm(write: impl AsyncFn(i32, String) -> Result<(), DbErr>) {
    let write = &write;
    let failed = join_all((1..=TASKS).map(|id| async move {
        let mut failed = Vec::new();
        for nth in 0..ROUNDS {
            failed.extend(write(id, format!("{id}, {nth}")).await.err());
        }
        failed
    }));
    let failed: Vec<DbErr> = failed.await.into_iter().flatten().collect();
    if let Some(first) = failed.first() {
        panic!("{} of 240 writes failed: {first}", failed.len());
    }
}

/// The same in a transaction each.
async fn storm_in_transactions<T: TransactionTrait>(
    db: &T,
    write: impl AsyncFn(&T::Transaction, i32, String) -> Result<(), DbErr>,
) {
    storm(async |id, name| {
        let transaction = db.begin().await?;
        write(&transaction, id, name).await?;
        transaction.commit().await
    })
    .await;
}

async fn rename(db: &impl ConnectionTrait, id: i32, name: String) -> Result<(), DbErr> {
    let event = board::event::ActiveModel {
        id: Unchanged(id),
        name: Set(name),
        ..Default::default()
    };
    event.update(db).await.map(drop)
}

async fn k10_transactions_of_one_save_at_level_2(world: &World) {
    world.seed((1..=TASKS).map(board::event)).await;
    storm_in_transactions(&world.db, async |db, id, name| rename(db, id, name).await).await;
}

async fn k10_transactions_of_one_save_at_level_4(world: &World) {
    world.seed((1..=TASKS).map(board::event)).await;
    let db = touchable::connect(world.db.clone());
    storm_in_transactions(&db, async |db, id, name| rename(db, id, name).await).await;
}

async fn k10_saves_at_level_1(world: &World) {
    world.seed((1..=TASKS).map(board::event)).await;
    storm(async |id, name| rename(&world.db, id, name).await).await;
}

async fn k10_saves_at_level_3(world: &World) {
    world.seed((1..=TASKS).map(board::event)).await;
    let db = touchable::connect(world.db.clone());
    storm(async |id, name| rename(&db, id, name).await).await;
}

/// In transactions of the library's own.
async fn k10_bulk_updates(world: &World) {
    world.seed((1..=TASKS).map(board::event)).await;
    storm(async |id, name| {
        let update = board::event::Entity::update_many()
            .col_expr(board::event::Column::Name, Expr::value(name))
            .filter(board::event::Column::Id.eq(id));
        update.touching().exec(&world.db).await?;
        Ok(())
    })
    .await;
}

/// The other ways to write, in transactions of the application.
async fn k10_transactions_of_one_bulk_update_at_level_2(world: &World) {
    world.seed((1..=TASKS).map(board::event)).await;
    storm_in_transactions(&world.db, async |db, id, name| rename_in_bulk(db, id, name).await).await;
}

async fn k10_transactions_of_one_bulk_update_at_level_4(world: &World) {
    world.seed((1..=TASKS).map(board::event)).await;
    let db = touchable::connect(world.db.clone());
    storm_in_transactions(&db, async |db, id, name| rename_in_bulk(db, id, name).await).await;
}

async fn rename_in_bulk(
    db: &(impl ConnectionTrait + TransactionTrait),
    id: i32,
    name: String,
) -> Result<(), DbErr> {
    let update = board::event::Entity::update_many()
        .col_expr(board::event::Column::Name, Expr::value(name))
        .filter(board::event::Column::Id.eq(id));
    update.touching().exec(db).await?;
    Ok(())
}

async fn k10_transactions_of_one_touch_at_level_4(world: &World) {
    world.seed((1..=TASKS).map(board::event)).await;
    let db = touchable::connect(world.db.clone());
    storm_in_transactions(&db, async |db, id, _| {
        let events = board::event::Entity::find().filter(board::event::Column::Id.eq(id));
        board::event::Entity::touch_all(events, db).await?;
        Ok(())
    })
    .await;
}

async fn delete_and_insert(db: &impl ConnectionTrait, id: i32) -> Result<(), DbErr> {
    board::event(id).delete(db).await?;
    board::event(id).insert(db).await.map(drop)
}

async fn k10_transactions_of_a_delete_at_level_2(world: &World) {
    world.seed((1..=TASKS).map(board::event)).await;
    storm_in_transactions(&world.db, async |db, id, _| delete_and_insert(db, id).await).await;
}

async fn k10_transactions_of_a_delete_at_level_4(world: &World) {
    world.seed((1..=TASKS).map(board::event)).await;
    let db = touchable::connect(world.db.clone());
    storm_in_transactions(&db, async |db, id, _| delete_and_insert(db, id).await).await;
}

/// Transactions of one save of entities without rules: the waiting works.
async fn k10_control_of_plain_entities(world: &World) {
    world
        .seed((1..=TASKS).map(|id| plain::event::ActiveModel {
            id: Set(id),
            name: Set(String::new()),
            goal: Set(None),
            location: Set(String::new()),
            updated_at: Set(at(1)),
        }))
        .await;
    storm_in_transactions(&world.db, async |db, id, name| {
        let event = plain::event::ActiveModel {
            id: Unchanged(id),
            name: Set(name),
            ..Default::default()
        };
        event.update(db).await.map(drop)
    })
    .await;
}

cases!(plain::tables(), 8:
    k10_transactions_of_one_save_at_level_2 on sqlite,
    k10_transactions_of_one_save_at_level_4 on sqlite,
    k10_saves_at_level_1 on sqlite,
    k10_saves_at_level_3 on sqlite,
    k10_bulk_updates on sqlite,
    k10_transactions_of_one_bulk_update_at_level_2 on sqlite,
    k10_transactions_of_one_bulk_update_at_level_4 on sqlite,
    k10_transactions_of_one_touch_at_level_4 on sqlite,
    k10_transactions_of_a_delete_at_level_2 on sqlite,
    k10_transactions_of_a_delete_at_level_4 on sqlite,
    k10_control_of_plain_entities on sqlite,
);
