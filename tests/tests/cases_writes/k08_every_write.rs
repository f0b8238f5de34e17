//! K8: every way in which SeaORM writes has its `.touching()`, which a strict connection recommends.

use sea_orm::{ColumnTrait, EntityTrait, NotSet, QueryFilter, Set, Unchanged, sea_query::Expr};
use touchable::{TouchConnection, TouchGraph, TouchMany};
use touchable_tests::{World, cases, entities::outer};

/// Refuses what bypasses the rules.
fn strict(world: &World) -> TouchConnection {
    let graph = TouchGraph::of::<(outer::event::Entity, outer::user::Entity, outer::task::Entity)>();
    touchable::connect(world.db.clone()).watch(&graph).strict()
}

fn new_task() -> outer::task::ActiveModel {
    outer::task::ActiveModel {
        updated_at: NotSet,
        ..outer::task(11, Some(1), None)
    }
}

async fn k08_insert_touching(world: &World) {
    outer::populate(world).await;
    let db = strict(world);
    let action = async { outer::task::Entity::insert(new_task()).touching().exec(&db).await };
    world
        .expect_moved(&["+tasks 11", "events 1", "calendars 1"], action)
        .await
        .unwrap();
}

async fn k08_update_touching(world: &World) {
    outer::populate(world).await;
    let db = strict(world);
    let renamed = outer::task::ActiveModel {
        id: Unchanged(1),
        title: Set("renamed".to_owned()),
        ..Default::default()
    };
    let action = async { outer::task::Entity::update(renamed).touching().exec(&db).await };
    world
        .expect_moved(&["tasks 1", "events 1", "calendars 1"], action)
        .await
        .unwrap();
}

async fn k08_delete_by_id_touching(world: &World) {
    outer::populate(world).await;
    let db = strict(world);
    let action = async { outer::task::Entity::delete_by_id(1).touching().exec(&db).await };
    world
        .expect_moved(&["-tasks 1", "events 1", "calendars 1"], action)
        .await
        .unwrap();
}

async fn k08_insert_many_touching_with_returning(world: &World) {
    outer::populate(world).await;
    let db = strict(world);
    let insert = outer::task::Entity::insert_many([new_task()]);
    let action = async { insert.touching().exec_with_returning(&db).await };
    world
        .expect_moved(&["+tasks 11", "events 1", "calendars 1"], action)
        .await
        .unwrap();
}

async fn k08_update_many_touching_with_returning(world: &World) {
    outer::populate(world).await;
    let db = strict(world);
    let update = outer::task::Entity::update_many()
        .col_expr(outer::task::Column::Title, Expr::value("renamed"))
        .filter(outer::task::Column::Id.eq(1));
    let action = async { update.touching().exec_with_returning(&db).await };
    world
        .expect_moved(&["tasks 1", "events 1", "calendars 1"], action)
        .await
        .unwrap();
}

/// A future that a task can be spawned with.
fn is_send<F: Future + Send>(_: &F) {}

/// It need not be sent for this.
async fn k08_touching_futures_are_send(world: &World) {
    outer::populate(world).await;
    let update = outer::task::Entity::update_many()
        .col_expr(outer::task::Column::Title, Expr::value("renamed"))
        .touching()
        .exec(&world.db);
    is_send(&update);
    let delete = outer::task::Entity::delete_many().touching().exec(&world.db);
    is_send(&delete);
    let insert = outer::task::Entity::insert_many([new_task()])
        .touching()
        .exec(&world.db);
    is_send(&insert);
}

cases!(outer::tables(), 1:
    k08_insert_touching on sqlite postgres mariadb,
    k08_update_touching on sqlite postgres mariadb,
    k08_delete_by_id_touching on sqlite postgres mariadb,
    k08_touching_futures_are_send on sqlite,
    // The other backends return no rows to SeaORM.
    k08_insert_many_touching_with_returning on postgres,
    k08_update_many_touching_with_returning on postgres,
);
