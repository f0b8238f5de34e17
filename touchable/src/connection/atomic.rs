//! A save outside a transaction, together with its touches.

use std::{collections::HashMap, slice};

use chrono::{DateTime, NaiveDateTime, Utc};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, QueryResult, Statement, Value,
    sea_query::{Alias, Expr, LockType},
};
use tracing::Instrument;

use super::{
    intent::{Change, Intent},
    send::Send,
    single::{self, Single},
    sweep::Recent,
    written::WrittenUpdate,
};
use crate::{
    Clock, Error, Result, Stamp, StampType,
    observe::Flush,
    touch::{
        Schema,
        engine::{
            Assigned, Captured, ColumnKind, CompiledRule, Entry, Except, Key, Query as Rows, Start, Tries,
            begin, finish, flush, flush_entries, leave_idle, lock_parents, mark_done, rows_of, take_exact,
        },
        rising,
    },
};

/// A save whose statement has arrived.
pub(super) struct Save {
    pub schema: &'static Schema,
    pub rules: Vec<&'static CompiledRule>,
    pub change: Change,
    /// The stamp that the statement writes, as it is bound.
    pub stamp: Option<Value>,
}

/// Sends the statement of a save, in a transaction with its touches.
pub(super) async fn together<S: Send>(
    db: &DatabaseConnection,
    intent: Intent,
    stamp: Option<Value>,
    statement: Statement,
) -> Result<S::Output, DbErr> {
    let Intent::Together {
        schema,
        change,
        rules,
    } = intent
    else {
        return S::send(db, statement).await;
    };
    let save = Save {
        schema,
        rules,
        change,
        stamp,
    };
    let mut tries = Tries::default();
    let done = loop {
        let done = save.run::<S>(db, statement.clone()).await;
        if !tries.again(&done) {
            break done;
        }
    };
    if done.is_err() {
        save.forget();
    }
    Ok(done?)
}

impl Save {
    async fn run<S: Send>(&self, db: &DatabaseConnection, statement: Statement) -> Result<S::Output> {
        if statement.db_backend == DbBackend::Postgres
            && let Some(single) = single::compose(self, &statement, S::READS)
        {
            return self.run_single::<S>(db, single, &statement).await;
        }
        let tx = begin(db).await?;
        let done = match &self.change {
            Change::Insert { parents } => self.insert::<S, _>(&tx, parents, statement).await,
            Change::Update { key, .. } => self.update::<S, _>(&tx, key, statement).await,
            Change::Delete { key } => self.delete::<S, _>(&tx, key, statement).await,
        };
        finish(tx, done).await
    }

