//! Behaviour 14: a touch locks the rows that it is meant for. Whoever holds another one is not waited for, however many there
//! are: an optimizer that would rather read a whole table than look rows up would lock it.

use std::time::Duration;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, ModelTrait, PrimaryKeyTrait, QueryFilter,
    QuerySelect, Set, TransactionTrait, Unchanged, sea_query::Expr,
};
use touchable::{TouchMany, connect};
use touchable_tests::{
    World,
    entities::{board, cycle, society},
    on_every_server,
};

/// Longer than any save takes, and less than the databases' own patience.
const PATIENCE: Duration = Duration::from_secs(30);

/// Copies enough for an index to be worth it.
const MANY: i32 = 500;

/// Holds a row while something is done that does not mean it.
async fn beside<E>(world: &World, stranger: i32, action: impl Future<Output = ()>)
where
    E: EntityTrait<PrimaryKey: PrimaryKeyTrait<ValueType = i32>>,
{
    let holder = world.db.begin().await.unwrap();
    let held = E::find_by_id(stranger)
        .lock_exclusive()
        .one(&holder)
        .await
        .unwrap();
    assert!(held.is_some(), "a row to hold");
    let done = tokio::time::timeout(PATIENCE, action).await;
    assert!(done.is_ok(), "a touch that waits for a row it is not meant for");
    holder.rollback().await.unwrap();
}

async fn crowd(world: &World) {
    board::populate(world).await;
    world.multiply::<board::task::Entity>(6, 1000, MANY).await;
    world.multiply::<board::participant::Entity>(5, 1000, MANY).await;
    world.multiply::<board::event::Entity>(3, 1000, MANY).await;
}

fn event(id: i32) -> board::event::ActiveModel {
    board::event::ActiveModel {
        id: Unchanged(id),
        name: Set("renamed".to_owned()),
        ..Default::default()
    }
}

fn user(id: i32) -> board::user::ActiveModel {
    board::user::ActiveModel {
        id: Unchanged(id),
        first_name: Set("renamed".to_owned()),
        ..Default::default()
    }
}

async fn b14_a_save_beside_a_strangers_row(world: &World) {
    crowd(world).await;
    beside::<board::task::Entity>(world, 6, async {
        event(1).update(&world.db).await.unwrap();
    })
    .await;
    beside::<board::event::Entity>(world, 3, async {
        user(1).update(&world.db).await.unwrap();
    })
    .await;
}

async fn b14_saves_of_one_transaction_beside_a_strangers_row(world: &World) {
    crowd(world).await;
    let db = connect(world.db.clone());
    for stranger in [6, 1200] {
        beside::<board::task::Entity>(world, stranger, async {
            let transaction = db.begin().await.unwrap();
            event(1).update(&transaction).await.unwrap();
            user(2).update(&transaction).await.unwrap();
            transaction.commit().await.unwrap();
        })
        .await;
    }
}

async fn b14_a_bulk_write_beside_a_strangers_row(world: &World) {
    crowd(world).await;
    for (stranger, name) in [(3, "one"), (1200, "another")] {
        beside::<board::event::Entity>(world, stranger, async {
            board::user::Entity::update_many()
                .col_expr(board::user::Column::FirstName, Expr::value(name))
                .filter(board::user::Column::Id.is_in([1, 2]))
                .touching()
                .exec(&world.db)
                .await
                .unwrap();
        })
        .await;
    }
}

async fn b14_a_delete_beside_a_strangers_row(world: &World) {
    crowd(world).await;
    beside::<board::task::Entity>(world, 6, async {
        let event = world.model::<board::event::Entity>(1).await;
        event.delete(&world.db).await.unwrap();
    })
    .await;
}

async fn b14_a_circle_beside_a_strangers_row(world: &World) {
    cycle::populate(world).await;
    world.multiply::<cycle::event::Entity>(2, 1000, MANY).await;
    world.multiply::<cycle::task::Entity>(5, 1000, MANY).await;
    let db = connect(world.db.clone());
    let event = |name: &str| cycle::event::ActiveModel {
        id: Unchanged(1),
        name: Set(name.to_owned()),
        ..Default::default()
    };
    let task = |title: &str| cycle::task::ActiveModel {
        id: Unchanged(1),
        title: Set(title.to_owned()),
        ..Default::default()
    };
    beside::<cycle::event::Entity>(world, 2, async {
        event("by 1").update(&world.db).await.unwrap();
        task("by 1").update(&world.db).await.unwrap();
        event("by 3").update(&db).await.unwrap();
    })
    .await;
    beside::<cycle::task::Entity>(world, 5, async {
        event("by 1 again").update(&world.db).await.unwrap();
        task("by 3").update(&db).await.unwrap();
    })
    .await;
}

async fn b14_two_ways_to_one_table_beside_a_strangers_row(world: &World) {
    world.seed((1..=3).map(society::event)).await;
    world.seed([society::user(1)]).await;
    world
        .seed([
            society::task(1, Some(1), Some(1)),
            society::task(2, Some(2), Some(1)),
        ])
        .await;
    world.seed([society::participant(1, 2)]).await;
    world.multiply::<society::event::Entity>(3, 1000, MANY).await;
    let db = connect(world.db.clone());
    for (stranger, name) in [(3, "one"), (1200, "another")] {
        beside::<society::event::Entity>(world, stranger, async {
            let mut user = world.model::<society::user::Entity>(1).await.into_active_model();
            user.name = Set(format!("{name} by 1"));
            user.update(&world.db).await.unwrap();
            let mut user = world.model::<society::user::Entity>(1).await.into_active_model();
            user.name = Set(format!("{name} by 3"));
            user.update(&db).await.unwrap();
        })
        .await;
    }
}

on_every_server!(board, 4:
    b14_a_save_beside_a_strangers_row,
    b14_saves_of_one_transaction_beside_a_strangers_row,
    b14_a_bulk_write_beside_a_strangers_row,
    b14_a_delete_beside_a_strangers_row,
);
on_every_server!(cycle, 4: b14_a_circle_beside_a_strangers_row);
on_every_server!(society, 4: b14_two_ways_to_one_table_beside_a_strangers_row);
