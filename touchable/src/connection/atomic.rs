//! A save outside a transaction, together with its touches.

use std::{collections::HashMap, ptr, slice};

use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, Statement,
    sea_query::{Expr, LockType},
};

use super::{
    beginning::begin_writing,
    form::Form,
    intent::{Change, Intent, Write},
    later,
    messages::Messages,
    recipe::Steps,
    session::Session,
    settle::settle,
    spelling::bound,
    template::Filling,
    written::WrittenUpdate,
};
use crate::{
    clock::Clock,
    dialect::Captured,
    entity::{CompiledRule, Key, Schema},
    error::{Error, Result},
    touch::{Entry, Moved, Query as Rows, Start, Tries, carry_out, flush_entries, rows_of, take_turn},
};

/// A save whose statement has arrived.
pub(super) struct Save {
    pub schema: &'static Schema,
    pub rules: Vec<&'static CompiledRule>,
    pub change: Change,
    pub write: Write,
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
    write: Write,
    intent: Intent,
    statement: Statement,
) -> Result<S::Output, DbErr> {
    let schema = write.schema;
    let Intent::Together { change, rules } = intent else {
        let mut tries = Tries::default();
        loop {
            let done = S::send(&session.db, statement.clone()).await;
            if tries.again(&done).await {
                continue;
            }
            if let Ok(sent) = &done {
                settle::<S, _>(&session.intents, &session.db, &write, sent);
            }
            return done;
        }
    };
    let save = Save {
        schema,
        rules,
        change,
        write,
        told: Told {
            itself: session.publisher.tells(schema),
            touches: !session.publisher.is_silent(),
        },
    };
    let mut tries = Tries::default();
    let sent = loop {
        let done = save.run::<S>(session, &statement, tries.is_crowded()).await;
        if tries.again(&done).await {
            continue;
        }
        match done {
            Ok(None) => {}
            Ok(Some(sent)) => break sent,
            Err(error) => return Err(error.into()),
        }
    };
    settle::<S, _>(&session.intents, &session.db, &save.write, &sent);
    Ok(sent)
}

impl Save {
    /// `None` when it has to be judged anew.
    async fn run<S: Form>(
        &self,
        session: &Session,
        statement: &Statement,
        crowded: bool,
    ) -> Result<Option<S::Output>> {
        let db = &session.db;
        let steps = match &self.change {
            Change::Update { .. } => Some(session.recipes.steps(self, statement)),
            Change::Insert { .. } | Change::Delete { .. } => None,
        };
        let steps = match steps.as_deref() {
            Some(None) => return Err(self.unreadable()),
            Some(Some(steps)) if steps.is_alone() => {
                let sent = S::send(db, steps.save.fill(self.filling(statement))).await?;
                return Ok(Some(sent));
            }
            Some(Some(steps)) => Some(steps),
            None => None,
        };
        let tx = begin_writing(db).await?;
        if crowded {
            take_turn(&tx, self.schema).await?;
        }
        let mut messages = Messages::default();
        let done = match (&self.change, steps) {
            (Change::Update { key, .. }, Some(steps)) => {
                self.update::<S, _>(&tx, key, steps, statement).await
            }
            (Change::Insert { parents, known, key }, _) => {
                let key = key.as_ref();
                let sent = self.insert::<S, _>(&tx, parents, *known, key, statement.clone());
                sent.await.map(Some)
            }
            (Change::Delete { key } | Change::Update { key, .. }, _) => {
                self.delete::<S, _>(&tx, key, statement.clone()).await.map(Some)
            }
        };
        let done = done.and_then(|sent| {
            let Some((sent, moved)) = sent else {
                return Ok(None);
            };
            messages.add_moved(&session.publisher, &moved)?;
            Ok(Some(sent))
        });
        if let Ok(None) = done {
            tx.rollback().await?;
            return Ok(None);
        }
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
        let parents = || parents.iter().filter(|(rule, _)| !rule.is_conditional());
        let entries = parents().map(|(rule, key)| Entry::parent(self.schema, rule, key.clone()));
        // Before the row, whose foreign keys would take shared locks that two inserts could not raise.
        let mut moved = flush_entries(tx, entries.collect(), self.told.touches).await?;
        let sent = S::send(tx, statement).await?;
        if !known {
            let rules: Vec<_> = self
                .rules
                .iter()
                .copied()
                .filter(|rule| !parents().any(|(given, _)| ptr::eq(*given, *rule)))
                .collect();
            let entries = later::new_parents::<S, _>(tx, &sent, self.schema, key, &rules).await?;
            moved.extend(flush_entries(tx, entries, self.told.touches).await?);
        }
        if self.told.itself {
            moved.push(self.itself(later::new_key::<S>(self.schema, key, &sent)?));
        }
        Ok((sent, moved))
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
    ) -> Result<Option<(S::Output, Vec<Moved>)>> {
        let filling = self.filling(statement);
        let mut found = true;
        if let Some(judge) = &steps.judge {
            let differs = will_differ(tx, judge.question.fill(filling)).await?;
            if differs == Some(false) {
                let sent = S::send(tx, judge.unchanged.fill(filling)).await?;
                return Ok(Some((sent, Vec::new())));
            }
            found = differs.is_some();
        }
        let touching = Filling {
            stamp: Clock::current().stamp(),
            ..filling
        };
        let touch = |at: usize| steps.touches[at].map(|template| template.fill(touching));
        let (_, mut moved) = carry_out(tx, &steps.plan, touching.stamp, touch).await?;
        let sent = S::send(tx, steps.save.fill(filling)).await?;
        if !found && S::found(&sent) {
            // It has come since it was looked for, and was not locked before the touches.
            return Ok(None);
        }
        if self.told.itself && S::found(&sent) {
            moved.push(self.itself(key.clone()));
        }
        Ok(Some((sent, moved)))
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

/// Whether a row will be another one; `None` when there is none.
async fn will_differ<C: ConnectionTrait>(tx: &C, question: Statement) -> Result<Option<bool>> {
    let Some(row) = tx.query_one_raw(question).await? else {
        return Ok(None);
    };
    // A constant is an integer of one width here and of another there.
    let differs = row
        .try_get::<i32>("", "differs")
        .is_ok_and(|differs| differs == 1)
        || row
            .try_get::<i64>("", "differs")
            .is_ok_and(|differs| differs == 1);
    Ok(Some(differs))
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
