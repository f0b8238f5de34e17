//! Behaviour 26 and 28: one save and its touches are one.

use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, ModelTrait, NotSet, Set, Unchanged};
use touchable_tests::{
    Backend, World, at,
    entities::{board, broken, cycle, ledger, outer, plain, tags, tree},
    on_every_backend,
};

use crate::{named_event, rename_event, touching};

const SHOWN: [&str; 4] = ["events 1", "tasks 1", "tasks 2", "tasks 3"];

async fn b26_update_save_insert_and_delete(world: &World) {
    outer::populate(world).await;
    let db = touching(world);
    let mut task = world.active::<outer::task::Entity>(1).await;
    task.title = Set("edited".to_owned());
    let saved = world
        .expect_moved(&["tasks 1", "events 1", "calendars 1"], task.update(&db))
        .await
        .unwrap();
    assert_eq!(saved, world.model::<outer::task::Entity>(1).await);

    let mut task = world.active::<outer::task::Entity>(1).await;
    task.title = Set("saved".to_owned());
    world
        .expect_moved(&["tasks 1", "events 1", "calendars 1"], task.save(&db))
        .await
        .unwrap();

    let new = outer::task::ActiveModel {
        updated_at: NotSet,
        ..outer::task(20, Some(3), Some(1))
    };
    let saved = world
        .expect_moved(&["+tasks 20", "events 3", "calendars 2"], new.insert(&db))
        .await
        .unwrap();
    assert_eq!(saved, world.model::<outer::task::Entity>(20).await);

    let task = world.model::<outer::task::Entity>(20).await;
    let deleted = world
        .expect_moved(&["-tasks 20", "events 3", "calendars 2"], task.delete(&db))
        .await
        .unwrap();
    assert_eq!(deleted.rows_affected, 1);
    assert_eq!(db.registered(), 0);
}

/// The database gives the key: it comes back with the row.
async fn b26_insert_under_a_generated_key(world: &World) {
    outer::populate(world).await;
    let db = touching(world);
    let new = outer::task::ActiveModel {
        id: NotSet,
        updated_at: NotSet,
        ..outer::task(0, Some(3), None)
    };
    let before = world.moments().await;
    let saved = new.insert(&db).await.unwrap();
    let moved: Vec<String> = before.moved(&world.moments().await).into_iter().collect();
    assert_eq!(
        moved,
        [
            format!("+tasks {}", saved.id),
            "calendars 2".to_owned(),
            "events 3".to_owned()
        ]
    );
    assert_eq!(saved, world.model::<outer::task::Entity>(saved.id).await);
}

async fn b26_re_parenting_touches_both(world: &World) {
    outer::populate(world).await;
    let db = touching(world);
    let task = outer::task::ActiveModel {
        id: Unchanged(1),
        event_id: Set(Some(3)),
        ..Default::default()
    };
    world
        .expect_moved(
            &["tasks 1", "events 1", "events 3", "calendars 1", "calendars 2"],
            task.update(&db),
        )
        .await
        .unwrap();
    let task = outer::task::ActiveModel {
        id: Unchanged(1),
        event_id: Set(None),
        ..Default::default()
    };
    world
        .expect_moved(&["tasks 1", "events 3", "calendars 2"], task.update(&db))
        .await
        .unwrap();
    assert_eq!(db.registered(), 0);
}

/// It is a change that the application makes itself.
async fn b26_the_touch_column_alone(world: &World) {
    outer::populate(world).await;
    let db = touching(world);
    let task = outer::task::ActiveModel {
        id: Unchanged(1),
        updated_at: Set(at(9_000_000)),
        ..Default::default()
    };
    let saved = world
        .expect_moved(&["tasks 1", "events 1", "calendars 1"], task.update(&db))
        .await
        .unwrap();
    assert_eq!(saved.updated_at, at(9_000_000));
}

async fn b26_cascades(world: &World) {
    outer::populate(world).await;
    let db = touching(world);
    let user = outer::user::ActiveModel {
        id: Unchanged(1),
        name: Set("Ada".to_owned()),
        ..Default::default()
    };
    world
        .expect_moved(
            &[
                "users 1",
                "tasks 1",
                "tasks 2",
                "tasks 3",
                "tasks 5",
                "events 1",
                "events 3",
                "calendars 1",
                "calendars 2",
            ],
            user.update(&db),
        )
        .await
        .unwrap();
}

