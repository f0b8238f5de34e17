//! Behaviour 44: strictness belongs to its handle, and an acknowledged bypass carries its reason.

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, TransactionTrait, sea_query::Expr};
use touchable::{Error, TouchConnection, TouchGraph, observe};
use touchable_tests::{World, entities::board, on_every_backend};

use crate::{named_event, touching};

const AROUND: &str = "UPDATE events SET location = 'raw'";
const REASON: &str = "nobody shows where";

fn watching(world: &World) -> TouchConnection {
    touching(world).watch(&TouchGraph::of::<(board::event::Entity,)>())
}

async fn refused(db: &impl ConnectionTrait) -> bool {
    let outcome = db.execute_unprepared(AROUND).await;
    outcome.is_err_and(|error| Error::from(error).is_bypass())
}

/// A handle, its clones and its transactions refuse; the handle it came from does not, nor do that one's transactions.
async fn b44_strict_belongs_to_its_handle(world: &World) {
    board::populate(world).await;
    let db = watching(world);
    let strict = db.clone().strict();
    let open = db.begin().await.unwrap();
    assert!(!refused(&open).await);
    open.commit().await.unwrap();
    assert!(refused(&strict).await && refused(&strict.clone()).await);
    let transaction = strict.begin().await.unwrap();
    assert!(refused(&transaction).await);
    let savepoint = transaction.begin().await.unwrap();
    assert!(refused(&savepoint).await);
    drop(savepoint);
    transaction.rollback().await.unwrap();
    assert!(!refused(&db).await);
    // What one of them learns, all know.
    let late = touching(world);
    let strict = late.clone().strict();
    let late = late.watch(&TouchGraph::of::<(board::event::Entity,)>());
    assert!(refused(&strict).await && !refused(&late).await);
}

/// Counted with its table and reason, and only where it is said.
async fn b44_a_reason_lets_pass(world: &World) {
    board::populate(world).await;
    let db = watching(world).strict();
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    {
        let _recorder = metrics::set_default_local_recorder(&recorder);
        db.bypassing(REASON).execute_unprepared(AROUND).await.unwrap();
        let transaction = db.begin().await.unwrap();
        board::event::Entity::update_many()
            .col_expr(board::event::Column::Location, Expr::value("there"))
            .exec(&transaction.bypassing(REASON))
            .await
            .unwrap();
        assert!(refused(&transaction).await, "without a reason, beside one");
        transaction.rollback().await.unwrap();
        assert!(refused(&db).await);
        // It goes around no rule.
        db.bypassing(REASON).execute_unprepared("SELECT 1").await.unwrap();
    }
    let counted: Vec<(Vec<String>, DebugValue)> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .filter(|(key, ..)| key.key().name() == observe::BYPASSES)
        .map(|(key, _, _, value)| {
            let labels = key.key().labels().map(|label| label.value().to_owned());
            (labels.collect(), value)
        })
        .collect();
    let labels = vec!["events".to_owned(), REASON.to_owned()];
    assert_eq!(counted, [(labels, DebugValue::Counter(2))]);
}

/// A save is no bypass, whatever it is sent through: it touches.
async fn b44_a_save_with_a_reason_touches(world: &World) {
    board::populate(world).await;
    let db = watching(world).strict();
    let moved = ["events 1", "tasks 1", "tasks 2", "tasks 3"];
    let save = named_event(1, "renamed");
    world
        .expect_moved(&moved, save.update(&db.bypassing(REASON)))
        .await
        .unwrap();
    let in_transaction = async {
        let transaction = db.begin().await.unwrap();
        let save = named_event(1, "renamed again");
        save.update(&transaction.bypassing(REASON)).await.unwrap();
        transaction.commit().await.unwrap();
    };
    world.expect_moved(&moved, in_transaction).await;
}

on_every_backend!(board:
    b44_strict_belongs_to_its_handle,
    b44_a_reason_lets_pass,
    b44_a_save_with_a_reason_touches,
);
