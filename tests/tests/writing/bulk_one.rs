//! 43: writes of one row without hooks.

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, NotSet, QueryFilter, Set, TransactionTrait, Unchanged,
    sea_query::{Expr, OnConflict},
};
use touchable::TouchMany;
use touchable_tests::{
    Backend, Connection, Stage, World,
    entities::{
        cycle, manual,
        outer::{self, task},
    },
    on_every_backend, on_every_level,
};

fn new_task() -> task::ActiveModel {
    task::ActiveModel {
        id: NotSet,
        updated_at: NotSet,
        ..task(0, Some(1), None)
    }
}

fn titled(id: i32, title: &str) -> task::ActiveModel {
    task::ActiveModel {
        id: Unchanged(id),
        title: Set(title.to_owned()),
        ..Default::default()
    }
}

async fn b43_insert(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let insert = task::Entity::insert(new_task()).touching();
    let moved = ["+tasks 6", "events 1", "calendars 1"];
    let result = world.expect_moved(&moved, insert.exec(&world.db)).await.unwrap();
    assert_eq!(result.last_insert_id, 6);
    let insert = task::Entity::insert(new_task()).touching();
    let moved = ["+tasks 7", "events 1", "calendars 1"];
    let returned = world
        .expect_moved(&moved, insert.exec_with_returning(&world.db))
        .await;
    assert_eq!(returned.unwrap(), world.model::<task::Entity>(7).await);
    let insert = task::Entity::insert(new_task()).touching();
    assert_eq!(insert.exec_without_returning(&world.db).await.unwrap(), 1);
}

async fn b43_update(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let update = task::Entity::update(titled(1, "renamed")).touching();
    let moved = ["tasks 1", "events 1", "calendars 1"];
    let returned = world.expect_moved(&moved, update.exec(&world.db)).await.unwrap();
    assert_eq!(returned, world.model::<task::Entity>(1).await);
    // What is stored is no change.
    let update = task::Entity::update(titled(1, "renamed")).touching();
    let same = world.expect_moved(&[], update.exec(&world.db)).await.unwrap();
    assert_eq!(same, returned);
    let moved_on = task::ActiveModel {
        event_id: Set(Some(3)),
        ..titled(1, "renamed")
    };
    let update = task::Entity::update(moved_on).touching();
    let moved = ["tasks 1", "events 1", "events 3", "calendars 1", "calendars 2"];
    let result = world
        .expect_moved(&moved, update.exec_without_returning(&world.db))
        .await;
    assert_eq!(result.unwrap().rows_affected, 1);
}

async fn b43_update_of_nothing(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let nothing = || task::ActiveModel {
        id: Unchanged(1),
        ..Default::default()
    };
    let update = task::Entity::update(nothing()).touching();
    let returned = world.expect_moved(&[], update.exec(&world.db)).await.unwrap();
    assert_eq!(returned, world.model::<task::Entity>(1).await);
    let update = task::Entity::update(nothing()).touching();
    assert_eq!(
        update
            .exec_without_returning(&world.db)
            .await
            .unwrap()
            .rows_affected,
        0
    );
}

async fn b43_update_of_nobody(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let failed = task::Entity::update(titled(99, "x"))
        .touching()
        .exec(&world.db)
        .await;
    assert!(matches!(
        failed.unwrap_err().db_err(),
        Some(DbErr::RecordNotUpdated)
    ));
    let failed = task::Entity::update(titled(99, "x")).touching();
    let failed = failed.exec_without_returning(&world.db).await;
    assert!(matches!(
        failed.unwrap_err().db_err(),
        Some(DbErr::RecordNotUpdated)
    ));
    let keyless = task::Entity::update(task::ActiveModel::default()).touching();
    let failed = keyless.exec(&world.db).await.unwrap_err();
    assert!(
        matches!(failed.db_err(), Some(DbErr::PrimaryKeyNotSet { .. })),
        "{failed:?}"
    );
}

/// An explicit stamp is kept when it is above the stored one, and never lowers it. The version counts both.
async fn b43_update_with_an_explicit_stamp(world: &Stage<'_, impl Connection>) {
    cycle::populate(world).await;
    let stamped = |micros| cycle::task::ActiveModel {
        id: Unchanged(5),
        updated_at: Set(touchable_tests::at(micros)),
        ..Default::default()
    };
    let update = cycle::task::Entity::update(stamped(1_000)).touching();
    let task = world
        .expect_moved(&["tasks 5"], update.exec(&world.db))
        .await
        .unwrap();
    assert_eq!((task.updated_at, task.lock_no), (touchable_tests::at(1_000), 2));
    let update = cycle::task::Entity::update(stamped(500)).touching();
    let task = world.expect_moved(&[], update.exec(&world.db)).await.unwrap();
    assert_eq!((task.updated_at, task.lock_no), (touchable_tests::at(1_000), 2));
}