on_every_backend!(outer:
    b26_update_save_insert_and_delete,
    b26_insert_under_a_generated_key,
    b26_re_parenting_touches_both,
    b26_the_touch_column_alone,
    b26_cascades,
);

async fn b26_a_circle_with_versions(world: &World) {
    cycle::populate(world).await;
    let db = touching(world);
    let task = cycle::task::ActiveModel {
        id: Unchanged(1),
        title: Set("edited".to_owned()),
        ..Default::default()
    };
    let saved = world
        .expect_moved(&["events 1", "tasks 1", "tasks 2"], task.update(&db))
        .await
        .unwrap();
    let stored = world.model::<cycle::task::Entity>(1).await;
    assert_eq!(saved, stored, "the model that came back is the stored row");
    assert_eq!(stored.lock_no, 2, "saved once, not touched");
    assert_eq!(world.model::<cycle::task::Entity>(2).await.lock_no, 2);
    assert_eq!(world.model::<cycle::event::Entity>(1).await.lock_no, 2);
}

on_every_backend!(cycle: b26_a_circle_with_versions);

/// The author's own version too, on a save that nobody watches.
async fn b26_versions_count_once(world: &World) {
    ledger_world(world).await;
    let db = touching(world);
    let author = ledger::author::ActiveModel {
        id: Unchanged(1),
        town: Set("there".to_owned()),
        ..Default::default()
    };
    let saved = world
        .expect_moved(&["authors 1"], author.update(&db))
        .await
        .unwrap();
    assert_eq!(saved.lock_no, 2);
    let author = ledger::author::ActiveModel {
        id: Unchanged(1),
        name: Set("Ada".to_owned()),
        ..Default::default()
    };
    let saved = world
        .expect_moved(
            &["authors 1", "books 1", "books 2", "shelves 1"],
            author.update(&db),
        )
        .await
        .unwrap();
    assert_eq!(saved, world.model::<ledger::author::Entity>(1).await);
    assert_eq!(saved.lock_no, 3);
    assert_eq!(world.model::<ledger::book::Entity>(1).await.lock_no, 2);
    assert_eq!(world.model::<ledger::shelf::Entity>(1).await.lock_no, 2);
}

async fn ledger_world(world: &World) {
    world.seed([ledger::author(1), ledger::author(2)]).await;
    world.seed([ledger::shelf(1), ledger::shelf(2)]).await;
    world
        .seed([
            ledger::book(1, 1, 1),
            ledger::book(2, 1, 1),
            ledger::book(3, 2, 2),
        ])
        .await;
}

on_every_backend!(ledger: b26_versions_count_once);

async fn b26_trees(world: &World) {
    tree::populate(world).await;
    let db = touching(world);
    let leaf = tree::node::ActiveModel {
        id: Unchanged(4),
        label: Set("renamed".to_owned()),
        ..Default::default()
    };
    world
        .expect_moved(&["nodes 4", "nodes 7", "nodes 2", "nodes 1"], leaf.update(&db))
        .await
        .unwrap();
    let branch = tree::node::ActiveModel {
        id: Unchanged(4),
        parent_id: Set(Some(9)),
        ..Default::default()
    };
    world
        .expect_moved(
            &["nodes 4", "nodes 2", "nodes 1", "nodes 9", "nodes 8"],
            branch.update(&db),
        )
        .await
        .unwrap();
    let leaf = world.model::<tree::node::Entity>(7).await;
    world
        .expect_moved(&["-nodes 7", "nodes 4", "nodes 9", "nodes 8"], leaf.delete(&db))
        .await
        .unwrap();
}

on_every_backend!(tree: b26_trees);

