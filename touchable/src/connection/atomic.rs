//! A save outside a transaction, together with its touches.

use std::{collections::HashMap, slice};

use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, Statement, Value,
    sea_query::{Expr, LockType},
};

use super::{
    form::Form,
    intent::{Change, Intent},
    messages::Messages,
    recipe::{Recipe, Steps},
    session::Session,
    template::{Filling, bound},
    written::WrittenUpdate,
};
use crate::{
    Clock, Error, Result,
    touch::{
        Schema,
        engine::{
            Captured, CompiledRule, Entry, Key, Moved, Query as Rows, Start, Tries, begin, carry_out,
            flush_entries, lock_parents, rows_of, take_turn,
        },
    },
};

/// A save whose statement has arrived.
pub(super) struct Save {
    pub schema: &'static Schema,
    pub rules: Vec<&'static CompiledRule>,
    pub change: Change,
    /// The stamp that the statement writes, as it is bound.
    pub stamp: Option<Value>,
    pub told: Told,
}

/// What of a save is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    /// The row itself.
    pub itself: bool,
    /// The rows of published entities that it touches.
    pub touches: bool,
}

/// Sends the statement of a save, in a transaction with its touches.
pub(super) async fn together<S: Form>(
    session: &Session,
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
        let mut tries = Tries::default();
        loop {
            let done = S::send(&session.db, statement.clone()).await;
            if !tries.again(&done).await {
                return done;
            }
        }
    };
    let save = Save {
        schema,
        rules,
        change,
        stamp,
        told: Told {
            itself: session.publisher.tells(schema),
            touches: !session.publisher.is_silent(),
        },
    };
    let mut tries = Tries::default();
    let done = loop {
        let done = save.run::<S>(session, &statement, tries.is_crowded()).await;
        if !tries.again(&done).await {
            break done;
        }
    };
    if done.is_err() {
        save.forget();
    }
    Ok(done?)
}

impl Save {
    async fn run<S: Form>(
        &self,
        session: &Session,
        statement: &Statement,
        crowded: bool,
    ) -> Result<S::Output> {
        let db = &session.db;
        let recipe = session.recipes.recipe(self, statement);
        if let Recipe::Single(single) = &*recipe {
            return self.run_single::<S>(session, single, statement).await;
        }
        let tx = begin(db).await?;
        if crowded {
            take_turn(&tx, self.schema).await?;
        }
        let mut messages = Messages::default();
        let done = match (&self.change, &*recipe) {
            (Change::Insert { parents, known, key }, _) => {
                self.insert::<S, _>(&tx, parents, *known, key.as_ref(), statement.clone())
                    .await
            }
            (Change::Update { key, .. }, Recipe::Update(steps)) => {
                self.update::<S, _>(&tx, key, steps, statement).await
            }
            (Change::Update { .. }, _) => Err(self.unreadable()),
            (Change::Delete { key }, _) => self.delete::<S, _>(&tx, key, statement.clone()).await,
        };
        let done = done.and_then(|(sent, moved)| {
            messages.add_moved(&session.publisher, &moved)?;
            Ok(sent)
        });
        messages.finish(tx, done).await
    }

    async fn insert<S: Form, C: ConnectionTrait>(
        &self,
        tx: &C,
        parents: &[(&'static CompiledRule, Key)],
        known: bool,
        key: Option<&Key>,
        statement: Statement,
    ) -> Result<(S::Output, Vec<Moved>)> {
        lock_parents(tx, parents.iter().map(|(rule, key)| (*rule, key.clone()))).await?;
        let sent = S::send(tx, statement).await?;
        let entries = parents
            .iter()
            .map(|(rule, key)| Entry::parent(self.schema, rule, key.clone()));
        let mut moved = flush_entries(tx, entries.collect(), self.told.touches).await?;
        if self.told.itself {
            moved.push(self.itself(match key {
                Some(key) => key.clone(),
                None => self.new_key::<S>(&sent)?,
            }));
        }
        if known {
            self.done();
        }
        Ok((sent, moved))
    }

    /// The key that the database has given a new row.
    fn new_key<S: Form>(&self, sent: &S::Output) -> Result<Key> {
        if let Some(row) = S::row(sent) {
            return Ok(self.schema.key_of(row)?);
        }
        match (S::last_insert_id(sent), self.schema.primary_key.as_slice()) {
            (Some(id), [_]) => Ok(vec![id.into()]),
            _ => Err(Error::untold_key(self.schema)),
        }
    }

    fn itself(&self, key: Key) -> Moved {
        Moved {
            schema: self.schema,
            keys: vec![key],
        }
    }

    async fn update<S: Form, C: ConnectionTrait>(
        &self,
        tx: &C,
        key: &Key,
        steps: &Steps,
        statement: &Statement,
    ) -> Result<(S::Output, Vec<Moved>)> {
        let filling = self.filling(statement);
        if let Some(judge) = &steps.judge
            && !will_differ(tx, judge.question.fill(filling)).await?
        {
            let sent = S::send(tx, judge.unchanged.fill(filling)).await?;
            self.settle_idle(key);
            return Ok((sent, Vec::new()));
        }
        let touching = Filling {
            stamp: Clock::current().stamp(),
            ..filling
        };
        let touch = |at: usize| steps.touches[at].map(|template| template.fill(touching));
        let (_, mut moved) = carry_out(tx, &steps.plan, touching.stamp, touch).await?;
        let sent = S::send(tx, steps.save.fill(filling)).await?;
        if self.told.itself && S::found(&sent) {
            moved.push(self.itself(key.clone()));
        }
        self.settle(key, S::row(&sent), tx.support_returning());
        Ok((sent, moved))
    }

    /// What this save's templates are filled with.
    pub(super) fn filling<'a>(&'a self, statement: &'a Statement) -> Filling<'a> {
        Filling {
            written: bound(statement),
            key: self.key(),
            stamp: self.stamp(),
        }
    }

    async fn delete<S: Form, C: ConnectionTrait>(
        &self,
        tx: &C,
        key: &Key,
        statement: Statement,
    ) -> Result<(S::Output, Vec<Moved>)> {
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
        let mut moved = flush_entries(tx, entries, self.told.touches).await?;
        let sent = S::send(tx, statement).await?;
        if self.told.itself && S::found(&sent) {
            moved.push(self.itself(key.clone()));
        }
        Ok((sent, moved))
    }

    pub(super) async fn lock<C: ConnectionTrait>(&self, tx: &C, key: &Key) -> Result<()> {
        if tx.get_database_backend() != DbBackend::Sqlite {
            let mut select = rows_of(self.schema, slice::from_ref(key));
            select.expr(Expr::cust("1")).lock(LockType::Update);
            tx.query_one(&select).await?;
        }
        Ok(())
    }

    pub(super) fn unreadable(&self) -> Error {
        Error::declaration(
            self.schema.name,
            "save",
            "the UPDATE is not of the form that SeaORM gives it",
        )
    }
}

/// Whether a row will be another one. A row that is gone is left to the statement.
async fn will_differ<C: ConnectionTrait>(tx: &C, question: Statement) -> Result<bool> {
    let Some(row) = tx.query_one_raw(question).await? else {
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

/// What stands for an UPDATE that would change nothing: it finds the row as it is.
pub(super) fn unchanged(schema: &Schema, written: &WrittenUpdate, backend: DbBackend) -> Statement {
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