async fn b43_delete(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let moved = ["-tasks 1", "events 1", "calendars 1"];
    let delete = task::Entity::delete_by_id(1).touching();
    let result = world.expect_moved(&moved, delete.exec(&world.db)).await.unwrap();
    assert_eq!(result.rows_affected, 1);
    let delete = task::Entity::delete(titled(3, "gone")).touching();
    let moved = ["-tasks 3", "events 3", "calendars 2"];
    world.expect_moved(&moved, delete.exec(&world.db)).await.unwrap();
    let nobody = task::Entity::delete_by_id(1).touching();
    let result = world.expect_moved(&[], nobody.exec(&world.db)).await.unwrap();
    assert_eq!(result.rows_affected, 0);
    let keyless = task::Entity::delete(task::ActiveModel::default()).touching();
    let failed = keyless.exec(&world.db).await.unwrap_err();
    assert!(
        matches!(failed.db_err(), Some(DbErr::PrimaryKeyNotSet { .. })),
        "{failed:?}"
    );
}

/// In one transaction of ours, of which a part is taken back.
async fn b43_in_a_transaction_of_ours(world: &World) {
    outer::populate(world).await;
    let db = touchable::connect(world.db.clone()).strict();
    let writes = async {
        let tx = db.begin().await?;
        task::Entity::insert(new_task()).touching().exec(&tx).await?;
        let savepoint = tx.begin().await?;
        task::Entity::delete_by_id(3).touching().exec(&savepoint).await?;
        savepoint.rollback().await?;
        task::Entity::update(titled(4, "renamed"))
            .touching()
            .exec(&tx)
            .await?;
        tx.commit().await?;
        Ok::<_, touchable::Error>(())
    };
    let moved = ["+tasks 6", "tasks 4", "events 1", "events 2", "calendars 1"];
    world.expect_moved(&moved, writes).await.unwrap();
}

async fn b43_rows_come_back(world: &World) {
    outer::populate(world).await;
    let db = &world.db;
    let rename = || {
        task::Entity::update_many()
            .col_expr(task::Column::Title, Expr::value("renamed"))
            .filter(task::Column::Id.lte(2))
    };
    let delete = || task::Entity::delete_many().filter(task::Column::Id.lte(2));
    if world.backend == Backend::MariaDb {
        let sent = world
            .sent(world.expect_moved(&[], async {
                let update = rename().touching().exec_with_returning(db).await;
                let many = delete().touching().exec_with_returning(db).await;
                let one = task::Entity::delete_by_id(1)
                    .touching()
                    .exec_with_returning(db)
                    .await;
                let insert = task::Entity::insert_many([new_task()]).touching();
                let insert = insert.exec_with_returning(db).await;
                let keys = task::Entity::insert(new_task()).touching();
                let keys = keys.exec_with_returning_keys(db).await;
                let refused = [update.err(), many.err(), one.err(), insert.err(), keys.err()];
                for refused in refused {
                    let refused = refused.expect("a refusal").to_string();
                    assert!(
                        refused.contains("`tasks`") && refused.contains("RETURNING"),
                        "{refused}"
                    );
                }
            }))
            .await;
        assert!(sent.iter().all(|sql| sql.starts_with("SELECT")), "{sent:?}");
        return;
    }
    let update = rename().touching().exec_with_returning(db);
    let moved = ["tasks 1", "tasks 2", "events 1", "calendars 1"];
    let models = world.expect_moved(&moved, update).await.unwrap();
    assert_eq!(models.len(), 2);
    for model in &models {
        assert_eq!(*model, world.model::<task::Entity>(model.id).await);
    }
    let delete = delete().touching().exec_with_returning(db);
    let moved = ["-tasks 1", "-tasks 2", "events 1", "calendars 1"];
    let mut deleted = world.expect_moved(&moved, delete).await.unwrap();
    deleted.sort_by_key(|task| task.id);
    assert_eq!(deleted, models);
    let one = task::Entity::delete_by_id(3)
        .touching()
        .exec_with_returning(db)
        .await;
    assert_eq!(one.unwrap().map(|task| task.id), Some(3));
    let insert = task::Entity::insert_many([new_task(), new_task()]).touching();
    let moved = ["+tasks 6", "+tasks 7", "events 1", "calendars 1"];
    let keys = world
        .expect_moved(&moved, insert.exec_with_returning_keys(db))
        .await;
    assert_eq!(keys.unwrap(), [6, 7]);
    let insert = task::Entity::insert(new_task()).touching();
    let models = insert.exec_with_returning_many(db).await.unwrap();
    assert_eq!(models, [world.model::<task::Entity>(8).await]);
}

