//! A change of a watched column, with the children that show it.

use futures_util::FutureExt;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, IntoActiveModel,
    QueryFilter, QuerySelect, Set, TransactionTrait,
    prelude::{ChronoUtc, DateTimeUtc, Expr},
};
use touchable::TouchConnection;
use touchable_benches::{
    Arguments, Goal, Lane, Race, Ratio,
    entities::{
        ours,
        plain::{event, task},
    },
};

pub async fn race(lane: Lane, arguments: &Arguments) -> Vec<Ratio> {
    let mut ratios = Vec::new();
    for children in [1, 10, 100, 10_000] {
        let name = format!("touch/{}/fired-{children}", lane.name());
        if !arguments.wants(&name) {
            continue;
        }
        let db = lane.prepare(children).await;
        let connected = touchable::connect(db.clone());
        let race = Race::of(name, |n| rename(&connected, n).boxed())
            .against("hand", Goal::AtMost(1.1), |n| rename_by_hand(&db, n).boxed())
            .against("compared", goal(children), |n| rename_compared(&db, n).boxed());
        ratios.extend(race.run(arguments.patience()).await);
        lane.clear(db.clone()).await;
    }
    ratios
}

/// Against whoever compares with the stored row too, as ours does: with few children round trips decide, with many the rows,
/// which ours locks in one order.
const fn goal(children: i32) -> Goal {
    match children {
        1..=10 => Goal::AtMost(1.05),
        _ => Goal::AtMost(1.1),
    }
}

async fn rename(db: &TouchConnection, n: u64) {
    let mut event = ours::event::Model::loaded(1).into_active_model();
    event.name = Set(format!("event {n}"));
    event.update(db).await.expect("a saved event");
}

/// Whoever touches without asking whether anything changes.
async fn rename_by_hand(db: &DatabaseConnection, n: u64) {
    db.transaction(|tx| {
        async move {
            let now = ChronoUtc::now();
            let mut event = event::Model::loaded(2).into_active_model();
            event.name = Set(format!("event {n}"));
            event.updated_at = Set(now);
            let event = event.update(tx).await?;
            touch_tasks(tx, event.id, now).await
        }
        .boxed()
    })
    .await
    .expect("a transaction");
}

/// Whoever touches only what really changes, as ours does.
async fn rename_compared(db: &DatabaseConnection, n: u64) {
    db.transaction(|tx| {
        async move {
            let now = ChronoUtc::now();
            let stored = event::Entity::find_by_id(3).lock_exclusive().one(tx).await?;
            let stored = stored.ok_or(DbErr::RecordNotUpdated)?;
            let name = format!("event {n}");
            if stored.name == name {
                return Ok(());
            }
            let mut event = stored.into_active_model();
            event.name = Set(name);
            event.updated_at = Set(now);
            let event = event.update(tx).await?;
            touch_tasks(tx, event.id, now).await
        }
        .boxed()
    })
    .await
    .expect("a transaction");
}

async fn touch_tasks(tx: &impl ConnectionTrait, event: i32, now: DateTimeUtc) -> Result<(), DbErr> {
    task::Entity::update_many()
        .col_expr(task::Column::UpdatedAt, Expr::value(now))
        .filter(task::Column::EventId.eq(event))
        .exec(tx)
        .await
        .map(drop)
}
