//! A save outside a transaction, together with its touches.

use std::{collections::HashMap, ptr, slice};

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement,
    sea_query::{Expr, LockType},
};

use super::{
    beginning::begin_writing,
    form::Form,
    intent::{Intent, Write},
    later,
    messages::Messages,
    plan_cache::{Judge, Prepared},
    publisher::Publisher,
    session::Session,
    settle::settle,
    update::{Sent, Update},
};
use crate::{
    entity::{CompiledRule, Key, Schema},
    error::Result,
    touch::{Entry, Moved, Query as Rows, Start, Tries, flush_entries, lock_ahead, rows_of, take_turn},
};

/// A save whose statement has arrived.
struct Save<'a> {
    session: &'a Session,
    schema: &'static Schema,
    write: &'a Write,
    published: Published,
}

/// What of a save is published.
#[derive(Clone, Copy, Debug)]
pub(super) struct Published {
    /// The row itself.
    pub itself: bool,
    /// The rows of published entities that it touches.
    pub touches: bool,
}

impl Published {
    pub(super) fn of(publisher: &Publisher, schema: &Schema) -> Self {
        Self {
            itself: publisher.publishes(schema),
            touches: !publisher.is_silent(),
        }
    }
}

/// Sends the statement of a save, in a transaction with its touches.
pub(super) async fn together<S: Form>(
    session: &Session,
    write: Write,
    intent: Intent,
    statement: Statement,
) -> Result<S::Output, DbErr> {
    let save = Save {
        session,
        schema: write.schema,
        write: &write,
        published: Published::of(&session.publisher, write.schema),
    };
    let mut tries = Tries::default();
    let sent = loop {
        let done = save.run::<S>(&intent, &statement, tries.is_crowded()).await;
        if tries.again(&done).await {
            continue;
        }
        match done {
            Ok(None) => {}
            Ok(Some(sent)) => break sent,
            Err(error) => return Err(error.into()),
        }
    };
    settle::<S, _>(&session.intents, &session.db, &write, &sent);
    Ok(sent)
}