    async fn insert<S: Send, C: ConnectionTrait>(
        &self,
        tx: &C,
        parents: &[(&'static CompiledRule, Key)],
        statement: Statement,
    ) -> Result<S::Output> {
        lock_parents(tx, parents.iter().map(|(rule, key)| (*rule, key.clone()))).await?;
        let sent = S::send(tx, statement).await?;
        let entries = parents
            .iter()
            .map(|(rule, key)| Entry::parent(self.schema, rule, key.clone()));
        flush_entries(tx, entries.collect()).await?;
        self.done();
        Ok(sent)
    }

    async fn update<S: Send, C: ConnectionTrait>(
        &self,
        tx: &C,
        key: &Key,
        statement: Statement,
    ) -> Result<S::Output> {
        let backend = statement.db_backend;
        let written = WrittenUpdate::read(&statement).ok_or_else(|| self.unreadable())?;
        let assigned = written.assigned(self.schema, backend, &self.change);
        // SQLite has the write lock already; there each statement judges for itself and a question is saved.
        let judged = backend != DbBackend::Sqlite;
        if judged && !self.will_differ(tx, key, &assigned).await? {
            let sent = S::send(tx, unchanged(self.schema, &written, backend)).await?;
            self.settle_idle(key);
            return Ok(sent);
        }
        flush(
            tx,
            assigned.entries(&self.rules, slice::from_ref(key)),
            self.schema,
            &Except::Row(key.clone()),
        )
        .await?;
        let stamp = self.stamp();
        let bumped = if judged {
            rising::assignments(backend, self.schema, &[], stamp)
        } else {
            assigned.bumped(stamp)
        };
        let mut rewritten = written.with(backend, &bumped);
        rewritten.append(written.condition.clone());
        rewritten.append(written.returning.clone());
        let sent = S::send(tx, rewritten.into_statement(backend)).await?;
        self.settle(key, S::row(&sent), backend);
        Ok(sent)
    }

    async fn delete<S: Send, C: ConnectionTrait>(
        &self,
        tx: &C,
        key: &Key,
        statement: Statement,
    ) -> Result<S::Output> {
        self.lock(tx, key).await?;
        let entries = self
            .rules
            .iter()
            .map(|rule| {
                let rows = Rows::of(
                    self.schema,
                    rows_of(self.schema, slice::from_ref(key)),
                    HashMap::new(),
                );
                Entry::fired(self.schema, rule, Start::Query(rows.into()))
            })
            .collect();
        flush_entries(tx, entries).await?;
        Ok(S::send(tx, statement).await?)
    }

    async fn run_single<S: Send>(
        &self,
        db: &DatabaseConnection,
        single: Single,
        statement: &Statement,
    ) -> Result<S::Output> {
        let children = single.children.clone();
        let sent = send_single::<S>(db, single).await?;
        let Change::Update { key, .. } = &self.change else {
            self.done();
            return Ok(sent);
        };
        if let Some((recent, rules)) = S::row(&sent).and_then(|row| Recent::read(row, &children)) {
            self.sweep(db, key, &recent, &rules).await?;
        }
        if S::found(&sent) {
            self.settle(key, S::row(&sent), statement.db_backend);
            return Ok(sent);
        }
        // Nothing would have changed, or there is no such row: SeaORM asks for the row, or how many there are.
        let written = WrittenUpdate::read(statement).ok_or_else(|| self.unreadable())?;
        let stored = S::send(db, unchanged(self.schema, &written, statement.db_backend)).await?;
        self.settle_idle(key);
        Ok(stored)
    }

    /// Touches what the statement could not see.
    async fn sweep(
        &self,
        db: &DatabaseConnection,
        key: &Key,
        recent: &Recent,
        rules: &[&'static CompiledRule],
    ) -> Result<()> {
        let entries = rules.iter().map(|rule| {
            let mut rows = Rows::of(
                self.schema,
                rows_of(self.schema, slice::from_ref(key)),
                HashMap::new(),
            );
            rows.recent = Some(recent.clone());
            Entry::fired(self.schema, rule, Start::Query(rows.into()))
        });
        flush(db, entries.collect(), self.schema, &Except::Row(key.clone()))
            .await
            .map(drop)
    }

    /// Locks the row and asks whether it will be another one. A row that is gone is left to the statement.
    async fn will_differ<C: ConnectionTrait>(&self, tx: &C, key: &Key, assigned: &Assigned) -> Result<bool> {
        let differs = Expr::case(assigned.changes_anything(), Expr::cust("1")).finally(Expr::cust("0"));
        let mut select = rows_of(self.schema, slice::from_ref(key));
        select
            .expr_as(differs, Alias::new("differs"))
            .lock(LockType::Update);
        let Some(row) = tx.query_one(&select).await? else {
            return Ok(true);
        };
        // A constant is an integer of one width here and of another there.
        Ok(row
            .try_get::<i32>("", "differs")
            .is_ok_and(|differs| differs == 1)
            || row
                .try_get::<i64>("", "differs")
                .is_ok_and(|differs| differs == 1))
    }

    async fn lock<C: ConnectionTrait>(&self, tx: &C, key: &Key) -> Result<()> {
        if tx.get_database_backend() != DbBackend::Sqlite {
            let mut select = rows_of(self.schema, slice::from_ref(key));
            select.expr(Expr::cust("1")).lock(LockType::Update);
            tx.query_one(&select).await?;
        }
        Ok(())
    }

    /// The stamp that the statement writes.
    pub(super) fn stamp(&self) -> Stamp {
        self.ticket().unwrap_or_else(|| Clock::current().stamp())
    }

    fn ticket(&self) -> Option<Stamp> {
        (self.schema.value_stamp)(self.stamp.as_ref()?)
    }

    /// The touches are seen to; `after_save` will find the row under the stamp that was written.
    fn done(&self) {
        if let Some(stamp) = &self.stamp {
            mark_done(self.schema, stamp);
        }
    }

    /// Leaves word for `after_save` under the stamp with which the row has come back.
    fn settle(&self, key: &Key, row: Option<&QueryResult>, backend: DbBackend) {
        match row {
            Some(row) if read_stamp(self.schema, row) == self.ticket() => self.done(),
            // Raised above the stored one, or kept since nothing changed.
            Some(_) => self.settle_idle(key),
            // MySQL returns no row; SeaORM reads it in a moment.
            None if backend == DbBackend::MySql => self.done(),
            // Nobody will ask.
            None => self.forget(),
        }
    }

    fn settle_idle(&self, key: &Key) {
        self.forget();
        leave_idle(self.schema.name, key);
    }

    /// Takes back what `before_save` has left.
    fn forget(&self) {
        if let Some(ticket) = self.ticket() {
            take_exact(ticket, self.schema.name);
        }
    }

    fn unreadable(&self) -> Error {
        Error::declaration(
            self.schema.name,
            "save",
            "the UPDATE is not of the form that SeaORM gives it",
        )
    }
}

/// Sends a save with its touches and reports these.
async fn send_single<S: Send>(db: &DatabaseConnection, single: Single) -> Result<S::Output, DbErr> {
    let touches = single.plan.touches.len();
    if touches == 0 {
        return S::send(db, single.statement).await;
    }
    let flush = Flush::begin(&single.plan);
    let sent = S::send(db, single.statement)
        .instrument(flush.span().clone())
        .await?;
    let moved = match S::row(&sent) {
        Some(row) => (0..touches)
            .map(|touch| row.try_get::<i64>("", &single::rows_column(touch)))
            .map(|rows| u64::try_from(rows.unwrap_or_default()).unwrap_or_default())
            .collect(),
        None if S::found(&sent) => Vec::new(),
        None => vec![0; touches],
    };
    flush.end(&single.plan, &moved);
    Ok(sent)
}

/// What stands for an UPDATE that would change nothing: it finds the row as it is.
fn unchanged(schema: &Schema, written: &WrittenUpdate, backend: DbBackend) -> Statement {
    let table = written
        .head
        .trim_start_matches("UPDATE ")
        .trim_end_matches(" SET ");
    let mut statement = Captured::default();
    if backend == DbBackend::MySql {
        let touch = format!("`{}`", schema.touch);
        statement.push(&format!("UPDATE {table} SET {touch} = {touch}"));
    } else {
        statement.push("SELECT ");
        let columns = written.returning.sql.trim_start_matches(" RETURNING ");
        statement.push(if columns.is_empty() { "1" } else { columns });
        statement.push(&format!(" FROM {table}"));
    }
    statement.append(written.condition.clone());
    statement.into_statement(backend)
}

/// The stamp of a row that came back.
fn read_stamp(schema: &Schema, row: &QueryResult) -> Option<Stamp> {
    if schema.kind(schema.touch) == Some(ColumnKind::Naive) {
        row.try_get::<Option<NaiveDateTime>>("", schema.touch)
            .ok()??
            .to_stamp()
    } else {
        row.try_get::<Option<DateTime<Utc>>>("", schema.touch)
            .ok()??
            .to_stamp()
    }
}
