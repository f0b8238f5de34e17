//! Many saves in one transaction, whose touches are one.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use futures_util::FutureExt;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseConnection, DbErr, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect, Set, TransactionTrait,
    prelude::{ChronoUtc, Expr},
};
use touchable::TouchConnection;
use touchable_benches::{
    Arguments, Goal, Lane, Race, Ratio,
    entities::{
        ours,
        plain::{comment, event},
    },
};

/// The saves of one transaction.
const SAVES: i32 = 100;

pub async fn race(lane: Lane, arguments: &Arguments) -> Vec<Ratio> {
    let name = format!("touch/{}/merged-{SAVES}", lane.name());
    if !arguments.wants(&name) {
        return Vec::new();
    }
    let db = lane.prepare(SAVES).await;
    assert_eq!(parent_updates(&db).await, 1, "one UPDATE of the parent");
    let connected = touchable::connect(db.clone());
    let race = Race::of(name, |n| rewrite(&connected, n).boxed())
        .against("hand", Goal::AtMost(1.1), |n| rewrite_by_hand(&db, n).boxed())
        .against("compared", Goal::AtMost(1.1), |n| {
            rewrite_compared(&db, n).boxed()
        });
    let ratios = race.run(arguments.patience()).await;
    lane.clear(db.clone()).await;
    ratios
}

/// How many UPDATEs of the parent one transaction sends.
async fn parent_updates(db: &DatabaseConnection) -> usize {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    let mut db = db.clone();
    db.set_metric_callback(move |info| {
        if info.statement.sql.starts_with(r#"UPDATE "events""#) {
            count.fetch_add(1, Relaxed);
        }
    });
    rewrite(&touchable::connect(db), u64::MAX).await;
    sent.load(Relaxed)
}

async fn rewrite(db: &TouchConnection, n: u64) {
    db.transaction(|tx| {
        async move {
            for id in 1..=SAVES {
                let mut comment = ours::comment::Model::loaded(id, 1).into_active_model();
                comment.text = Set(format!("comment {n}"));
                comment.update(tx).await?;
            }
            Ok::<_, DbErr>(())
        }
        .boxed()
    })
    .await
    .expect("a transaction");
}

async fn rewrite_by_hand(db: &DatabaseConnection, n: u64) {
    db.transaction(|tx| {
        async move {
            let now = ChronoUtc::now();
            for id in SAVES + 1..=2 * SAVES {
                let mut comment = comment::Model::loaded(id, 2).into_active_model();
                comment.text = Set(format!("comment {n}"));
                comment.updated_at = Set(now);
                comment.update(tx).await?;
            }
            event::Entity::update_many()
                .col_expr(event::Column::UpdatedAt, Expr::value(now))
                .filter(event::Column::Id.eq(2))
                .exec(tx)
                .await
        }
        .boxed()
    })
    .await
    .expect("a transaction");
}

/// Touches the parent only when a comment really changes, as ours does.
async fn rewrite_compared(db: &DatabaseConnection, n: u64) {
    db.transaction(|tx| {
        async move {
            let now = ChronoUtc::now();
            let mut touched = false;
            for id in 2 * SAVES + 1..=3 * SAVES {
                let stored = comment::Entity::find_by_id(id).lock_exclusive().one(tx).await?;
                let stored = stored.ok_or(DbErr::RecordNotUpdated)?;
                let text = format!("comment {n}");
                if stored.text == text {
                    continue;
                }
                touched = true;
                let mut comment = stored.into_active_model();
                comment.text = Set(text);
                comment.updated_at = Set(now);
                comment.update(tx).await?;
            }
            if touched {
                event::Entity::update_many()
                    .col_expr(event::Column::UpdatedAt, Expr::value(now))
                    .filter(event::Column::Id.eq(3))
                    .exec(tx)
                    .await?;
            }
            Ok::<_, DbErr>(())
        }
        .boxed()
    })
    .await
    .expect("a transaction");
}
