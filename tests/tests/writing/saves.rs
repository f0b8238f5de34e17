//! 21: every way of SeaORM to save and delete single rows.

use sea_orm::{
    ActiveModelTrait, EntityLoaderTrait, EntityTrait, IntoActiveModel, ModelTrait, NotSet, Set,
    TransactionTrait,
};
use touchable_tests::{
    Connection, Stage, World,
    entities::{board, outer, society, tags},
    on_every_backend, on_every_level,
};

/// `save` inserts and updates; both are covered.
async fn b21_save(world: &Stage<'_, impl Connection>) {
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
async fn b21_delete(world: &Stage<'_, impl Connection>) {
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

async fn b21_active_model_ex(world: &Stage<'_, impl Connection>) {
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
async fn b21_nested_has_many(world: &Stage<'_, impl Connection>) {
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
async fn b21_nested_many_to_many(world: &Stage<'_, impl Connection>) {
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
async fn b21_cascade_delete(world: &Stage<'_, impl Connection>) {
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
async fn b21_cascade_delete_cannot_follow_links_that_are_gone(world: &Stage<'_, impl Connection>) {
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
async fn b21_cascade_delete_with_rules_on_the_children(world: &Stage<'_, impl Connection>) {
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

on_every_level!(outer:
    b21_save,
    b21_delete,
    b21_active_model_ex,
    b21_nested_has_many,
    b21_cascade_delete_with_rules_on_the_children,
);
on_every_backend!(outer:
    b21_in_a_transaction,
);
on_every_level!(tags:
    b21_nested_many_to_many,
);
on_every_level!(society:
    b21_cascade_delete,
);
on_every_level!(board:
    b21_cascade_delete_cannot_follow_links_that_are_gone,
);
