//! A writer at work: its connection, its transactions, what it has read, and what came of each step.

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    task::Poll,
};

use sea_orm::{ConnectionTrait, DbBackend, DbErr, IsolationLevel, TransactionSession, TransactionTrait};

use crate::{
    failure::{Failure, FailureKind, is_victim},
    history::{Isolation, Quiet, Stamp, Step, What, Write},
    link::Link,
    nest::Nested,
    perform::{Call, Memory, Outcome, values},
    raw::{self, is_noticed},
    schema::{REFUSED, Schema},
};

/// How a step ended.
#[derive(Clone, Debug)]
pub enum Ended {
    /// It was done.
    Well,
    /// With an error.
    Badly(Failure),
    /// Its future was dropped.
    Dropped,
    /// It was not tried: its transaction has failed, or there is none to end.
    Skipped,
}

/// A write, and what came of it.
#[derive(Clone, Debug)]
pub struct Written {
    /// The number of the step.
    pub step: usize,
    /// When it began and when it ended, in the order of all steps.
    pub during: (u64, u64),
    /// How it ended.
    pub ended: Ended,
    /// Whether it was in a transaction of the application's.
    pub in_transaction: bool,
    /// What became of its transaction.
    pub fate: Fate,
}

/// What became of a write's transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is open, or was never known to end.
    Open,
    /// The commit (of the write itself, where there is no transaction) succeeded.
    Committed,
    /// Rolled back, on purpose or after an error.
    RolledBack,
}

/// Whether a save has failed or was dropped since the last time that somebody asked. Today its note stays in the process,
/// for later histories to find.
static SPOILED: AtomicBool = AtomicBool::new(false);

/// How many writes were refused, by the database or a hook.
static REFUSALS: AtomicU64 = AtomicU64::new(0);

/// How many writes were refused since the last time that somebody asked.
#[must_use]
pub fn refusals() -> u64 {
    REFUSALS.swap(0, SeqCst)
}

/// Whether notes of saves that have failed are left in the process; forgets it.
#[must_use]
pub fn is_spoiled() -> bool {
    SPOILED.swap(false, SeqCst)
}

/// Counts steps across writers.
pub type Ticks = Arc<AtomicU64>;

/// A writer at work.
pub struct Player<'a> {
    schema: &'a Schema,
    base: Link,
    open: Vec<Open>,
    /// What it has read.
    pub memory: Memory,
    name: String,
    hookless: bool,
    strict: bool,
    ticks: Ticks,
    /// Its writes so far.
    pub written: Vec<Written>,
    work: Arc<Mutex<Vec<usize>>>,
    /// The steps whose work has to run, with those that may not.
    registered: Vec<(usize, Fate)>,
    /// The commits that said that all is well, although the server had rolled back.
    pub false_commits: usize,
    /// The steps that bypassed the rules, and nobody said so.
    pub unnoticed: Vec<usize>,
}

struct Open {
    link: Link,
    /// The first of its writes and of its registered work.
    first: (usize, usize),
    failed: bool,
}

impl<'a> Player<'a> {
    /// A writer on a connection.
    #[must_use]
    pub fn new(schema: &'a Schema, base: Link, name: impl Into<String>, ticks: Ticks) -> Self {
        Self {
            schema,
            base,
            open: Vec::new(),
            memory: Memory::new(),
            name: name.into(),
            hookless: false,
            strict: false,
            ticks,
            written: Vec::new(),
            work: Arc::default(),
            registered: Vec::new(),
            false_commits: 0,
            unnoticed: Vec::new(),
        }
    }

    /// One that writes as SeaORM does without hooks.
    #[must_use]
    pub fn hookless(self) -> Self {
        Self {
            hookless: true,
            ..self
        }
    }

    /// One whose connection refuses to bypass the rules.
    #[must_use]
    pub fn strict(self, strict: bool) -> Self {
        Self { strict, ..self }
    }

    /// What the next statement is sent on.
    #[must_use]
    pub fn link(&self) -> &Link {
        self.open.last().map_or(&self.base, |open| &open.link)
    }

    /// Whether a transaction is open.
    #[must_use]
    pub const fn in_transaction(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether a transaction is open that the server has given up.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.open.iter().any(|open| open.failed)
    }

    /// What a write of this step notes.
    #[must_use]
    pub fn token(&self, step: usize) -> String {
        format!("{}.{step}", self.name)
    }

    /// Work that ran, and work that had to run, by the steps that registered it.
    #[must_use]
    pub fn after_commit(&self) -> (Vec<usize>, Vec<usize>) {
        let ran = self.work.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let due = self
            .registered
            .iter()
            .filter(|(_, fate)| *fate == Fate::Committed);
        (ran, due.map(|(step, _)| *step).collect())
    }

