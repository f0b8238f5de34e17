//! Behaviour 27: in a transaction touches wait for the commit, merged.

use sea_orm::{
    ActiveModelTrait, DbErr, IsolationLevel, NotSet, Set, TransactionError, TransactionTrait, Unchanged,
};
use touchable_tests::{
    World,
    entities::{board, columns, ledger, outer},
    on_every_backend,
};

use crate::{named_event, rename_event, touching};

fn titled_task(id: i32, title: &str) -> outer::task::ActiveModel {
    outer::task::ActiveModel {
        id: Unchanged(id),
        title: Set(title.to_owned()),
        ..Default::default()
    }
}

/// The statements that write this table.
fn writes_of<'a>(sent: &'a [String], table: &str) -> Vec<&'a str> {
    let quoted = [format!("UPDATE \"{table}\""), format!("UPDATE `{table}`")];
    let joined = format!("STRAIGHT_JOIN `{table}`");
    sent.iter()
        .map(String::as_str)
        .filter(|sql| quoted.iter().any(|start| sql.starts_with(start)) || sql.contains(&joined))
        .collect()
}

/// Five children of one parent are saved; the parent is written once, and so is what shows the parent.
async fn b27_many_children_cost_one_update_of_the_parent(world: &World) {
    outer::populate(world).await;
    let db = touching(world);
    let action = async {
        let tx = db.begin().await.unwrap();
        for round in 0..3 {
            titled_task(1, &format!("one {round}")).update(&tx).await.unwrap();
            titled_task(2, &format!("two {round}")).update(&tx).await.unwrap();
        }
        for id in 50..55 {
            let new = outer::task::ActiveModel {
                updated_at: NotSet,
                ..outer::task(id, Some(1), None)
            };
            new.insert(&tx).await.unwrap();
        }
        assert!(!tx.is_settled());
        tx.commit().await.unwrap();
    };
    let sent = world.sent(action).await;
    assert_eq!(writes_of(&sent, "events").len(), 1, "{sent:#?}");
    assert_eq!(writes_of(&sent, "calendars").len(), 1, "{sent:#?}");
}

async fn b27_touches_are_made_at_the_commit(world: &World) {
    outer::populate(world).await;
    let db = touching(world);
    let before = world.moments().await;
    let tx = db.begin().await.unwrap();
    titled_task(1, "edited").update(&tx).await.unwrap();
    assert!(!tx.is_settled());
    let action = tx.commit();
    action.await.unwrap();
    let moved: Vec<String> = before.moved(&world.moments().await).into_iter().collect();
    assert_eq!(moved, ["calendars 1", "events 1", "tasks 1"]);
    assert_eq!(db.registered(), 0);
}

/// Several rules that lead to one table, by different ways and from different saves.
async fn b27_one_update_for_each_table(world: &World) {
    outer::populate(world).await;
    let db = touching(world);
    let user = |id, name: &str| outer::user::ActiveModel {
        id: Unchanged(id),
        name: Set(name.to_owned()),
        ..Default::default()
    };
    let action = async {
        let tx = db.begin().await.unwrap();
        user(1, "Ada").update(&tx).await.unwrap();
        user(2, "Grace").update(&tx).await.unwrap();
        titled_task(3, "edited").update(&tx).await.unwrap();
        titled_task(5, "edited").update(&tx).await.unwrap();
        let new = outer::task::ActiveModel {
            updated_at: NotSet,
            ..outer::task(50, Some(3), Some(1))
        };
        new.insert(&tx).await.unwrap();
        tx.commit().await.unwrap();
    };
    let sent = world.sent(action).await;
    // Two saves and one touch.
    assert_eq!(writes_of(&sent, "tasks").len(), 3, "{sent:#?}");
    assert_eq!(writes_of(&sent, "events").len(), 1, "{sent:#?}");
    assert_eq!(writes_of(&sent, "calendars").len(), 1, "{sent:#?}");
}

on_every_backend!(outer:
    b27_many_children_cost_one_update_of_the_parent,
    b27_touches_are_made_at_the_commit,
    b27_one_update_for_each_table,
);

/// Sets of columns of one table are apart.
async fn b27_one_update_for_each_set_of_columns(world: &World) {
    columns::populate(world).await;
    let db = touching(world);
    let before = world.moments().await;
    let action = async {
        let tx = db.begin().await.unwrap();
        for round in 0..2 {
            for id in 1..=2 {
                let task = columns::task::ActiveModel {
                    id: Unchanged(id),
                    title: Set(format!("edited {round}")),
                    ..Default::default()
                };
                task.update(&tx).await.unwrap();
                let comment = columns::comment::ActiveModel {
                    id: Unchanged(id),
                    text: Set(format!("edited {round}")),
                    ..Default::default()
                };
                comment.update(&tx).await.unwrap();
            }
        }
        let member = columns::member::ActiveModel {
            id: Unchanged(2),
            name: Set("edited".to_owned()),
            ..Default::default()
        };
        member.update(&tx).await.unwrap();
        tx.commit().await.unwrap();
    };
    let sent = world.sent(action).await;
    assert_eq!(writes_of(&sent, "projects").len(), 3, "{sent:#?}");
    let moved = before.moved(&world.moments().await);
    for row in [
        "projects 1.tasks_touched_at",
        "projects 1.comments_touched_at",
        "projects 1.activity_at",
        "projects 2",
    ] {
        assert!(moved.contains(row), "{row} is not among {moved:?}");
    }
    assert!(!moved.contains("projects 1"), "{moved:?}");
}

