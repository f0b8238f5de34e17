//! 25: saving without touching.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, ModelTrait, QueryFilter, Set, Unchanged, sea_query::Expr,
};
use touchable::{TouchAll, TouchMany, TouchRecord, no_touching, no_touching_on};
use touchable_tests::{
    Connection, Stage, World,
    entities::{board, outer},
    on_every_backend, on_every_level,
};

async fn rename_user(world: &Stage<'_, impl Connection>, name: &str) {
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
async fn b25_no_touching_moves_the_saved_row_only(world: &Stage<'_, impl Connection>) {
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

async fn b25_no_touching_holds_across_awaits(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let action = no_touching(async {
        tokio::task::yield_now().await;
        rename_user(world, "Ada").await;
        tokio::task::yield_now().await;
        rename_user(world, "Grace").await;
    });
    world.expect_moved(&["users 1"], action).await;
}

async fn b25_scopes_nest(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let action = no_touching(async {
        no_touching(rename_user(world, "inner")).await;
        rename_user(world, "outer").await;
    });
    world.expect_moved(&["users 1"], action).await;
}

async fn b25_explicit_touches_and_bulk_writes_are_covered(world: &Stage<'_, impl Connection>) {
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
        outer::task::Entity::touch_all(outer::task::Entity::find(), db)
            .await
            .unwrap();
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
async fn b25_the_scope_ends_with_its_future(world: &Stage<'_, impl Connection>) {
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
async fn b25_no_touching_on_one_entity(world: &Stage<'_, impl Connection>) {
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

async fn b25_scopes_on_entities_add_up(world: &Stage<'_, impl Connection>) {
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

on_every_level!(outer:
    b25_no_touching_moves_the_saved_row_only,
    b25_no_touching_holds_across_awaits,
    b25_scopes_nest,
    b25_explicit_touches_and_bulk_writes_are_covered,
    b25_the_scope_ends_with_its_future,
    b25_no_touching_on_one_entity,
);
on_every_level!(board:
    b25_scopes_on_entities_add_up,
);
on_every_backend!(outer: b25_other_tasks_touch_as_ever);