    /// Does a step.
    pub async fn step(&mut self, number: usize, step: &Step) -> Ended {
        if self.has_failed() && !matches!(step, Step::Commit | Step::Rollback) {
            return Ended::Skipped;
        }
        match step {
            Step::Begin(isolation) => self.begin(*isolation).await,
            Step::Commit => self.commit().await,
            Step::Rollback => self.rollback().await,
            Step::Load(row) => {
                let table = &self.schema.tables[row.0 as usize % self.schema.tables.len()];
                let link = self.open.last().map_or(&self.base, |open| &open.link);
                let outcome = table.entity.load(link, table, *row, &mut self.memory).await;
                self.note(outcome).await
            }
            Step::Lock(row) => {
                let table = &self.schema.tables[row.0 as usize % self.schema.tables.len()];
                let outcome = table.entity.lock(self.link(), table, *row).await;
                self.note(outcome).await
            }
            Step::AfterCommit => self.register(number).await,
            Step::Write(write) => self.write(number, write).await,
        }
    }

    /// Commits what is open.
    pub async fn finish(&mut self) -> Vec<Ended> {
        let mut ends = Vec::new();
        while self.in_transaction() {
            ends.push(self.commit().await);
        }
        ends
    }

    async fn begin(&mut self, isolation: Isolation) -> Ended {
        let level = match isolation {
            _ if self.in_transaction() => None,
            Isolation::Default => None,
            Isolation::ReadCommitted => Some(IsolationLevel::ReadCommitted),
            Isolation::RepeatableRead => Some(IsolationLevel::RepeatableRead),
            Isolation::Serializable => Some(IsolationLevel::Serializable),
        };
        // SQLite warns of any.
        let sqlite = self.base.get_database_backend() == DbBackend::Sqlite;
        let level = level.filter(|_| !sqlite);
        match self.link().begin_with_config(level, None).await {
            Ok(link) => {
                let first = (self.written.len(), self.registered.len());
                self.open.push(Open {
                    link,
                    first,
                    failed: false,
                });
                Ended::Well
            }
            Err(error) => self.note(Err(error)).await,
        }
    }

    async fn commit(&mut self) -> Ended {
        let Some(open) = self.open.pop() else {
            return Ended::Skipped;
        };
        let outcome = open.link.commit().await;
        let fate = match &outcome {
            Ok(()) if open.failed => {
                self.false_commits += 1;
                Fate::RolledBack
            }
            Ok(()) if self.in_transaction() => Fate::Open,
            Ok(()) => Fate::Committed,
            Err(_) => Fate::RolledBack,
        };
        self.seal(open.first, fate);
        // A savepoint that could not be released is rolled back when it is dropped, and what is around it goes on.
        if fate == Fate::RolledBack && self.is_lost().await {
            self.fail();
        }
        if open.failed {
            return Ended::Skipped;
        }
        self.note(outcome).await
    }

    async fn rollback(&mut self) -> Ended {
        let Some(open) = self.open.pop() else {
            return Ended::Skipped;
        };
        let outcome = open.link.rollback().await;
        self.seal(open.first, Fate::RolledBack);
        if open.failed && !self.is_postgres() {
            // A deadlock's victim has lost everything, not only its savepoint.
            self.fail();
        }
        if open.failed {
            return Ended::Skipped;
        }
        self.note(outcome).await
    }

    fn seal(&mut self, first: (usize, usize), fate: Fate) {
        if fate != Fate::Open {
            let open = |known: &mut Fate| {
                if *known == Fate::Open {
                    *known = fate;
                }
            };
            self.written[first.0..]
                .iter_mut()
                .for_each(|written| open(&mut written.fate));
            self.registered[first.1..]
                .iter_mut()
                .for_each(|(_, known)| open(known));
        }
    }

    async fn register(&mut self, number: usize) -> Ended {
        if !self.in_transaction() || !self.link().is_touch() {
            return Ended::Skipped;
        }
        let work = Arc::clone(&self.work);
        let run = move || async move {
            work.lock().unwrap_or_else(PoisonError::into_inner).push(number);
            Ok::<(), std::io::Error>(())
        };
        let outcome = touchable::after_commit(self.link(), run).await;
        self.registered.push((number, Fate::Open));
        self.note(outcome.map_err(Into::into)).await
    }

