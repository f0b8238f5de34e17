//! Behaviours 17 to 20: failures, rollbacks, cancelled futures, concurrent saves.

use futures_util::future::join_all;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, ModelTrait, Set,
    TransactionTrait, Unchanged,
};
use touchable_tests::{
    Backend, Gate, Moments, World,
    entities::{board, chain, outer, tags},
    on_every_backend, on_every_server,
};

/// A foreign key that leads nowhere: insert and update fail in the database, after `before_save`.
async fn b17_a_failed_save_touches_nobody(world: &World) {
    outer::populate(world).await;
    let db = &world.db;
    let stray = outer::task(9, Some(1), Some(999));
    world.expect_moved(&[], stray.insert(db)).await.unwrap_err();
    let taken = outer::task(1, Some(1), None);
    world.expect_moved(&[], taken.insert(db)).await.unwrap_err();
    let mut stray = world.active::<outer::task::Entity>(1).await;
    stray.event_id = Set(Some(999));
    world.expect_moved(&[], stray.update(db)).await.unwrap_err();
}

/// No mark survives it: the next saves of the same rows touch what they change themselves.
async fn b17_no_mark_survives_a_failed_save(world: &World) {
    board::populate(world).await;
    let db = &world.db;
    let mut stray = world.active::<board::participant::Entity>(1).await;
    stray.user_id = Set(999);
    stray.update(db).await.unwrap_err();

    let event = world.model::<board::event::Entity>(1).await;
    let mut duplicate = event.clone().into_active_model().reset_all();
    duplicate.name = Set("renamed".to_owned());
    duplicate.insert(db).await.unwrap_err();

    let mut moved = event.into_active_model();
    moved.location = Set("there".to_owned());
    world.expect_moved(&["events 1"], moved.update(db)).await.unwrap();
}

/// Refused at any of its statements, inside a transaction that is then rolled back: nothing has happened.
async fn b17_a_save_refused_at_any_statement_leaves_nothing(world: &World) {
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
    assert!(refused >= 3, "comparison, save and touches: {refused}");
}

/// The same for a delete.
async fn b17_a_delete_refused_at_any_statement_leaves_nothing(world: &World) {
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
    assert!(refused >= 2, "touches and delete: {refused}");
}

on_every_backend!(outer: b17_a_failed_save_touches_nobody, b17_a_save_refused_at_any_statement_leaves_nothing);
on_every_backend!(board: b17_no_mark_survives_a_failed_save);
on_every_backend!(tags: b17_a_delete_refused_at_any_statement_leaves_nothing);

async fn rename_event(db: &impl ConnectionTrait, id: i32, name: &str) {
    let event = board::event::ActiveModel {
        id: Unchanged(id),
        name: Set(name.to_owned()),
        ..Default::default()
    };
    event.update(db).await.unwrap();
}

async fn b18_a_rolled_back_transaction_leaves_everything(world: &World) {
    board::populate(world).await;
    let before = world.moments().await;
    let transaction = world.db.begin().await.unwrap();
    rename_event(&transaction, 1, "renamed").await;
    let inside = world.moments_in(&transaction).await;
    let moved: Vec<String> = before.moved(&inside).into_iter().collect();
    assert_eq!(moved, ["events 1", "tasks 1", "tasks 2", "tasks 3"]);
    transaction.rollback().await.unwrap();
    assert_eq!(world.moments().await, before);
}

async fn b18_a_rolled_back_savepoint_takes_back_its_own(world: &World) {
    board::populate(world).await;
    let action = async {
        let transaction = world.db.begin().await.unwrap();
        rename_event(&transaction, 1, "renamed").await;
        let savepoint = transaction.begin().await.unwrap();
        rename_event(&savepoint, 2, "never").await;
        savepoint.rollback().await.unwrap();
        let savepoint = transaction.begin().await.unwrap();
        rename_event(&savepoint, 3, "renamed").await;
        savepoint.commit().await.unwrap();
        transaction.commit().await.unwrap();
    };
    world
        .expect_moved(
            &["events 1", "tasks 1", "tasks 2", "tasks 3", "events 3", "tasks 6"],
            action,
        )
        .await;
}

/// A transaction that is dropped is rolled back.
async fn b18_a_dropped_transaction_leaves_everything(world: &World) {
    board::populate(world).await;
    let action = async {
        let transaction = world.db.begin().await.unwrap();
        rename_event(&transaction, 1, "renamed").await;
    };
    world.expect_moved(&[], action).await;
    // What was set is not stored either: the same name again is a change.
    world
        .expect_moved(
            &["events 1", "tasks 1", "tasks 2", "tasks 3"],
            rename_event(&world.db, 1, "renamed"),
        )
        .await;
}