async fn b26_many_to_many(world: &World) {
    tags::populate(world).await;
    let db = touching(world);
    let tag = tags::tag::ActiveModel {
        id: Unchanged(2),
        label: Set("renamed".to_owned()),
        ..Default::default()
    };
    world
        .expect_moved(&["tags 2", "posts 2", "posts 3"], tag.update(&db))
        .await
        .unwrap();
    let tag = world.model::<tags::tag::Entity>(2).await;
    let before = world.moments().await;
    tag.delete(&db).await.unwrap();
    let moved = before.moved(&world.moments().await);
    for row in ["-tags 2", "posts 2", "posts 3"] {
        assert!(moved.contains(row), "{row} is not among {moved:?}");
    }
}

on_every_backend!(tags: b26_many_to_many);

/// Nested saves and the transaction that `ActiveModelEx` opens for itself.
async fn b26_active_model_ex(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    let event = board::event::ActiveModelEx {
        id: Unchanged(1),
        name: Set("renamed".to_owned()),
        ..Default::default()
    };
    world.expect_moved(&SHOWN, event.update(&db)).await.unwrap();
    let event = board::event::ActiveModel::builder()
        .set_name("new")
        .set_location("here")
        .add_task(board::task::ActiveModel::builder().set_title("one"))
        .add_task(board::task::ActiveModel::builder().set_title("two"));
    let saved = event.insert(&db).await.unwrap();
    assert_eq!(saved.tasks.len(), 2);
    assert_eq!(db.registered(), 0);
}

async fn b26_set_to_the_stored_value_changes_nothing(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    world
        .expect_moved(&[], rename_event(&db, 1, "event 1"))
        .await
        .unwrap();
    let mut mixed = named_event(1, "event 1");
    mixed.location = Set("there".to_owned());
    let saved = world
        .expect_moved(&["events 1"], mixed.update(&db))
        .await
        .unwrap();
    assert_eq!(saved, world.model::<board::event::Entity>(1).await);
    world
        .expect_moved(&[], named_event(1, "event 1").update_without_returning(&db))
        .await
        .unwrap();
    assert_eq!(db.registered(), 0);
}

async fn b26_a_row_that_is_gone_is_seaorms_error(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    let error = world
        .expect_moved(&[], named_event(99, "renamed").update(&db))
        .await
        .unwrap_err();
    assert!(matches!(error, DbErr::RecordNotUpdated), "{error:?}");
    let result = world
        .expect_moved(&[], board::event::Entity::delete_by_id(99).exec(&world.db))
        .await
        .unwrap();
    assert_eq!(result.rows_affected, 0);
    let ghost = board::event::ActiveModel {
        id: Unchanged(99),
        ..Default::default()
    };
    let result = world.expect_moved(&[], ghost.delete(&db)).await.unwrap();
    assert_eq!(result.rows_affected, 0);
    assert_eq!(db.registered(), 0);
}

/// Rows affected are SeaORM's too.
async fn b28_update_without_returning_touches(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    let result = world
        .expect_moved(&SHOWN, named_event(1, "renamed").update_without_returning(&db))
        .await
        .unwrap();
    assert_eq!(result.rows_affected, 1);
    let elsewhere = board::event::ActiveModel {
        id: Unchanged(1),
        location: Set("there".to_owned()),
        ..Default::default()
    };
    let result = world
        .expect_moved(&["events 1"], elsewhere.update_without_returning(&db))
        .await
        .unwrap();
    assert_eq!(result.rows_affected, 1);
    assert_eq!(db.registered(), 0);
}

on_every_backend!(board:
    b26_active_model_ex,
    b26_set_to_the_stored_value_changes_nothing,
    b26_a_row_that_is_gone_is_seaorms_error,
    b28_update_without_returning_touches,
);

/// A touch that fails takes its save back: here the children have no touch column.
async fn b26_a_touch_that_fails_takes_the_save_back(world: &World) {
    world
        .seed([broken::event::ActiveModel {
            id: Set(1),
            name: Set("event 1".to_owned()),
            updated_at: Set(at(1)),
        }])
        .await;
    let before = world.model::<broken::event::Entity>(1).await;
    let sql = "ALTER TABLE tasks DROP COLUMN updated_at";
    world.db.execute_unprepared(sql).await.unwrap();
    let db = touching(world);
    let renamed = || broken::event::ActiveModel {
        id: Unchanged(1),
        name: Set("renamed".to_owned()),
        ..Default::default()
    };
    for _ in 0..2 {
        let error = renamed().update(&db).await.unwrap_err().to_string();
        assert!(error.contains("updated_at"), "{error}");
        let error = renamed()
            .update_without_returning(&db)
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("updated_at"), "{error}");
        assert_eq!(world.model::<broken::event::Entity>(1).await, before);
        assert_eq!(db.registered(), 0);
    }
    // The connection is as good as before.
    world.db.execute_unprepared("SELECT 1").await.unwrap();
}

