//! 17: a save that fails touches nobody.

use std::collections::BTreeSet;

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbErr, IntoActiveModel, ModelTrait, Set, TransactionSession,
};
use touchable_tests::{
    Backend, Connection, Gate, Level, Stage, World,
    entities::{board, outer, tags},
    on_every_level,
};

/// Makes a save that the database refuses, and asserts that only these rows moved. The transaction is committed all the same,
/// which PostgreSQL makes a rollback of: one of ours says so.
async fn refused<T>(
    world: &Stage<'_, impl Connection>,
    expected: &[&str],
    save: impl Future<Output = Result<T, DbErr>>,
) {
    let lost = world.level() == Level::TouchTransaction && world.backend == Backend::Postgres;
    refused_and(world, expected, lost, save).await;
}

/// The same, where it is known whether the transaction is lost.
async fn refused_and<T>(
    world: &Stage<'_, impl Connection>,
    expected: &[&str],
    lost: bool,
    save: impl Future<Output = Result<T, DbErr>>,
) {
    let before = world.moments().await;
    let (saved, committed) = world.try_act(save).await;
    assert!(saved.is_err(), "at level {:?}", world.level());
    assert_eq!(committed.is_err(), lost, "{committed:?}");
    let expected: BTreeSet<String> = expected.iter().copied().map(str::to_owned).collect();
    assert_eq!(
        before.moved(&world.moments().await),
        expected,
        "at level {:?}",
        world.level()
    );
}

/// A foreign key that leads nowhere, or a key that is taken: insert and update fail in the database, after `before_save`.
///
/// A plain transaction touches before it writes. Where it survives the failure its touches do too: an exception to 17.
async fn b17_a_failed_save_touches_nobody(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let db = &world.db;
    let survives = world.level() == Level::Transaction && world.backend != Backend::Postgres;
    let touched: &[&str] = if survives {
        &["events 1", "calendars 1"]
    } else {
        &[]
    };
    let stray = outer::task(9, Some(1), Some(999));
    refused(world, touched, stray.insert(db)).await;
    let taken = outer::task(1, Some(1), None);
    refused(world, touched, taken.insert(db)).await;
    let mut stray = world.active::<outer::task::Entity>(1).await;
    stray.event_id = Set(Some(999));
    refused(world, touched, stray.update(db)).await;
}

/// The database refuses a delete. Its children are touched before it, while they can be found: on our connections that is taken
/// back, a plain one keeps it, as a plain transaction does that survives the failure.
async fn b17_a_failed_delete_touches_nobody(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    refuse_deletes_of_users(world).await;
    let survives = match world.level() {
        Level::Connection => true,
        Level::Transaction => world.backend != Backend::Postgres,
        Level::TouchConnection | Level::TouchTransaction => false,
    };
    let touched: &[&str] = if survives {
        &["tasks 4", "events 2", "calendars 1"]
    } else {
        &[]
    };
    let user = world.model::<outer::user::Entity>(2).await;
    // On ours the touches and the delete are a savepoint, which is all that is lost.
    refused_and(world, touched, false, user.delete(&world.db)).await;
    // The next level empties the tables.
    allow_deletes_of_users(world).await;
}

async fn refuse_deletes_of_users(world: &World) {
    let sql = match world.backend {
        Backend::Sqlite => {
            "CREATE TRIGGER refuse BEFORE DELETE ON users WHEN OLD.id = 2 \
             BEGIN SELECT RAISE(ABORT, 'refused'); END"
        }
        Backend::Postgres => {
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger AS \
             $$ BEGIN RAISE EXCEPTION 'refused'; END $$ LANGUAGE plpgsql; \
             CREATE TRIGGER refuse BEFORE DELETE ON users FOR EACH ROW WHEN (OLD.id = 2) \
             EXECUTE FUNCTION refuse()"
        }
        Backend::MariaDb => {
            "CREATE TRIGGER refuse BEFORE DELETE ON users FOR EACH ROW \
             IF OLD.id = 2 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'refused'; END IF"
        }
    };
    world.db.execute_unprepared(sql).await.unwrap();
}

async fn allow_deletes_of_users(world: &World) {
    let on = if world.backend == Backend::Postgres {
        " ON users"
    } else {
        ""
    };
    let sql = format!("DROP TRIGGER refuse{on}");
    world.db.execute_unprepared(&sql).await.unwrap();
}

/// No mark survives it: the next saves of the same rows touch what they change themselves.
async fn b17_no_mark_survives_a_failed_save(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let db = &world.db;
    let mut stray = world.active::<board::participant::Entity>(1).await;
    stray.user_id = Set(999);
    refused(world, &[], stray.update(db)).await;

    let event = world.model::<board::event::Entity>(1).await;
    let mut duplicate = event.clone().into_active_model().reset_all();
    duplicate.name = Set("renamed".to_owned());
    refused(world, &[], duplicate.insert(db)).await;

    let mut moved = event.into_active_model();
    moved.location = Set("there".to_owned());
    world.expect_moved(&["events 1"], moved.update(db)).await.unwrap();
}

/// Refused at any of its statements, inside a transaction (a savepoint, where the level is one) that is then rolled back:
/// nothing has happened.
async fn b17_a_save_refused_at_any_statement_leaves_nothing(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let mut refused = 0;
    loop {
        let mut user = world.active::<outer::user::Entity>(1).await;
        user.name = Set("Ada".to_owned());
        let attempt = async {
            let transaction = world.db.begin().await.unwrap();
            let outcome = user.update(&Gate::failing(&transaction, refused)).await;
            transaction.rollback().await.unwrap();
            outcome
        };
        if world.expect_moved(&[], attempt).await.is_ok() {
            break;
        }
        refused += 1;
        assert!(refused < 20, "a save of so many statements");
        // … and nothing is left of it that the next save could take for its own.
        let mut zone = world.active::<outer::user::Entity>(1).await;
        zone.time_zone = Set(format!("UTC+{refused}"));
        world
            .expect_moved(&["users 1"], zone.update(&world.db))
            .await
            .unwrap();
    }
    // What a connection of ours sends for a save is not the application's to see.
    let seen = if world.level().is_touch() { 1 } else { 3 };
    assert!(refused >= seen, "comparison, save and touches: {refused}");
}

/// The same for a delete.
async fn b17_a_delete_refused_at_any_statement_leaves_nothing(world: &Stage<'_, impl Connection>) {
    tags::populate(world).await;
    let mut refused = 0;
    loop {
        let tag = world.model::<tags::tag::Entity>(2).await;
        let attempt = async {
            let transaction = world.db.begin().await.unwrap();
            let outcome = tag.delete(&Gate::failing(&transaction, refused)).await;
            transaction.rollback().await.unwrap();
            outcome
        };
        if world.expect_moved(&[], attempt).await.is_ok() {
            break;
        }
        refused += 1;
        assert!(refused < 20, "a delete of so many statements");
    }
    let seen = if world.level().is_touch() { 1 } else { 2 };
    assert!(refused >= seen, "touches and delete: {refused}");
}

on_every_level!(outer: b17_a_failed_save_touches_nobody, b17_a_failed_delete_touches_nobody);
on_every_level!(outer: b17_a_save_refused_at_any_statement_leaves_nothing);
on_every_level!(board: b17_no_mark_survives_a_failed_save);
on_every_level!(tags: b17_a_delete_refused_at_any_statement_leaves_nothing);
