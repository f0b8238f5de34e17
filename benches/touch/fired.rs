//! A change of a watched column, with the children that show it.

use futures_util::FutureExt;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend,
    DbErr, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, Set, Statement, TransactionTrait,
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
        let mut race = Race::of(name, |n| rename(&connected, n).boxed())
            .against("hand", Goal::AtMost(1.1), |n| rename_by_hand(&db, n).boxed())
            .against("compared", goal(children), |n| rename_compared(&db, n).boxed());
        if db.get_database_backend() == DbBackend::Postgres {
            race = race.against("safe", goal(children), |n| rename_safely(&db, n).boxed());
        }
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
    rename_what_differs(db, 3, n, async |tx, now| touch_tasks(tx, 3, now).await).await;
}

/// Whoever also locks the tasks in one order, without which two such transactions can deadlock, and lets no stamp fall.
async fn rename_safely(db: &DatabaseConnection, n: u64) {
    rename_what_differs(db, 4, n, async |tx, now| {
        let sql = r#"UPDATE "tasks" SET "updated_at" = GREATEST($1, "updated_at" + interval '1 microsecond') WHERE "id" IN
            (SELECT "id" FROM "tasks" WHERE "event_id" = $2 ORDER BY "id" FOR NO KEY UPDATE)"#;
        let values = [now.into(), 4.into()];
        let touch = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
        tx.execute_raw(touch).await.map(drop)
    })
    .await;
}

async fn rename_what_differs(
    db: &DatabaseConnection,
    id: i32,
    n: u64,
    touch: impl AsyncFnOnce(&DatabaseTransaction, DateTimeUtc) -> Result<(), DbErr>,
) {
    let changed = async {
        let tx = db.begin().await?;
        let now = ChronoUtc::now();
        let stored = event::Entity::find_by_id(id).lock_exclusive().one(&tx).await?;
        let stored = stored.ok_or(DbErr::RecordNotUpdated)?;
        let name = format!("event {n}");
        if stored.name != name {
            let mut event = stored.into_active_model();
            event.name = Set(name);
            event.updated_at = Set(now);
            event.update(&tx).await?;
            touch(&tx, now).await?;
        }
        tx.commit().await
    };
    changed.await.expect("a transaction");
}

async fn touch_tasks(tx: &impl ConnectionTrait, event: i32, now: DateTimeUtc) -> Result<(), DbErr> {
    task::Entity::update_many()
        .col_expr(task::Column::UpdatedAt, Expr::value(now))
        .filter(task::Column::EventId.eq(event))
        .exec(tx)
        .await
        .map(drop)
}
