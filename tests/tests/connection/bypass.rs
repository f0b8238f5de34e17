//! Behaviour 30: writes that bypass the rules are noticed.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
};

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, ModelTrait, NotSet,
    QueryFilter, Set, Statement, TransactionTrait, sea_query::Expr,
};
use touchable::{Error, TouchAll, TouchConnection, TouchGraph, TouchMany, TouchRecord};
use touchable_tests::{
    Backend, World,
    entities::{board, outer, plain, tags},
    listen, on_every_backend,
};
use tracing::field::{Field, Visit};
use tracing_subscriber::{Layer, layer::Context};

use crate::{named_event, touching};

/// The warnings of a scope, each as one text of all its fields.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> Layer<S> for Warnings {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        struct Text(String);
        impl Visit for Text {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                write!(self.0, "{field}={value:?} ").unwrap();
            }
        }
        if *event.metadata().level() == tracing::Level::WARN
            && event.metadata().target().starts_with("touchable")
        {
            let mut text = Text(String::new());
            event.record(&mut text);
            self.0.lock().unwrap().push(text.0);
        }
    }
}

impl Warnings {
    /// Until the guard is dropped, on this thread: contracts run on the thread of their test.
    fn here(&self) -> tracing::subscriber::DefaultGuard {
        listen(self.clone())
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn watching(world: &World) -> TouchConnection {
    touching(world).watch(&TouchGraph::of::<(board::event::Entity, board::user::Entity)>())
}

fn quoted(world: &World, sql: &str) -> Statement {
    Statement::from_string(world.dialect(), sql.to_owned())
}

/// Every way around, once for each statement text and table.
async fn b30_a_bypass_warns_once(world: &World) {
    board::populate(world).await;
    let db = watching(world);
    let warnings = Warnings::default();
    let _here = warnings.here();
    let rename = async |name: &str| {
        board::event::Entity::update_many()
            .col_expr(board::event::Column::Name, Expr::value(name))
            .filter(board::event::Column::Id.eq(1))
            .exec(&db)
            .await
            .unwrap();
    };
    rename("one").await;
    let seen = warnings.take();
    let [warning] = seen.as_slice() else {
        panic!("{seen:?}")
    };
    for word in ["events", "tasks", "UPDATE"] {
        assert!(warning.contains(word), "{word} is not named: {warning}");
    }
    rename("two").await;
    assert_eq!(warnings.take(), [""; 0], "the same statement again");

    board::event::Entity::delete_many()
        .filter(board::event::Column::Id.eq(3))
        .exec(&db)
        .await
        .unwrap();
    assert_eq!(warnings.take().len(), 1, "delete_many");
    board::user::Entity::insert_many([board::user(9)])
        .exec(&db)
        .await
        .unwrap();
    let seen = warnings.take();
    let [warning] = seen.as_slice() else {
        panic!("{seen:?}")
    };
    for rule in ["users", "tasks", "participants", "events"] {
        assert!(warning.contains(rule), "{rule} is not named: {warning}");
    }
    db.execute_unprepared("UPDATE events SET location = 'raw'")
        .await
        .unwrap();
    assert_eq!(warnings.take().len(), 1, "execute_unprepared");
    db.execute_raw(quoted(world, "  update events SET location = 'spaced'"))
        .await
        .unwrap();
    assert_eq!(warnings.take().len(), 1, "execute_raw");
}

/// Tools put comments before statements.
async fn b30_a_comment_does_not_hide_a_bypass(world: &World) {
    board::populate(world).await;
    let db = watching(world);
    let warnings = Warnings::default();
    let _here = warnings.here();
    for sql in [
        "/* by a tool */ UPDATE events SET location = 'comment'",
        "-- by a tool\nUPDATE events SET location = 'line'",
        "WITH x AS (SELECT 1) /* tool */ UPDATE events SET location = 'with'",
    ] {
        if sql.starts_with("WITH") && world.backend == Backend::MariaDb {
            // MariaDB has no such statement.
            continue;
        }
        db.execute_raw(quoted(world, sql)).await.unwrap();
        assert_eq!(warnings.take().len(), 1, "{sql}");
    }
}

on_every_backend!(board: b30_a_bypass_warns_once, b30_a_comment_does_not_hide_a_bypass);

/// Inside a transaction too, and through the other doors.
async fn b30_a_bypass_in_a_transaction_warns(world: &World) {
    board::populate(world).await;
    let db = watching(world);
    let warnings = Warnings::default();
    let _here = warnings.here();
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared("UPDATE events SET location = 'one'")
        .await
        .unwrap();
    let savepoint = tx.begin().await.unwrap();
    savepoint
        .execute_unprepared("UPDATE events SET location = 'two'")
        .await
        .unwrap();
    savepoint.commit().await.unwrap();
    board::event::Entity::insert(board::event(9))
        .exec_without_returning(&tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(warnings.take().len(), 3);
}

on_every_backend!(board: b30_a_bypass_in_a_transaction_warns);

/// An entity is known from its first save on, without `watch`.
async fn b30_a_saved_entity_is_known(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    named_event(1, "renamed").update(&db).await.unwrap();
    let warnings = Warnings::default();
    let _here = warnings.here();
    db.execute_unprepared("DELETE FROM events WHERE id = 3")
        .await
        .unwrap();
    assert_eq!(warnings.take().len(), 1);
}

on_every_backend!(board: b30_a_saved_entity_is_known);

async fn b30_strict_refuses(world: &World) {
    board::populate(world).await;
    let db = watching(world).strict();
    let rename = || {
        board::event::Entity::update_many()
            .col_expr(board::event::Column::Name, Expr::value("never"))
            .filter(board::event::Column::Id.eq(1))
    };
    let before = world.moments().await;
    let error = rename().exec(&db).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("events") && text.contains("tasks"), "{text}");
    assert!(Error::from(error).is_bypass(), "{text}");
    let error = db.execute_unprepared("DELETE FROM events").await.unwrap_err();
    assert!(Error::from(error).is_bypass());
    let error = db.execute_unprepared("DELETE FROM `events`").await.unwrap_err();
    assert!(Error::from(error).is_bypass());
    let tx = db.begin().await.unwrap();
    let error = rename().exec(&tx).await.unwrap_err();
    assert!(Error::from(error).is_bypass());
    tx.commit().await.unwrap();
    assert_eq!(world.moments().await, before);
    // What follows the rules is let through.
    named_event(1, "renamed").update(&db).await.unwrap();
    rename().touching().exec(&db).await.unwrap();
}

on_every_backend!(board: b30_strict_refuses);

/// What follows the rules is never taken for a bypass: strict, each would be an error.
async fn b30_what_follows_the_rules_never_warns(world: &World) {
    outer::populate(world).await;
    let graph = TouchGraph::of::<(
        outer::calendar::Entity,
        outer::event::Entity,
        outer::user::Entity,
        outer::task::Entity,
    )>();
    let db = touching(world).watch(&graph).strict();
    follow_the_rules(&db, 0).await;
    let tx = db.begin().await.unwrap();
    follow_the_rules(&tx, 1).await;
    let savepoint = tx.begin().await.unwrap();
    follow_the_rules(&savepoint, 2).await;
    savepoint.commit().await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(db.registered(), 0);
}

async fn follow_the_rules<C: ConnectionTrait + TransactionTrait>(db: &C, n: i32) {
    let user = outer::user::ActiveModel {
        id: sea_orm::Unchanged(1),
        name: Set(format!("name {n}")),
        ..Default::default()
    };
    user.clone().update(db).await.unwrap();
    user.clone().save(db).await.unwrap();
    let renamed = outer::user::ActiveModel {
        name: Set(format!("again {n}")),
        ..user
    };
    renamed.update_without_returning(db).await.unwrap();
    let new = |offset| outer::task::ActiveModel {
        updated_at: NotSet,
        ..outer::task(100 * (n + 1) + offset, Some(1), Some(1))
    };
    let task = new(0).insert(db).await.unwrap();
    task.clone().touch(db).await.unwrap();
    task.delete(db).await.unwrap();
    let task = new(1).insert(db).await.unwrap().into_ex();
    task.delete(db).await.unwrap();
    outer::task::Entity::insert_many([new(2), new(3)])
        .touching()
        .exec(db)
        .await
        .unwrap();
    outer::task::Entity::update_many()
        .col_expr(outer::task::Column::Title, Expr::value(format!("title {n}")))
        .touching()
        .exec(db)
        .await
        .unwrap();
    outer::task::Entity::delete_many()
        .filter(outer::task::Column::Id.eq(100 * (n + 1) + 2))
        .touching()
        .exec(db)
        .await
        .unwrap();
    outer::task::Entity::touch_all(outer::task::Entity::find(), db)
        .await
        .unwrap();
    let nobody = outer::task::ActiveModel {
        id: sea_orm::Unchanged(1),
        user_id: Set(None),
        ..Default::default()
    };
    touchable::no_touching(nobody.update(db)).await.unwrap();
}

on_every_backend!(outer: b30_what_follows_the_rules_never_warns);

/// Nested saves of `ActiveModelEx`, and the links that they make.
async fn b30_nested_saves_never_warn(world: &World) {
    tags::populate(world).await;
    let graph = TouchGraph::of::<(tags::post::Entity, tags::tag::Entity, tags::post_tag::Entity)>();
    let db = touching(world).watch(&graph).strict();
    let post = tags::post::ActiveModel::builder()
        .set_title("new")
        .add_tag(tags::tag::ActiveModel::builder().set_label("new"));
    let post = post.insert(&db).await.unwrap();
    assert_eq!(post.tags.len(), 1);
    let post = world
        .model::<tags::post::Entity>(4)
        .await
        .into_active_model()
        .into_ex();
    let tag = world.model::<tags::tag::Entity>(3).await;
    world
        .expect_moved(
            &["+post_tags 4/3", "posts 4", "tags 3"],
            post.add_tag(tag.into_ex()).save(&db),
        )
        .await
        .unwrap();
    assert_eq!(db.registered(), 0);
}

/// `cascade_delete` deletes what belongs to the row through its hooks.
async fn b30_cascades_never_warn(world: &World) {
    outer::populate(world).await;
    let graph = TouchGraph::of::<(outer::calendar::Entity, outer::event::Entity, outer::task::Entity)>();
    let db = touching(world).watch(&graph).strict();
    let event = world.model::<outer::event::Entity>(1).await;
    world
        .expect_moved(
            &["-events 1", "tasks 1", "tasks 2", "calendars 1"],
            event.cascade_delete(&db),
        )
        .await
        .unwrap();
}

on_every_backend!(outer: b30_cascades_never_warn);

/// Links of a many-to-many relation are deleted in bulk and without hooks: rules of the junction are gone around, and
/// that is said.
async fn b30_links_that_a_cascade_deletes_warn(world: &World) {
    tags::populate(world).await;
    let graph = TouchGraph::of::<(tags::post::Entity, tags::tag::Entity, tags::post_tag::Entity)>();
    let db = touching(world).watch(&graph);
    let warnings = Warnings::default();
    let _here = warnings.here();
    let post = world.model::<tags::post::Entity>(2).await;
    post.cascade_delete(&db).await.unwrap();
    let seen = warnings.take();
    let [warning] = seen.as_slice() else {
        panic!("{seen:?}")
    };
    assert!(warning.contains("post_tags"), "{warning}");
}

/// SeaORM deletes links in bulk, around the hooks of the junction: a strict connection does not let that pass.
async fn b30_links_that_are_deleted_in_bulk_are_refused(world: &World) {
    tags::populate(world).await;
    let graph = TouchGraph::of::<(tags::post::Entity, tags::tag::Entity, tags::post_tag::Entity)>();
    let db = touching(world).watch(&graph).strict();
    let post = world.model::<tags::post::Entity>(2).await;
    let error = world
        .expect_moved(&[], post.cascade_delete(&db))
        .await
        .unwrap_err();
    assert!(Error::from(error).is_bypass());
}

on_every_backend!(tags:
    b30_nested_saves_never_warn,
    b30_links_that_a_cascade_deletes_warn,
    b30_links_that_are_deleted_in_bulk_are_refused,
);

/// Tables without rules, and reads of those that have some.
async fn b30_other_tables_never_warn(world: &World) {
    board::populate(world).await;
    plain::populate(world).await;
    let db = watching(world).strict();
    db.execute_unprepared("UPDATE plain_events SET location = 'raw'")
        .await
        .unwrap();
    db.execute_unprepared("UPDATE plain_tasks SET title = 'raw'")
        .await
        .unwrap();
    plain::task::Entity::delete_many().exec(&db).await.unwrap();
    db.query_all_raw(quoted(world, "SELECT * FROM events"))
        .await
        .unwrap();
    db.query_one_raw(quoted(world, "SELECT 'UPDATE events SET' FROM events"))
        .await
        .unwrap();
    db.execute_unprepared("CREATE TABLE events_archive (id int)")
        .await
        .unwrap();
    db.execute_unprepared("INSERT INTO events_archive SELECT id FROM events")
        .await
        .unwrap();
    db.execute_unprepared("DELETE FROM events_archive").await.unwrap();
}

on_every_backend!(plain: b30_other_tables_never_warn);
