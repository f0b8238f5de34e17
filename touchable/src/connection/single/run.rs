//! Sending the statement, and what its answer means.

use sea_orm::{ConnectionTrait, DbErr, Statement};
use tracing::Instrument;

use super::{ALONE_COLUMN, FOUND_COLUMN, Single, rows_column};
use crate::{
    Result,
    connection::{
        atomic::{Save, unchanged},
        form::Form,
        intent::Change,
        session::Session,
        template::{Filling, Template},
        written::WrittenUpdate,
    },
    observe::Flush,
    touch::engine::{Key, begin, finish},
};

impl Save {
    pub(in crate::connection) async fn run_single<S: Form>(
        &self,
        session: &Session,
        single: &Single,
        statement: &Statement,
    ) -> Result<S::Output> {
        let Change::Update { key, .. } = &self.change else {
            let sent =
                send_single::<S, _>(&session.db, single, &single.template, self.filling(statement)).await?;
            self.done();
            return Ok(sent);
        };
        let Some(gated) = &single.gated else {
            return self
                .update_single::<S, _>(&session.db, key, single, statement)
                .await;
        };
        if S::READS && !session.contention.is_expected() {
            let sent = send_single::<S, _>(&session.db, single, gated, self.filling(statement)).await?;
            let column = |name| S::row(&sent).and_then(|row| row.try_get::<i64>("", name).ok());
            let alone =
                S::row(&sent).is_some_and(|row| row.try_get::<bool>("", ALONE_COLUMN).unwrap_or_default());
            if alone && column(FOUND_COLUMN) == Some(1) {
                self.settle(key, S::row(&sent), true);
                return Ok(sent);
            }
            if alone {
                return self.unchanged::<S, _>(&session.db, key, statement).await;
            }
            session.contention.met();
        }
        let tx = begin(&session.db).await?;
        let done = async {
            self.lock(&tx, key).await?;
            self.update_single::<S, _>(&tx, key, single, statement).await
        }
        .await;
        finish(tx, done).await
    }

    async fn update_single<S: Form, C: ConnectionTrait>(
        &self,
        db: &C,
        key: &Key,
        single: &Single,
        statement: &Statement,
    ) -> Result<S::Output> {
        let sent = send_single::<S, _>(db, single, &single.template, self.filling(statement)).await?;
        if !S::found(&sent) {
            return self.unchanged::<S, _>(db, key, statement).await;
        }
        self.settle(key, S::row(&sent), true);
        Ok(sent)
    }

    /// Nothing would have changed, or there is no such row: SeaORM asks for the row, or how many there are.
    async fn unchanged<S: Form, C: ConnectionTrait>(
        &self,
        db: &C,
        key: &Key,
        statement: &Statement,
    ) -> Result<S::Output> {
        let written = WrittenUpdate::read(statement).ok_or_else(|| self.unreadable())?;
        let stored = S::send(db, unchanged(self.schema, &written, statement.db_backend)).await?;
        self.settle_idle(key);
        Ok(stored)
    }
}

/// Sends a save with its touches and reports these.
async fn send_single<S: Form, C: ConnectionTrait>(
    db: &C,
    single: &Single,
    template: &Template,
    filling: Filling<'_>,
) -> Result<S::Output, DbErr> {
    let statement = template.fill(filling);
    let touches = single.plan.touches.len();
    if touches == 0 {
        return S::send(db, statement).await;
    }
    let flush = Flush::begin(&single.plan);
    let sent = S::send(db, statement).instrument(flush.span().clone()).await?;
    let moved = match S::row(&sent) {
        Some(row) => (0..touches)
            .map(|touch| row.try_get::<i64>("", &rows_column(touch)))
            .map(|rows| u64::try_from(rows.unwrap_or_default()).unwrap_or_default())
            .collect(),
        None if S::found(&sent) => Vec::new(),
        None => vec![0; touches],
    };
    flush.end(&single.plan, &moved);
    Ok(sent)
}
