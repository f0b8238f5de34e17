//! What a `before_..` hook leaves for the statement that SeaORM is about to send.
//!
//! Between the end of the hook and its statement there is no `await`: the next statement of this thread on this connection
//! is the save's. That place is what a save is known by, whatever it writes.
//!
//! Where an application's own hook comes in between, and where several hooks are run before one statement, an intent waits
//! until a statement of its task comes that writes its row.

use std::{
    cell::Cell,
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use sea_orm::{Statement, Value};

use super::{
    runner::Runner,
    spelling::{self, Verb, bound},
};
use crate::{
    clock::Stamp,
    dialect::quoted_table,
    entity::{CompiledRule, Key, Schema},
    touch::Entry,
};

/// How many intents a connection keeps, and how many notes for `after_save`. Each waits for the next step of its save; only
/// those of dropped saves stay, and make room.
const CAPACITY: usize = 1_024;

/// What to do with a save's statement.
#[derive(Debug)]
pub(crate) enum Intent {
    /// Judge an update by the stored row, under its lock, and touch what its rules then name.
    Update {
        counts: Counts,
        rules: Vec<&'static CompiledRule>,
    },
    /// Outside a transaction: send an insert together with its touches.
    Insert {
        /// The keys of the rows it belongs to, by rule.
        parents: Vec<(&'static CompiledRule, Key)>,
        /// No foreign key is left to the database.
        known: bool,
        rules: Vec<&'static CompiledRule>,
    },
    /// Outside a transaction: send a delete together with its touches.
    Delete { rules: Vec<&'static CompiledRule> },
    /// Inside a transaction: once an insert or a delete is done, these touches wait for the commit.
    Later {
        /// Rows that nobody finds once the statement is done: these are touched before it.
        before: Vec<Entry>,
        entries: Vec<Entry>,
        rest: Rest,
    },
    /// It has nobody to touch; the intent only says that no rule is bypassed.
    Alone,
}

/// What is known only when the statement has been sent.
#[derive(Debug)]
pub(crate) enum Rest {
    Nothing,
    /// Which rows the new ones belong to: a foreign key may be left to the database, and a row may be there already.
    Parents {
        rules: Vec<&'static CompiledRule>,
        /// No foreign key is left to the database.
        known: bool,
    },
}

/// What of an update counts as a change, beside a value that differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Every `Set`, whatever is stored.
    pub always: bool,
    /// The touch column, which the application has set itself.
    pub explicit: bool,
}

/// The write of a save, as its hook knows it.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub verb: Verb,
    pub schema: &'static Schema,
    /// The row, unless its key is left to the database.
    pub key: Option<Key>,
    /// The stamp that it writes, as it is bound. Others may write the same.
    pub stamp: Option<Value>,
}

impl Write {
    /// The stamp that it writes.
    pub(super) fn given_stamp(&self) -> Option<Stamp> {
        (self.schema.value_stamp)(self.stamp.as_ref()?)
    }

    pub(crate) const fn delete(schema: &'static Schema, key: Key) -> Self {
        Self {
            verb: Verb::Delete,
            schema,
            key: Some(key),
            stamp: None,
        }
    }
}

/// The intents of one connection.
#[derive(Debug, Default)]
pub(crate) struct Intents(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    intents: VecDeque<Registered>,
    /// Saves that need nothing more, whose `after_save` has still to come.
    settled: VecDeque<Settled>,
}

#[derive(Debug)]
struct Registered {
    number: usize,
    runner: Runner,
    write: Write,
    table: &'static str,
    intent: Intent,
}

/// A save that needs nothing more.
#[derive(Debug)]
pub(crate) struct Settled {
    runner: Runner,
    schema: &'static Schema,
    /// None for an insert.
    key: Option<Key>,
    /// The stamp that it has written; none when it had nothing to write.
    pub(crate) stamp: Option<Stamp>,
}

/// Numbers the intents of the process.
static REGISTERED: AtomicUsize = AtomicUsize::new(1);

thread_local! {
    /// The intent that the next statement of this thread is for.
    static NEXT: Cell<usize> = const { Cell::new(0) };
}

impl Intents {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers what the next statement is for.
    pub(crate) fn register(&self, write: Write, backend: sea_orm::DbBackend, intent: Intent) {
        let number = REGISTERED.fetch_add(1, SeqCst);
        let table = quoted_table(write.schema, backend);
        let mut waiting = self.waiting();
        if waiting.intents.len() >= CAPACITY {
            waiting.intents.pop_front();
        }
        waiting.intents.push_back(Registered {
            number,
            runner: Runner::current(),
            write,
            table,
            intent,
        });
        NEXT.set(number);
    }

    /// Takes the intents that a statement is for: none unless it is a save's, several when SeaORM sends saves together.
    pub(super) fn take(&self, statement: &Statement) -> Vec<(Write, Intent)> {
        let mut waiting = self.waiting();
        if waiting.intents.is_empty() {
            return Vec::new();
        }
        let seen = Seen {
            statement,
            next: NEXT.get(),
            runner: Runner::current(),
        };
        let mut fitting: Vec<(Likeness, usize)> = Vec::new();
        let mut most = 1;
        for registered in &waiting.intents {
            if let Some(likeness) = seen.likeness(registered) {
                fitting.push((likeness, registered.number));
                let Write { verb, key, .. } = &registered.write;
                most = spelling::saves(statement, *verb, key.as_ref());
            }
        }
        fitting.sort_unstable();
        let taken: Vec<usize> = fitting
            .into_iter()
            .filter(|(likeness, _)| most == 1 || *likeness != Likeness::Stamp)
            .map(|(_, number)| number)
            .take(most)
            .collect();
        if taken.is_empty() {
            return Vec::new();
        }
        NEXT.set(0);
        let (intents, rest) = std::mem::take(&mut waiting.intents)
            .into_iter()
            .partition::<Vec<_>, _>(|registered| taken.contains(&registered.number));
        waiting.intents = rest.into();
        intents
            .into_iter()
            .map(|registered| (registered.write, registered.intent))
            .collect()
    }

    /// Says that a save has its touches, or has nobody to touch; `after_save` asks.
    pub(crate) fn settle(&self, write: &Write) {
        let mut waiting = self.waiting();
        if waiting.settled.len() >= CAPACITY {
            waiting.settled.pop_front();
        }
        waiting.settled.push_back(Settled {
            runner: Runner::current(),
            schema: write.schema,
            key: write.key.clone().filter(|_| write.verb != Verb::Insert),
            stamp: write.given_stamp(),
        });
    }

    /// The word of the save of this row (`None`: the insert of one), when it has its touches.
    pub(crate) fn take_settled(&self, schema: &'static Schema, key: Option<&Key>) -> Option<Settled> {
        let runner = Runner::current();
        let mut waiting = self.waiting();
        let is_it = |settled: &Settled| std::ptr::eq(settled.schema, schema) && settled.key.as_ref() == key;
        let of = |same: &dyn Fn(Runner) -> bool| {
            waiting
                .settled
                .iter()
                .rposition(|settled| is_it(settled) && same(settled.runner))
        };
        let at = of(&|other| other == runner).or_else(|| of(&|other| other.may_be(runner)))?;
        waiting.settled.remove(at)
    }

    pub(super) fn len(&self) -> usize {
        self.waiting().intents.len()
    }
}

/// How surely a statement is that of an intent; the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    /// It comes next on the thread, and writes the same stamp.
    NextAndStamp,
    /// It comes from the same task, and writes the same stamp.
    TaskAndStamp,
    Next,
    Task,
    Stamp,
    /// Where tasks cannot be told apart.
    Thread,
}