on_every_backend!(broken: b26_a_touch_that_fails_takes_the_save_back);

/// Refused by the database while rows are there to be touched.
async fn b26_a_refused_touch_leaves_no_half(world: &World) {
    board::populate(world).await;
    refuse_updates_of_task_2(world).await;
    let db = touching(world);
    world
        .expect_moved(&[], rename_event(&db, 1, "renamed"))
        .await
        .unwrap_err();
    world
        .expect_moved(&[], named_event(1, "renamed").update_without_returning(&db))
        .await
        .unwrap_err();
    assert_eq!(db.registered(), 0);
    // No mark is left that the next save could mistake for its own.
    let elsewhere = board::event::ActiveModel {
        id: Unchanged(1),
        location: Set("there".to_owned()),
        ..Default::default()
    };
    world
        .expect_moved(&["events 1"], elsewhere.update(&db))
        .await
        .unwrap();
    world
        .expect_moved(&["events 2", "tasks 4"], rename_event(&db, 2, "renamed"))
        .await
        .unwrap();
}

pub async fn refuse_updates_of_task_2(world: &World) {
    let sql = match world.backend {
        Backend::Sqlite => {
            "CREATE TRIGGER refuse BEFORE UPDATE ON tasks WHEN NEW.id = 2 \
             BEGIN SELECT RAISE(ABORT, 'refused'); END"
        }
        Backend::Postgres => {
            "CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$ LANGUAGE plpgsql; \
             CREATE TRIGGER refuse BEFORE UPDATE ON tasks FOR EACH ROW WHEN (NEW.id = 2) EXECUTE FUNCTION refuse()"
        }
        Backend::MariaDb => {
            "CREATE TRIGGER refuse BEFORE UPDATE ON tasks FOR EACH ROW \
             IF NEW.id = 2 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'refused'; END IF"
        }
    };
    world.db.execute_unprepared(sql).await.unwrap();
}

on_every_backend!(board: b26_a_refused_touch_leaves_no_half);

/// What a save costs, in statements; BEGIN and COMMIT are not among them.
async fn b26_statements(world: &World) {
    board::populate(world).await;
    plain::populate(world).await;
    let db = touching(world);
    let mut plain = world.active::<plain::event::Entity>(1).await;
    plain.location = Set("there".to_owned());
    let baseline = world.sent(plain.update(&world.db)).await;

    let mut unfired = world.active::<board::event::Entity>(1).await;
    unfired.location = Set("there".to_owned());
    let sent = world.sent(unfired.update(&db)).await;
    assert_eq!(sent.len(), baseline.len(), "{sent:#?}");

    let sent = world.sent(board::event(9).insert(&db)).await;
    let one_or_with_reading = if world.backend == Backend::MariaDb {
        1..=2
    } else {
        1..=1
    };
    assert!(one_or_with_reading.contains(&sent.len()), "{sent:#?}");

    let sent = world.sent(named_event(1, "renamed").update(&db)).await;
    match world.backend {
        Backend::Sqlite => assert_eq!(sent.len(), 3, "comparison, touches, save: {sent:#?}"),
        Backend::Postgres => assert_eq!(sent.len(), 2, "comparison, touches with save: {sent:#?}"),
        Backend::MariaDb => assert!(sent.len() <= 4, "comparison, touches, save, its row: {sent:#?}"),
    }

    let sent = world
        .sent(named_event(1, "renamed").update_without_returning(&db))
        .await;
    assert!(sent.len() <= 3, "nothing to write: {sent:#?}");

    let sent = world
        .sent(named_event(1, "again").update_without_returning(&db))
        .await;
    assert!(sent.len() <= 3, "{sent:#?}");
}

on_every_backend!(plain: b26_statements);