on_every_backend!(columns: b27_one_update_for_each_set_of_columns);

/// A version counts the flush once, however many saves led to it.
async fn b27_a_flush_touches_a_row_once(world: &World) {
    world.seed([ledger::author(1)]).await;
    world.seed([ledger::shelf(1)]).await;
    world.seed([ledger::book(1, 1, 1), ledger::book(2, 1, 1)]).await;
    let db = touching(world);
    let tx = db.begin().await.unwrap();
    for name in ["Ada", "Grace", "Barbara"] {
        let author = ledger::author::ActiveModel {
            id: Unchanged(1),
            name: Set(name.to_owned()),
            ..Default::default()
        };
        author.update(&tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    let author = world.model::<ledger::author::Entity>(1).await;
    assert_eq!((author.name.as_str(), author.lock_no), ("Barbara", 4));
    assert_eq!(world.model::<ledger::book::Entity>(1).await.lock_no, 2);
    assert_eq!(world.model::<ledger::book::Entity>(2).await.lock_no, 2);
    assert_eq!(world.model::<ledger::shelf::Entity>(1).await.lock_no, 2);
}

on_every_backend!(ledger: b27_a_flush_touches_a_row_once);

const SHOWN: [&str; 4] = ["events 1", "tasks 1", "tasks 2", "tasks 3"];

async fn b27_a_released_savepoint_is_merged(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    let action = async {
        let tx = db.begin().await.unwrap();
        rename_event(&tx, 1, "outside").await.unwrap();
        let savepoint = tx.begin().await.unwrap();
        rename_event(&savepoint, 1, "inside").await.unwrap();
        rename_event(&savepoint, 2, "inside").await.unwrap();
        savepoint.commit().await.unwrap();
        tx.commit().await.unwrap();
    };
    let before = world.moments().await;
    let sent = world.sent(action).await;
    assert_eq!(writes_of(&sent, "tasks").len(), 1, "{sent:#?}");
    let moved: Vec<String> = before.moved(&world.moments().await).into_iter().collect();
    assert_eq!(
        moved,
        ["events 1", "events 2", "tasks 1", "tasks 2", "tasks 3", "tasks 4"]
    );
}

async fn b27_a_rolled_back_savepoint_is_dropped(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    let action = async {
        let tx = db.begin().await.unwrap();
        rename_event(&tx, 1, "renamed").await.unwrap();
        let savepoint = tx.begin().await.unwrap();
        rename_event(&savepoint, 2, "never").await.unwrap();
        savepoint.rollback().await.unwrap();
        let savepoint = tx.begin().await.unwrap();
        rename_event(&savepoint, 3, "never either").await.unwrap();
        drop(savepoint);
        tx.commit().await.unwrap();
    };
    world.expect_moved(&SHOWN, action).await;
}

/// Three deep: what the middle rolls back takes the released innermost with it.
async fn b27_savepoints_nest(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    let nested = async |keep_middle: bool, name: &str| {
        let tx = db.begin().await.unwrap();
        let middle = tx.begin().await.unwrap();
        rename_event(&middle, 2, name).await.unwrap();
        let innermost = middle.begin().await.unwrap();
        rename_event(&innermost, 3, name).await.unwrap();
        innermost.commit().await.unwrap();
        assert!(tx.is_settled(), "nothing has been handed over yet");
        if keep_middle {
            middle.commit().await.unwrap();
            assert!(!tx.is_settled());
        } else {
            middle.rollback().await.unwrap();
            assert!(tx.is_settled());
        }
        rename_event(&tx, 1, name).await.unwrap();
        tx.commit().await.unwrap();
    };
    world.expect_moved(&SHOWN, nested(false, "first")).await;
    world
        .expect_moved(
            &[&SHOWN[..], &["events 2", "tasks 4", "events 3", "tasks 6"]].concat(),
            nested(true, "second"),
        )
        .await;
}

/// A savepoint's save that fails does not spoil the transaction around it.
async fn b27_a_failed_save_in_a_savepoint(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    let action = async {
        let tx = db.begin().await.unwrap();
        rename_event(&tx, 1, "renamed").await.unwrap();
        let savepoint = tx.begin().await.unwrap();
        board::event(2).insert(&savepoint).await.unwrap_err();
        savepoint.rollback().await.unwrap();
        tx.commit().await.unwrap();
    };
    world.expect_moved(&SHOWN, action).await;
    assert_eq!(db.registered(), 0);
}

async fn b27_a_rolled_back_or_dropped_transaction_leaves_everything(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    let before = world.moments().await;
    let tx = db.begin().await.unwrap();
    rename_event(&tx, 1, "never").await.unwrap();
    tx.rollback().await.unwrap();
    let tx = db.begin().await.unwrap();
    rename_event(&tx, 1, "never").await.unwrap();
    drop(tx);
    assert_eq!(world.moments().await, before);
    // The same name again is a change.
    world
        .expect_moved(&SHOWN, rename_event(&db, 1, "never"))
        .await
        .unwrap();
    assert_eq!(db.registered(), 0);
}

#[derive(Debug, PartialEq)]
struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused")
    }
}

