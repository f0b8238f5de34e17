//! `insert(..).touching()`, `insert_many(..).touching()`, upserts among them.
//!
//! ```text
//! rows      what is inserted, stamped
//! conflict  what is to happen where a row is there
//! before    the rows that an upsert would update, locked and read
//! unique    by which keys rows conflict, on MySQL
//! written   which rows were written
//! fresh     which rows are new, where the database does not return them
//! shown     from new and changed rows to what shows them
//! echo      SeaORM's own results
//! run       writes, touches, and lets SeaORM read the answer
//! exec      the methods; attempt: those of `TryInsert`
//! ```

mod attempt;
mod before;
mod conflict;
mod echo;
mod exec;
mod fresh;
mod rows;
mod run;
mod shown;
mod unique;
mod written;

use std::marker::PhantomData;

use sea_orm::{ConnectionTrait, DbBackend, Statement, sea_query::InsertStatement};

use self::{
    before::Before,
    conflict::Conflict,
    echo::Answer,
    rows::Rows,
    shown::{Shown, key_of},
    written::{Old, Written},
};
use super::{
    super::{
        flush::flush,
        hooks::{active_rules, updated_rules},
        publish,
    },
    returning, unreadable,
    write::{Step, Turn, Write},
};
use crate::{
    clock::{Clock, Stamp},
    connection::ask,
    dialect::Captured,
    entity::{CompiledRule, Event, Key, Touchable},
    error::{Error, Result},
    touch::lock_parents,
};

/// What PostgreSQL says of a row that was there.
const UPDATED: &str = "touchable_updated";

/// What of its rows an INSERT returns where it can.
#[derive(Clone, Copy, Debug)]
enum Returned {
    Keys,
    Models,
}

/// An INSERT of rows that are stamped.
#[derive(Debug)]
struct Batch<E> {
    statement: InsertStatement,
    rows: Rows,
    conflict: Option<Conflict>,
    stamp: Stamp,
    returned: Returned,
    entity: PhantomData<fn() -> E>,
}

impl<E: Touchable> Batch<E> {
    /// Reads and stamps the rows.
    ///
    /// # Errors
    /// When the statement is not one that SeaORM makes.
    fn of(backend: DbBackend, insert: &InsertStatement, returned: Returned) -> Result<Self> {
        let failed = || unreadable(E::schema().name);
        let mut rows = Rows::read(backend, insert).ok_or_else(failed)?;
        let stamp = Clock::current().stamp();
        let conflict = Conflict::of(backend, insert);
        let mut statement = insert.clone();
        if !rows.is_empty() {
            rows.stamp::<E>(stamp);
            statement = rows.rewrite::<E>(insert)?;
        }
        Ok(Self {
            statement,
            rows,
            conflict,
            stamp,
            returned,
            entity: PhantomData,
        })
    }

    fn updates(&self) -> bool {
        self.conflict.as_ref().is_some_and(|conflict| conflict.updates)
    }

    /// The statement as it is sent.
    fn worded(&self, backend: DbBackend) -> Result<Statement> {
        let mut statement = self.statement.clone();
        match self.returned {
            _ if backend == DbBackend::MySql => &mut statement,
            Returned::Keys => statement.returning(returning::primary_key::<E>(backend)),
            Returned::Models => statement.returning(returning::all_columns::<E>(backend)),
        };
        let mut written = Captured::of(backend, &statement);
        if self.updates() {
            written = conflict::stamped::<E>(backend, &written, &self.rows, self.stamp)
                .ok_or_else(|| unreadable(E::schema().name))?;
            if backend == DbBackend::Postgres {
                written.push(&format!(", (xmax <> 0) AS \"{UPDATED}\""));
            }
        }
        Ok(written.into_statement(backend))
    }

    async fn send<C: ConnectionTrait>(&self, db: &C) -> Result<Answer> {
        let backend = db.get_database_backend();
        let statement = self.worded(backend)?;
        Ok(if backend == DbBackend::MySql {
            Answer::Done(db.execute_raw(statement).await?)
        } else {
            Answer::Rows(db.query_all_raw(statement).await?)
        })
    }