struct Seen<'a> {
    statement: &'a Statement,
    next: usize,
    runner: Runner,
}

impl Seen<'_> {
    /// `None` when the statement is not that of the intent.
    fn likeness(&self, registered: &Registered) -> Option<Likeness> {
        let Write { verb, key, stamp, .. } = &registered.write;
        let next = registered.number == self.next;
        let stamp = stamp
            .as_ref()
            .is_some_and(|stamp| bound(self.statement).contains(stamp));
        let fits = spelling::is_on(self.statement, *verb, registered.table)
            && match (verb, key) {
                (Verb::Update, Some(key)) => spelling::updates(self.statement, key),
                (Verb::Delete, Some(key)) => spelling::deletes(self.statement, key),
                (Verb::Insert, Some(key)) => {
                    let values = bound(self.statement);
                    (next || stamp) && key.iter().all(|value| values.contains(value))
                }
                // A new row may have no key yet.
                _ => next || stamp,
            };
        if !fits {
            return None;
        }
        let task = registered.runner == self.runner;
        match (next, task, stamp) {
            (true, _, true) => Some(Likeness::NextAndStamp),
            (_, true, true) => Some(Likeness::TaskAndStamp),
            (true, _, false) => Some(Likeness::Next),
            (_, true, false) => Some(Likeness::Task),
            (_, false, true) => Some(Likeness::Stamp),
            (_, false, false) => registered.runner.may_be(self.runner).then_some(Likeness::Thread),
        }
    }
}
