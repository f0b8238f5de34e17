//! An update, judged by the stored row under its lock.

use std::{
    slice,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
};

use sea_orm::{ConnectionTrait, DbErr, Statement, Value};

use super::{
    atomic::Published,
    form::Form,
    intent::{Counts, Write},
    later::{self, Later},
    plan_cache::{Judge, PlanCache, Prepared},
    settle::settle,
    spelling::{ROWS, bound},
    template::Parameters,
    transaction::TouchTransaction,
    writer::become_writer,
};
use crate::{
    clock::{Clock, Stamp},
    entity::{CompiledRule, Key},
    error::{Error, Result, is_refusal},
    touch::{
        Assigned, Entry, Fired, Judged, Moved, carry_out, carry_out_with, lock_ahead, lock_parents,
        locks_ahead, ours, sides,
    },
};

/// An update whose statement has arrived.
#[derive(Clone, Copy)]
pub(super) struct Update<'a> {
    pub write: &'a Write,
    pub counts: Counts,
    /// The rules that it may fire.
    pub rules: &'a [&'static CompiledRule],
    pub published: Published,
    /// Whether touches and save are statements of their own, so that it is seen which of them fails.
    pub apart: bool,
}

/// How an update goes out of which the row is not alone.
pub(super) enum Sent<T> {
    Done(T),
    /// The row has come since it was looked for, and was not locked before the touches: all is to be taken back.
    Again,
    /// The database has refused the statement of a touch and the save: which of them, is not known.
    Refused(Error),
}

impl Update<'_> {
    pub(super) fn key(&self) -> &[Value] {
        self.write.key.as_deref().unwrap_or_default()
    }

    pub(super) fn stamp(&self) -> Stamp {
        self.write
            .given_stamp()
            .unwrap_or_else(|| Clock::current().stamp())
    }

    pub(super) fn unreadable(&self) -> Error {
        Error::declaration(
            self.write.schema.name,
            "save",
            "the UPDATE is not of the form that SeaORM gives it",
        )
    }

    pub(super) fn parameters<'a>(&'a self, statement: &'a Statement, stored: &'a [Value]) -> Parameters<'a> {
        Parameters {
            written: bound(statement),
            key: self.key(),
            stored,
            stamp: self.stamp(),
        }
    }

    /// Asks for the stored row, and what of it the update changes.
    async fn judge<C: ConnectionTrait>(
        &self,
        db: &C,
        judge: &Judge,
        assigned: &Assigned,
        statement: &Statement,
    ) -> Result<Option<Judged>> {
        let question = judge.question.fill(self.parameters(statement, &[]));
        let row = db.query_one_raw(question).await?;
        Ok(assigned.judge_by(row.as_ref()))
    }

    /// Outside a transaction of the application: judges, touches and writes, in one of ours.
    pub(super) async fn at_once<S: Form, C: ConnectionTrait>(
        &self,
        tx: &C,
        prepared: &Prepared,
        judge: &Judge,
        statement: &Statement,
    ) -> Result<Sent<(S::Output, Vec<Moved>)>> {
        let schema = self.write.schema;
        let assigned = prepared.assigned(self, statement)?;
        if locks_ahead(schema, tx.get_database_backend()) {
            let keys = [self.key().to_vec()];
            lock_ahead(tx, schema, &keys, &assigned.concerned_rules(self.rules)).await?;
        }
        let judged = self.judge(tx, judge, &assigned, statement).await?;
        let Some(judged) = judged else {
            let sent = S::send(tx, prepared.save.fill(self.parameters(statement, &[]))).await?;
            return Ok(if S::found(&sent) {
                Sent::Again
            } else {
                Sent::Done((sent, Vec::new()))
            });
        };
        let parameters = self.parameters(statement, &judged.values);
        let change = assigned.change(Some(&judged));
        if change.is_empty() {
            let sent = S::send(tx, judge.unchanged.fill(parameters)).await?;
            return Ok(Sent::Done((sent, Vec::new())));
        }
        let fired = change.fires(self.rules, Some(&judged), schema);
        let touches = prepared.touches(self, statement, &assigned, &judged, &fired);
        let touching = Parameters {
            stamp: Clock::current().stamp(),
            ..parameters
        };
        let touch = |at: usize| touches.statements[at].map(|template| template.fill(touching));
        let (sent, mut moved) = match &touches.with_save {
            Some(both) if S::READS && !self.apart => {
                let refused = AtomicBool::new(false);
                let save = async {
                    let sent = S::send(tx, both.fill(parameters)).await;
                    refused.store(sent.as_ref().is_err_and(is_refusal), SeqCst);
                    let sent = sent?;
                    let rows = S::row(&sent).and_then(|row| row.try_get::<i64>("", ROWS).ok());
                    Ok((
                        sent,
                        rows.and_then(|rows| u64::try_from(rows).ok()).unwrap_or_default(),
                    ))
                };
                match carry_out_with(tx, &touches.plan, touching.stamp, touch, save).await {
                    Err(error) if refused.load(SeqCst) => return Ok(Sent::Refused(error)),
                    done => done?,
                }
            }
            _ => {
                let (_, moved) = carry_out(tx, &touches.plan, touching.stamp, touch).await?;
                (S::send(tx, prepared.save.fill(parameters)).await?, moved)
            }
        };
        if self.published.itself && S::found(&sent) {
            moved.push(self.itself());
        }
        Ok(Sent::Done((sent, moved)))
    }

    fn itself(&self) -> Moved {
        Moved {
            schema: self.write.schema,
            keys: self.write.key.iter().cloned().collect(),
        }
    }
}