/// A stamp that was rolled back does not come again for something else.
async fn b18_stamps_after_a_rollback_are_new(world: &World) {
    board::populate(world).await;
    let transaction = world.db.begin().await.unwrap();
    rename_event(&transaction, 1, "renamed").await;
    let rolled_back = world.moments_in(&transaction).await;
    transaction.rollback().await.unwrap();
    rename_event(&world.db, 1, "renamed otherwise").await;
    let after = world.moments().await;
    for row in ["events 1", "tasks 1"] {
        assert!(after.micros(row) > rolled_back.micros(row), "{row}");
    }
}

on_every_backend!(board:
    b18_a_rolled_back_transaction_leaves_everything,
    b18_a_rolled_back_savepoint_takes_back_its_own,
    b18_a_dropped_transaction_leaves_everything,
    b18_stamps_after_a_rollback_are_new,
);

/// Dropped before any of its statements, in autocommit: the next save of the row touches what it changes itself.
async fn b19_a_dropped_save_leaves_no_mark(world: &World) {
    outer::populate(world).await;
    let db = &world.db;
    let mut let_through = 0;
    loop {
        let mut user = world.active::<outer::user::Entity>(1).await;
        user.name = Set(format!("after {let_through} statements"));
        let outcome = Gate::cancelling(db, let_through, async |gate| user.update(gate).await).await;
        if let Some(outcome) = outcome {
            outcome.unwrap();
            break;
        }
        let mut zone = world.active::<outer::user::Entity>(1).await;
        zone.time_zone = Set(format!("UTC+{let_through}"));
        world.expect_moved(&["users 1"], zone.update(db)).await.unwrap();
        let_through += 1;
        assert!(let_through < 20, "a save of so many statements");
    }
    assert!(let_through >= 3, "comparison, save and touches: {let_through}");
}

async fn b19_a_dropped_delete_leaves_no_mark(world: &World) {
    tags::populate(world).await;
    let db = &world.db;
    let mut let_through = 0;
    loop {
        let tag = world.model::<tags::tag::Entity>(2).await;
        let deleted = Gate::cancelling(db, let_through, async |gate| tag.delete(gate).await).await;
        if deleted.is_some() || tags::tag::Entity::find_by_id(2).one(db).await.unwrap().is_none() {
            break;
        }
        let mut color = world.active::<tags::tag::Entity>(2).await;
        color.color = Set(Some(format!("shade {let_through}")));
        world.expect_moved(&["tags 2"], color.update(db)).await.unwrap();
        let_through += 1;
        assert!(let_through < 20, "a delete of so many statements");
    }
    assert!(let_through >= 1, "a touch comes before the delete");
}

/// In a transaction nothing of a dropped save is left at all.
async fn b19_a_save_dropped_in_a_transaction_leaves_nothing(world: &World) {
    outer::populate(world).await;
    for let_through in 0..4 {
        let mut user = world.active::<outer::user::Entity>(1).await;
        user.name = Set("Ada".to_owned());
        let action = async {
            let transaction = world.db.begin().await.unwrap();
            let outcome =
                Gate::cancelling(&transaction, let_through, async |gate| user.update(gate).await).await;
            assert!(outcome.is_none(), "dropped at statement {let_through}");
        };
        world.expect_moved(&[], action).await;
    }
}

on_every_backend!(outer: b19_a_dropped_save_leaves_no_mark, b19_a_save_dropped_in_a_transaction_leaves_nothing);
on_every_backend!(tags: b19_a_dropped_delete_leaves_no_mark);

/// Asserts that these rows moved. Where the database gives back the row that a save wrote, no others did; MariaDB is
/// asked for it again and may answer with another save's row, and then everything that shows the row is touched.
async fn assert_touched(world: &World, before: &Moments, expected: &[&str]) {
    let moved = before.moved(&world.moments().await);
    let expected = expected.iter().copied().map(str::to_owned).collect();
    if world.backend == Backend::MariaDb {
        assert!(
            moved.is_superset(&expected),
            "{expected:?} is not all among {moved:?}"
        );
    } else {
        assert_eq!(moved, expected);
    }
}