    async fn write(&mut self, number: usize, write: &Write) -> Ended {
        let began = self.ticks.fetch_add(1, SeqCst);
        let (ended, warnings) = match write.what {
            What::Raw(..) => raw::warned(self.perform(number, write)).await,
            // The same text again is not warned of.
            _ => (self.perform(number, write).await, 1),
        };
        if matches!(ended, Ended::Well) && (self.strict || warnings == 0) && self.has_to_notice(number, write)
        {
            self.unnoticed.push(number);
        }
        let in_transaction = self.in_transaction();
        let fate = match &ended {
            Ended::Well if !in_transaction => Fate::Committed,
            Ended::Badly(_) if !in_transaction => Fate::RolledBack,
            Ended::Badly(_) => Fate::RolledBack,
            _ => Fate::Open,
        };
        let stamped =
            matches!(&write.what, What::Update(.., stamp) | What::Insert(.., stamp) if *stamp != Stamp::No);
        if !self.hookless && (stamped || !matches!(ended, Ended::Well)) {
            SPOILED.store(true, SeqCst);
        }
        self.written.push(Written {
            step: number,
            during: (began, self.ticks.fetch_add(1, SeqCst)),
            ended: ended.clone(),
            in_transaction,
            fate,
        });
        ended
    }

    /// Whether the connection has to warn of this write, or to refuse it.
    fn has_to_notice(&self, number: usize, write: &Write) -> bool {
        self.base.is_touch() && is_noticed(self.schema, &write.what, &self.token(number))
    }

    async fn perform(&mut self, number: usize, write: &Write) -> Ended {
        let schema = self.schema;
        let table = &schema.tables[write.what.table() as usize % schema.tables.len()];
        let token = self.token(number);
        let bypasses = || self.strict && is_noticed(schema, &write.what, &token);
        if self.hookless && (is_refused(schema, &write.what, &token) || bypasses()) {
            return Ended::Badly(Failure {
                kind: FailureKind::Refused,
                says: String::new(),
            });
        }
        let link = self.open.last().map_or(&self.base, |open| &open.link);
        let action: Outcome<'_> = match (&write.what, table.nesting) {
            (What::Nest(row, nest), Some(nesting)) => {
                let save = if self.hookless {
                    nesting.alone
                } else {
                    nesting.save
                };
                save(Nested {
                    db: link,
                    tables: &schema.tables,
                    row: row.1,
                    nest,
                    token: &token,
                })
            }
            _ => table.entity.write(Call {
                db: link,
                table,
                what: &write.what,
                memory: &mut self.memory,
                token: &token,
                hookless: self.hookless,
            }),
        };
        let action: Outcome<'_> = match write.quiet {
            _ if self.hookless => action,
            Quiet::No => action,
            Quiet::All => Box::pin(touchable::no_touching(action)),
            Quiet::On(other) => {
                let other = &schema.tables[other as usize % schema.tables.len()];
                other.entity.quietly(action)
            }
        };
        let outcome = match write.dropped.filter(|_| !self.hookless) {
            None => Some(action.await),
            Some(waits) => dropped_after(action, waits).await,
        };
        match outcome {
            None => Ended::Dropped,
            Some(outcome) => self.note(outcome).await,
        }
    }

    async fn note(&mut self, outcome: Result<(), DbErr>) -> Ended {
        let Err(error) = outcome else {
            return Ended::Well;
        };
        let failure = Failure::of(&error);
        let refused = [FailureKind::Data, FailureKind::Refused, FailureKind::Bypass].contains(&failure.kind);
        if refused && !self.hookless {
            REFUSALS.fetch_add(1, SeqCst);
        }
        let lost = match self.base.get_database_backend() {
            // Bulk writes go back to a savepoint of their own.
            DbBackend::Postgres => self.is_lost().await,
            // A deadlock's victim is rolled back as a whole.
            DbBackend::MySql => is_victim(&error),
            _ => false,
        };
        if lost {
            self.fail();
        }
        Ended::Badly(failure)
    }

    fn fail(&mut self) {
        if self.is_postgres() {
            if let Some(open) = self.open.last_mut() {
                open.failed = true;
            }
        } else {
            self.open.iter_mut().for_each(|open| open.failed = true);
        }
    }

    /// Whether PostgreSQL has given the transaction up.
    async fn is_lost(&self) -> bool {
        let asked = self.is_postgres() && self.in_transaction();
        asked && self.link().execute_unprepared("SELECT 1").await.is_err()
    }

    fn is_postgres(&self) -> bool {
        self.base.get_database_backend() == DbBackend::Postgres
    }
}

/// Whether hooks refuse it.
#[must_use]
pub fn is_refused(schema: &Schema, what: &What, token: &str) -> bool {
    let table = &schema.tables[what.table() as usize % schema.tables.len()];
    let (What::Update(_, _, _, sets, _) | What::Insert(_, sets, _)) = what else {
        return false;
    };
    table.refuses
        && values(table, sets, token)
            .iter()
            .any(|(_, value)| *value == REFUSED.into())
}

/// Polls a future until it has waited so many times; `None` when it was not done by then.
async fn dropped_after<T>(mut future: impl Future<Output = T> + Unpin, waits: u8) -> Option<T> {
    let mut left = waits;
    poll_fn(
        move |context| match std::pin::Pin::new(&mut future).poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => {
                left -= 1;
                Poll::Pending
            }
        },
    )
    .await
}