/// The rows that the update's new foreign keys name, and those that the old ones named.
fn moved_parents(assigned: &Assigned, judged: &Judged, fired: &[Fired]) -> Vec<(&'static CompiledRule, Key)> {
    let moved = fired
        .iter()
        .filter(|fired| fired.moved && fired.rule.belongs_to());
    moved
        .flat_map(|fired| {
            let current = assigned.named_after(judged, fired.rule).into_key();
            let keys = fired.former.clone().into_iter().chain(current);
            keys.map(|key| (fired.rule, key))
        })
        .collect()
}

impl TouchTransaction {
    /// Sends an update; its touches wait for the commit.
    pub(super) async fn update<S: Form>(
        &self,
        plans: &PlanCache,
        update: Update<'_>,
        statement: Statement,
    ) -> Result<S::Output, DbErr> {
        let prepared = plans.of(&update, &statement);
        let Some(prepared) = &*prepared else {
            return Err(update.unreadable().into());
        };
        let sent = match &prepared.judge {
            None => {
                let save = prepared.save.fill(update.parameters(&statement, &[]));
                self.health().watch(S::send(self.inner(), save)).await?
            }
            Some(judge) => {
                self.update_judged::<S>(&update, prepared, judge, &statement)
                    .await?
            }
        };
        settle::<S, _>(&self.open().intents, self.inner(), update.write, &sent);
        Ok(sent)
    }

    async fn update_judged<S: Form>(
        &self,
        update: &Update<'_>,
        prepared: &Prepared,
        judge: &Judge,
        statement: &Statement,
    ) -> Result<S::Output, DbErr> {
        let (schema, rules) = (update.write.schema, update.rules);
        let key: &Key = &update.key().to_vec();
        become_writer(self, schema).await?;
        let assigned = prepared.assigned(update, statement)?;
        lock_ahead(
            self,
            schema,
            slice::from_ref(key),
            &assigned.concerned_rules(rules),
        )
        .await?;
        let judged = update.judge(self, judge, &assigned, statement).await?;
        let stored = judged
            .as_ref()
            .map(|judged| judged.values.as_slice())
            .unwrap_or_default();
        let parameters = update.parameters(statement, stored);
        let change = assigned.change(judged.as_ref());
        if judged.is_some() && change.is_empty() {
            let unchanged = judge.unchanged.fill(parameters);
            return self.health().watch(S::send(self.inner(), unchanged)).await;
        }
        let fired = change.fires(rules, judged.as_ref(), schema);
        let entries = match &judged {
            Some(judged) => {
                let entries = sides::find(self, assigned.fired(key, judged, &fired)).await?;
                lock_parents(self, moved_parents(&assigned, judged, &fired)).await?;
                entries
            }
            None => Vec::new(),
        };
        let save = prepared.save.fill(parameters);
        if update.published.itself {
            // Before it is sent, like the touches.
            self.open().publish_moved(&[update.itself()])?;
        }
        let sent = self.send_registered::<S>(entries, save).await?;
        if S::found(&sent) && judged.is_none() {
            // It has come since it was looked for: everything may concern it.
            let rules: Vec<_> = fired.iter().map(|fired| fired.rule).collect();
            let entries = ours(later::row_that_came(self, schema, key, &rules)).await?;
            self.open().defer(entries);
        }
        Ok(sent)
    }

    /// Sends a statement whose touches are registered before: a future that is dropped meanwhile may have written all the same.
    async fn send_registered<S: Form>(
        &self,
        touches: Vec<Entry>,
        save: Statement,
    ) -> Result<S::Output, DbErr> {
        let number = self.open().pending().send(touches);
        let sent = self.health().watch(S::send(self.inner(), save)).await;
        let later = match &sent {
            Ok(sent) if S::found(sent) => Later::Registered,
            _ => Later::Nothing,
        };
        self.open().pending().answered(number, later);
        sent
    }
}