/// Where every `Set` counts as a change, it does here too.
async fn b43_every_set_counts(world: &Stage<'_, impl Connection>) {
    manual::populate(world).await;
    let same = || manual::album::ActiveModel {
        id: Unchanged(1),
        title: Set("album 1".to_owned()),
        ..Default::default()
    };
    let update = manual::album::Entity::update(same()).touching();
    let moved = ["albums 1", "tracks 1", "tracks 2"];
    world.expect_moved(&moved, update.exec(&world.db)).await.unwrap();
    let album = manual::album::ActiveModel {
        id: Set(1),
        label: Set("indie".to_owned()),
        ..same()
    };
    let conflict = OnConflict::column(manual::album::Column::Id)
        .update_column(manual::album::Column::Title)
        .to_owned();
    let upsert = manual::album::Entity::insert(album)
        .on_conflict(conflict)
        .touching();
    world
        .expect_moved(&moved, upsert.exec_without_returning(&world.db))
        .await
        .unwrap();
}

/// A future that a task can be spawned with.
fn is_send<F: Future + Send>(_: F) {}

fn are_send<C: ConnectionTrait + TransactionTrait>(db: &C) {
    is_send(task::Entity::insert(new_task()).touching().exec(db));
    is_send(
        task::Entity::insert(new_task())
            .touching()
            .exec_without_returning(db),
    );
    is_send(
        task::Entity::insert(new_task())
            .touching()
            .exec_with_returning(db),
    );
    is_send(
        task::Entity::insert(new_task())
            .touching()
            .exec_with_returning_keys(db),
    );
    is_send(
        task::Entity::insert(new_task())
            .touching()
            .exec_with_returning_many(db),
    );
    is_send(task::Entity::insert_many([new_task()]).touching().exec(db));
    is_send(
        task::Entity::insert_many([new_task()])
            .touching()
            .exec_without_returning(db),
    );
    is_send(
        task::Entity::insert_many([new_task()])
            .touching()
            .exec_with_returning(db),
    );
    is_send(
        task::Entity::insert_many([new_task()])
            .touching()
            .exec_with_returning_keys(db),
    );
    let attempt = || {
        task::Entity::insert_many([new_task()])
            .on_conflict_do_nothing()
            .touching()
    };
    is_send(attempt().exec(db));
    is_send(attempt().exec_without_returning(db));
    is_send(attempt().exec_with_returning(db));
    is_send(attempt().exec_with_returning_keys(db));
    is_send(attempt().exec_with_returning_many(db));
    is_send(task::Entity::update(titled(1, "x")).touching().exec(db));
    is_send(
        task::Entity::update(titled(1, "x"))
            .touching()
            .exec_without_returning(db),
    );
    is_send(task::Entity::update_many().touching().exec(db));
    is_send(task::Entity::update_many().touching().exec_with_returning(db));
    is_send(task::Entity::delete(titled(1, "x")).touching().exec(db));
    is_send(task::Entity::delete_by_id(1).touching().exec(db));
    is_send(task::Entity::delete_by_id(1).touching().exec_with_returning(db));
    is_send(task::Entity::delete_many().touching().exec(db));
    is_send(task::Entity::delete_many().touching().exec_with_returning(db));
    is_send(touchable::TouchAll::touch_all(task::Entity::find(), db));
}

fn saves_are_send<C: ConnectionTrait>(db: &C, model: &task::Model) {
    use sea_orm::{ActiveModelTrait, ModelTrait};
    use touchable::TouchRecord;
    is_send(new_task().insert(db));
    is_send(titled(1, "x").update(db));
    is_send(titled(1, "x").save(db));
    is_send(titled(1, "x").delete(db));
    is_send(titled(1, "x").update_without_returning(db));
    is_send(model.clone().delete(db));
    is_send(model.touch(db));
}

/// Each future of the library can be sent to another thread; none is run for this.
async fn b43_futures_are_send(world: &World) {
    outer::populate(world).await;
    let model = world.model::<task::Entity>(1).await;
    let ours = touchable::connect(world.db.clone());
    are_send(&world.db);
    saves_are_send(&world.db, &model);
    are_send(&ours);
    saves_are_send(&ours, &model);
    let tx = ours.begin().await.unwrap();
    are_send(&tx);
    saves_are_send(&tx, &model);
    tx.rollback().await.unwrap();
    let tx = world.db.begin().await.unwrap();
    are_send(&tx);
    saves_are_send(&tx, &model);
    tx.rollback().await.unwrap();
    let db = world.db.clone();
    let spawned =
        tokio::spawn(async move { task::Entity::insert_many([new_task()]).touching().exec(&db).await });
    assert_eq!(spawned.await.unwrap().unwrap().last_insert_id, Some(6));
}

on_every_level!(outer:
    b43_insert,
    b43_update,
    b43_update_of_nothing,
    b43_update_of_nobody,
    b43_delete,
);
on_every_backend!(outer:
    b43_in_a_transaction_of_ours,
    b43_rows_come_back,
    b43_futures_are_send,
);
on_every_level!(cycle:
    b43_update_with_an_explicit_stamp,
);
on_every_level!(manual:
    b43_every_set_counts,
);