    /// Locks what the rows name, and what those named that were there.
    async fn lock_parents<C: ConnectionTrait>(&self, db: &C, before: &Before) -> Result<()> {
        let schema = E::schema();
        let mut parents = Vec::new();
        for rule in creating::<E>() {
            let named = self.rows.distinct(rule.key());
            parents.extend(named.into_iter().map(|key| (rule, key)));
        }
        for rule in updating::<E>().filter(|rule| rule.belongs_to()) {
            let former = before.rows().filter_map(|row| key_of(schema, row, rule));
            parents.extend(former.map(|key| (rule, key)));
            let named = self.rows.distinct(rule.key());
            parents.extend(
                named
                    .into_iter()
                    .filter(|_| self.updates())
                    .map(|key| (rule, key)),
            );
        }
        lock_parents(db, parents).await
    }

    /// Whether the database has to be asked which rows are new.
    fn asks_for_created(&self) -> bool {
        self.conflict.is_some() || creating::<E>().any(|rule| !self.rows.give(rule.key()))
    }

    /// What shows the rows that were written.
    fn shown(&self, written: Written) -> Shown {
        let is_plain = |rule: &&CompiledRule| {
            let asks = rule.is_conditional() && written.created.is_some();
            self.conflict.is_none() && self.rows.give(rule.key()) && !asks
        };
        let (plain, creating): (Vec<_>, Vec<_>) = creating::<E>().partition(is_plain);
        Shown {
            schema: E::schema(),
            creating,
            parents: plain
                .into_iter()
                .map(|rule| (rule, self.rows.distinct(rule.key())))
                .collect(),
            created: written.created.unwrap_or_default(),
            changed: written.changed,
            updating: updating::<E>().collect(),
        }
    }
}

impl<E: Touchable> Write for Batch<E> {
    type Done = (Answer, u64);

    async fn write<C: ConnectionTrait>(&self, db: &C, turn: &Turn) -> Result<Step<Self::Done>> {
        let schema = E::schema();
        let is_mysql = db.get_database_backend() == DbBackend::MySql;
        let published = publish::is_published(ask(db).as_ref(), schema);
        if published && is_mysql && (self.conflict.is_some() || self.rows.primary_keys::<E>().is_none()) {
            return Err(Error::unpublished_key(schema.name));
        }
        let before = if self.updates() {
            Before::read(db, self, turn).await?
        } else {
            Before::default()
        };
        let mut old = Old::default();
        if is_mysql && self.asks_for_created() {
            if self.conflict.is_some() && !self.updates() {
                old.given = fresh::given::<E, C>(db, self).await?;
            }
            old.largest = fresh::largest::<E, C>(db).await?;
        }
        self.lock_parents(db, &before).await?;
        let answer = self.send(db).await?;
        let written = match &answer {
            Answer::Rows(rows) => self.written_rows(db, rows, &before, turn).await?,
            Answer::Done(done) => {
                self.written_count(db, done.rows_affected(), &before, &old, turn)
                    .await?
            }
        };
        let written = match written {
            Step::Done(written) => written,
            Step::Again(met) => return Ok(Step::Again(met)),
        };
        let saved = written.created.as_ref().map_or(self.rows.cells.len(), Vec::len) + written.changed.len();
        let shown = self.shown(written);
        for (entries, except) in shown.parts() {
            flush(db, entries, schema, &except).await?;
        }
        if published {
            let changed = shown.changed.iter().map(|row| &row.key);
            let keys: Vec<Key> = shown.created.iter().chain(changed).cloned().collect();
            publish::rows(ask(db).as_ref(), schema, &keys)?;
        }
        Ok(Step::Done((answer, saved as u64)))
    }
}

/// The rules that a new row fires: it has parents and no children.
fn creating<E: Touchable>() -> impl Iterator<Item = &'static CompiledRule> {
    active_rules::<E>(Event::Create).filter(|rule| rule.belongs_to())
}

fn updating<E: Touchable>() -> impl Iterator<Item = &'static CompiledRule> {
    updated_rules::<E>()
}