impl Save<'_> {
    /// `None` when it has to be judged anew.
    async fn run<S: Form>(
        &self,
        intent: &Intent,
        statement: &Statement,
        crowded: bool,
    ) -> Result<Option<S::Output>> {
        match intent {
            Intent::Alone | Intent::Later { .. } => {
                Ok(Some(S::send(&self.session.db, statement.clone()).await?))
            }
            Intent::Update { counts, rules } => {
                let mut update = Update {
                    write: self.write,
                    counts: *counts,
                    rules,
                    published: self.published,
                    apart: false,
                };
                match self.update::<S>(&update, statement, crowded).await? {
                    Sent::Done(sent) => Ok(Some(sent)),
                    Sent::Again => Ok(None),
                    // Once more to see which of its statements is refused, so that the error names it.
                    Sent::Refused(refused) => {
                        update.apart = true;
                        match self.update::<S>(&update, statement, crowded).await? {
                            Sent::Done(sent) => Ok(Some(sent)),
                            Sent::Again => Ok(None),
                            Sent::Refused(_) => Err(refused),
                        }
                    }
                }
            }
            Intent::Insert {
                parents,
                known,
                rules,
            } => {
                let insert = async {
                    let tx = self.begin(crowded).await?;
                    let sent = self
                        .insert::<S, _>(&tx, parents, *known, rules, statement.clone())
                        .await;
                    self.finish(tx, sent).await.map(Some)
                };
                Box::pin(insert).await
            }
            Intent::Delete { rules } => {
                let delete = async {
                    let tx = self.begin(crowded).await?;
                    let sent = self.delete::<S, _>(&tx, rules, statement.clone()).await;
                    self.finish(tx, sent).await.map(Some)
                };
                Box::pin(delete).await
            }
        }
    }

    async fn begin(&self, crowded: bool) -> Result<DatabaseTransaction> {
        let tx = begin_writing(&self.session.db).await?;
        if crowded {
            take_turn(&tx, self.schema).await?;
        }
        Ok(tx)
    }

    /// Commits, and tells of the rows that have moved.
    async fn finish<T>(&self, tx: DatabaseTransaction, done: Result<(T, Vec<Moved>)>) -> Result<T> {
        let mut messages = Messages::default();
        let done = done.and_then(|(sent, moved)| {
            messages.add_moved(&self.session.publisher, &moved)?;
            Ok(sent)
        });
        messages.finish(tx, done).await
    }

    async fn update<S: Form>(
        &self,
        update: &Update<'_>,
        statement: &Statement,
        crowded: bool,
    ) -> Result<Sent<S::Output>> {
        let prepared = self.session.plans.of(update, statement);
        let Some(prepared) = &*prepared else {
            return Err(update.unreadable());
        };
        let Some(judge) = &prepared.judge else {
            let save = prepared.save.fill(update.parameters(statement, &[]));
            return Ok(Sent::Done(S::send(&self.session.db, save).await?));
        };
        Box::pin(self.update_judged::<S>(update, prepared, judge, statement, crowded)).await
    }

    async fn update_judged<S: Form>(
        &self,
        update: &Update<'_>,
        prepared: &Prepared,
        judge: &Judge,
        statement: &Statement,
        crowded: bool,
    ) -> Result<Sent<S::Output>> {
        let tx = self.begin(crowded).await?;
        let done = match update.at_once::<S, _>(&tx, prepared, judge, statement).await {
            Ok(Sent::Done(done)) => Ok(done),
            Ok(Sent::Again) => {
                tx.rollback().await?;
                return Ok(Sent::Again);
            }
            Ok(Sent::Refused(error)) => {
                tx.rollback().await?;
                return Ok(Sent::Refused(error));
            }
            Err(error) => Err(error),
        };
        self.finish(tx, done).await.map(Sent::Done)
    }

    async fn insert<S: Form, C: ConnectionTrait>(
        &self,
        tx: &C,
        parents: &[(&'static CompiledRule, Key)],
        known: bool,
        rules: &[&'static CompiledRule],
        statement: Statement,
    ) -> Result<(S::Output, Vec<Moved>)> {
        let key = self.write.key.as_ref();
        let parents = || parents.iter().filter(|(rule, _)| !rule.is_conditional());
        let entries = parents().map(|(rule, key)| Entry::parent(self.schema, rule, key.clone()));
        // Before the row, whose foreign keys would take shared locks that two inserts could not raise.
        let mut moved = flush_entries(tx, entries.collect(), self.published.touches).await?;
        let sent = S::send(tx, statement).await?;
        if !known {
            let rules: Vec<_> = rules
                .iter()
                .copied()
                .filter(|rule| !parents().any(|(given, _)| ptr::eq(*given, *rule)))
                .collect();
            let entries = later::new_parents::<S, _>(tx, &sent, self.schema, key, &rules).await?;
            moved.extend(flush_entries(tx, entries, self.published.touches).await?);
        }
        if self.published.itself {
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

    async fn delete<S: Form, C: ConnectionTrait>(
        &self,
        tx: &C,
        rules: &[&'static CompiledRule],
        statement: Statement,
    ) -> Result<(S::Output, Vec<Moved>)> {
        let key: &Key = &self.write.key.clone().unwrap_or_default();
        lock_ahead(tx, self.schema, slice::from_ref(key), rules).await?;
        self.lock(tx, key).await?;
        let entries = rules
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
        let mut moved = flush_entries(tx, entries, self.published.touches).await?;
        let sent = S::send(tx, statement).await?;
        if self.published.itself && S::found(&sent) {
            moved.push(self.itself(key.clone()));
        }
        Ok((sent, moved))
    }

    async fn lock<C: ConnectionTrait>(&self, tx: &C, key: &Key) -> Result<()> {
        if tx.get_database_backend() != DbBackend::Sqlite {
            let mut select = rows_of(self.schema, slice::from_ref(key));
            select.expr(Expr::cust("1")).lock(LockType::Update);
            tx.query_one(&select).await?;
        }
        Ok(())
    }
}