/// Two saves of one row at once, each of its own column with an audience of its own.
async fn b20_each_of_two_concurrent_saves_touches_its_own(world: &World) {
    chain::populate(world).await;
    let db = &world.db;
    for turn in 0..20 {
        let mut by_name = world.active::<chain::company::Entity>(1).await;
        let mut by_notes = by_name.clone();
        by_name.name = Set(format!("name {turn}"));
        by_notes.notes = Set(format!("notes {turn}"));
        let both = async { tokio::join!(by_name.update(db), by_notes.update(db)) };
        let before = world.moments().await;
        let (a, b) = both.await;
        assert_touched(world, &before, &["companies 1", "cards 1", "cards 2"]).await;
        a.unwrap();
        b.unwrap();
        let stored = world.model::<chain::company::Entity>(1).await;
        assert_eq!(
            (stored.name, stored.notes),
            (format!("name {turn}"), format!("notes {turn}"))
        );
    }
    for turn in 0..20 {
        let mut by_color = world.active::<chain::company::Entity>(1).await;
        let mut by_slogan = by_color.clone();
        by_color.color = Set(format!("color {turn}"));
        by_slogan.slogan = Set(format!("slogan {turn}"));
        let both = async { tokio::join!(by_color.update(db), by_slogan.update(db)) };
        let before = world.moments().await;
        let (a, b) = both.await;
        assert_touched(
            world,
            &before,
            &["companies 1", "teams 1", "teams 2", "people 1", "people 2"],
        )
        .await;
        a.unwrap();
        b.unwrap();
    }
}

/// Many saves of one watched column at once: every one that changed it touched after its own save, so that the last
/// touch is no older than the last save.
async fn b20_many_concurrent_saves_of_one_column(world: &World) {
    board::populate(world).await;
    let db = &world.db;
    for turn in 0..5 {
        let writers = (0..8).map(|writer| async move {
            let event = board::event::ActiveModel {
                id: Unchanged(1),
                name: Set(format!("writer {writer} of turn {turn}")),
                ..Default::default()
            };
            event.update(db).await
        });
        let saved = world
            .expect_moved(&["events 1", "tasks 1", "tasks 2", "tasks 3"], join_all(writers))
            .await;
        assert!(saved.iter().all(Result::is_ok), "{saved:?}");
        let mut stamps: Vec<_> = saved.into_iter().map(|event| event.unwrap().updated_at).collect();
        stamps.sort();
        if world.backend != Backend::MariaDb {
            stamps.dedup();
            assert_eq!(stamps.len(), 8, "no two saves leave the same stamp");
        }
        let moments = world.moments().await;
        assert!(
            moments.micros("tasks 1") >= stamps.last().unwrap().timestamp_micros(),
            "the last touch is older than the last save"
        );
    }
}

/// Another save of the row comes between this save's UPDATE and whatever follows it, outside any transaction: each
/// has touched what it changed, the parent that the row has left included.
async fn b20_a_save_that_is_overtaken_touches_its_own(world: &World) {
    outer::populate(world).await;
    let db = &world.db;
    let mut moved = world.active::<outer::task::Entity>(1).await;
    let mut retitled = moved.clone();
    moved.event_id = Set(Some(3));
    retitled.title = Set("overtaking".to_owned());
    let both = async {
        let gate = Gate::pausing_after(db, "UPDATE");
        let overtaking = async {
            gate.paused().await;
            retitled.update(db).await.unwrap();
            gate.resume();
        };
        let (slow, ()) = tokio::join!(moved.update(&gate), overtaking);
        slow.unwrap();
    };
    world
        .expect_moved(
            &["tasks 1", "events 1", "events 3", "calendars 1", "calendars 2"],
            both,
        )
        .await;
}

/// Two transactions move one task at once. The second compares only when the first has ended: the parent that it takes
/// the task from is the one that the first has given it.
async fn b20_in_transactions_the_comparison_holds(world: &World) {
    outer::populate(world).await;
    let db = &world.db;
    let move_to = async |event: i32, db: &DatabaseTransaction| {
        let task = outer::task::ActiveModel {
            id: Unchanged(1),
            event_id: Set(Some(event)),
            ..Default::default()
        };
        task.update(db).await.unwrap();
    };
    let first = db.begin().await.unwrap();
    move_to(2, &first).await;
    let given = world.moments_in(&first).await.micros("events 2");
    let second = async {
        let second = db.begin().await.unwrap();
        move_to(3, &second).await;
        second.commit().await.unwrap();
    };
    let end_of_first = async {
        tokio::task::yield_now().await;
        first.commit().await.unwrap();
    };
    tokio::join!(second, end_of_first);
    assert!(
        world.moments().await.micros("events 2") > given,
        "the event that the second took the task from was not touched again"
    );
}

on_every_server!(outer, 4: b20_in_transactions_the_comparison_holds);
on_every_backend!(outer, 4: b20_a_save_that_is_overtaken_touches_its_own);
on_every_backend!(chain, 6: b20_each_of_two_concurrent_saves_touches_its_own);
on_every_backend!(board, 10: b20_many_concurrent_saves_of_one_column);