async fn b27_closures_commit_and_roll_back(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    let action = db.transaction::<_, _, DbErr>(|tx| {
        Box::pin(async move {
            rename_event(tx, 1, "renamed").await?;
            tx.transaction::<_, _, DbErr>(|savepoint| {
                Box::pin(async move { rename_event(savepoint, 2, "renamed").await })
            })
            .await
            .unwrap();
            Ok(42)
        })
    });
    let output = world
        .expect_moved(&[&SHOWN[..], &["events 2", "tasks 4"]].concat(), action)
        .await
        .unwrap();
    assert_eq!(output, 42);

    let action = db.transaction::<_, (), Refused>(|tx| {
        Box::pin(async move {
            rename_event(tx, 1, "never").await.unwrap();
            Err(Refused)
        })
    });
    let error = world.expect_moved(&[], action).await.unwrap_err();
    assert!(
        matches!(error, TransactionError::Transaction(Refused)),
        "{error:?}"
    );
    assert_eq!(db.registered(), 0);
}

async fn b27_isolation_levels(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    for (n, level) in [
        IsolationLevel::ReadCommitted,
        IsolationLevel::RepeatableRead,
        IsolationLevel::Serializable,
    ]
    .into_iter()
    .enumerate()
    {
        let action = async {
            let tx = db.begin_with_config(Some(level), None).await.unwrap();
            rename_event(&tx, 1, &format!("renamed {n}")).await.unwrap();
            tx.commit().await.unwrap();
        };
        world.expect_moved(&SHOWN, action).await;
        let name = format!("in a closure {n}");
        let action = db.transaction_with_config::<_, _, DbErr>(
            |tx| Box::pin(async move { rename_event(tx, 1, &name).await }),
            Some(level),
            None,
        );
        world.expect_moved(&SHOWN, action).await.unwrap();
    }
}

async fn b27_set_to_the_stored_value_changes_nothing(world: &World) {
    // Rows of their own: a save of a row that another test has just failed to write may touch too much.
    world.seed([board::event(71), board::event(72)]).await;
    world
        .seed([board::task(71, Some(71), None), board::task(72, Some(72), None)])
        .await;
    let db = touching(world);
    let action = async {
        let tx = db.begin().await.unwrap();
        rename_event(&tx, 71, "event 71").await.unwrap();
        assert!(tx.is_settled());
        let mut mixed = named_event(72, "event 72");
        mixed.location = Set("there".to_owned());
        mixed.update(&tx).await.unwrap();
        assert!(tx.is_settled());
        tx.commit().await.unwrap();
    };
    world.expect_moved(&["events 72"], action).await;
}

async fn b28_update_without_returning_touches_inside(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    let action = async {
        let tx = db.begin().await.unwrap();
        let result = named_event(1, "renamed")
            .update_without_returning(&tx)
            .await
            .unwrap();
        assert_eq!(result.rows_affected, 1);
        assert!(!tx.is_settled());
        let savepoint = tx.begin().await.unwrap();
        named_event(2, "renamed")
            .update_without_returning(&savepoint)
            .await
            .unwrap();
        savepoint.commit().await.unwrap();
        tx.commit().await.unwrap();
    };
    world
        .expect_moved(&[&SHOWN[..], &["events 2", "tasks 4"]].concat(), action)
        .await;
}

on_every_backend!(board:
    b27_a_released_savepoint_is_merged,
    b27_a_rolled_back_savepoint_is_dropped,
    b27_savepoints_nest,
    b27_a_failed_save_in_a_savepoint,
    b27_a_rolled_back_or_dropped_transaction_leaves_everything,
    b27_closures_commit_and_roll_back,
    b27_isolation_levels,
    b27_set_to_the_stored_value_changes_nothing,
    b28_update_without_returning_touches_inside,
);
