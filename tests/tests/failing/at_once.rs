//! 20: of two saves of one row at once, each touches what it has changed.

use futures_util::future::join_all;
use sea_orm::{ActiveModelTrait, EntityTrait, Set, TransactionSession, TransactionTrait, Unchanged};
use tokio::sync::oneshot;
use touchable_tests::{
    Backend, Connection, Gate, Level, Link, Moments, Stage, World,
    entities::{board, chain, outer},
    on_every_backend, on_every_level, on_every_server,
};

/// MariaDB gives no row back from an UPDATE. Outside of transactions it is asked for it again and may answer with another
/// save's row.
fn may_answer_with_another_row(world: &Stage<'_, impl Connection>) -> bool {
    world.level() == Level::Connection && world.backend == Backend::MariaDb
}

/// Asserts that these rows moved, and no others; where another save's row may have come back, everything that shows the
/// row is touched.
async fn assert_touched(world: &Stage<'_, impl Connection>, before: &Moments, expected: &[&str]) {
    let moved = before.moved(&world.moments().await);
    let expected = expected.iter().copied().map(str::to_owned).collect();
    if may_answer_with_another_row(world) {
        assert!(
            moved.is_superset(&expected),
            "{expected:?} is not all among {moved:?}"
        );
    } else {
        assert_eq!(moved, expected, "at level {:?}", world.level());
    }
}

/// Two saves of one row at once, each of its own column with an audience of its own.
async fn b20_each_of_two_concurrent_saves_touches_its_own(world: &Stage<'_, impl Connection>) {
    chain::populate(world).await;
    let (one, other) = (world.beside(), world.beside());
    for turn in 0..20 {
        let mut by_name = world.active::<chain::company::Entity>(1).await;
        let mut by_notes = by_name.clone();
        by_name.name = Set(format!("name {turn}"));
        by_notes.notes = Set(format!("notes {turn}"));
        let before = world.moments().await;
        let (a, b) = tokio::join!(
            one.act(by_name.update(&one.db)),
            other.act(by_notes.update(&other.db))
        );
        a.unwrap();
        b.unwrap();
        assert_touched(world, &before, &["companies 1", "cards 1", "cards 2"]).await;
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
        let before = world.moments().await;
        let (a, b) = tokio::join!(
            one.act(by_color.update(&one.db)),
            other.act(by_slogan.update(&other.db))
        );
        a.unwrap();
        b.unwrap();
        let shown = ["companies 1", "teams 1", "teams 2", "people 1", "people 2"];
        assert_touched(world, &before, &shown).await;
    }
}

/// Many saves of one watched column at once: every one that changed it touched after its own save, so that the last
/// touch is no older than the last save.
async fn b20_many_concurrent_saves_of_one_column(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    for turn in 0..5 {
        let writers = (0..8).map(|writer| async move {
            let event = board::event::ActiveModel {
                id: Unchanged(1),
                name: Set(format!("writer {writer} of turn {turn}")),
                ..Default::default()
            };
            let own = world.beside();
            own.act(event.update(&own.db)).await
        });
        let before = world.moments().await;
        let saved = join_all(writers).await;
        let moments = world.moments().await;
        let moved: Vec<String> = before.moved(&moments).into_iter().collect();
        assert_eq!(moved, ["events 1", "tasks 1", "tasks 2", "tasks 3"]);
        assert!(saved.iter().all(Result::is_ok), "{saved:?}");
        let mut stamps: Vec<_> = saved.into_iter().map(|event| event.unwrap().updated_at).collect();
        stamps.sort();
        if world.backend != Backend::MariaDb || world.level().is_transaction() {
            stamps.dedup();
            assert_eq!(stamps.len(), 8, "no two saves leave the same stamp");
        }
        assert!(
            moments.micros("tasks 1") >= stamps.last().unwrap().timestamp_micros(),
            "the last touch is older than the last save"
        );
    }
}

/// Another save of the row comes between this save's UPDATE and whatever follows it: each has touched what it changed, the
/// parent that the row has left included. Only outside of transactions, and of ours, can anybody come in between.
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
async fn in_transactions_the_comparison_holds(world: &World, db: &Link) {
    outer::populate(world).await;
    let move_to = async |event: i32, db: &Link| {
        let task = outer::task::ActiveModel {
            id: Unchanged(1),
            event_id: Set(Some(event)),
            ..Default::default()
        };
        task.update(db).await.unwrap();
    };
    let first = db.begin().await.unwrap();
    move_to(2, &first).await;
    let (read, is_read) = oneshot::channel();
    let second = async {
        let second = db.begin().await.unwrap();
        move_to(3, &second).await;
        is_read.await.unwrap();
        second.commit().await.unwrap();
    };
    let end_of_first = async {
        world.somebody_waits().await;
        first.commit().await.unwrap();
        let given = world.moments().await.micros("events 2");
        read.send(()).unwrap();
        given
    };
    let ((), given) = tokio::join!(second, end_of_first);
    assert!(
        world.moments().await.micros("events 2") > given,
        "the event that the second took the task from was not touched again"
    );
    let task = outer::task::Entity::find_by_id(1).one(&world.db).await.unwrap();
    assert_eq!(task.unwrap().event_id, Some(3));
}

/// Of the two levels that are transactions: only there can a lock be held between two actions. On SQLite the second waits
/// for its first write, and nobody can see it do so.
async fn b20_in_transactions_the_comparison_holds(world: &World) {
    in_transactions_the_comparison_holds(world, &Link::Plain(world.db.clone())).await;
    world.clear().await;
    let ours = touchable::connect(world.db.clone());
    in_transactions_the_comparison_holds(world, &Link::Touch(ours)).await;
}

on_every_server!(outer, 4: b20_in_transactions_the_comparison_holds);
on_every_backend!(outer, 4: b20_a_save_that_is_overtaken_touches_its_own);
on_every_level!(chain, 6: b20_each_of_two_concurrent_saves_touches_its_own);
on_every_level!(board, 10: b20_many_concurrent_saves_of_one_column);
