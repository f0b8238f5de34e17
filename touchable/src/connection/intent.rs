//! What a `before_..` hook leaves for the statement that SeaORM is about to send.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use sea_orm::{Statement, Value};

use crate::touch::{
    Schema,
    engine::{CompiledRule, Entry, Key},
};

/// How many intents a connection keeps. Each waits for the next statement of its save; only those of dropped saves
/// stay, and make room. The touches of one that had to go are made by its `after_save`, outside the transaction.
const CAPACITY: usize = 1_024;

/// What to do with a save's statement.
#[derive(Debug)]
pub(crate) enum Intent {
    /// Outside a transaction: send it together with its touches.
    Together {
        schema: &'static Schema,
        change: Change,
        rules: Vec<&'static CompiledRule>,
    },
    /// Inside a transaction: once it is done, these touches wait for the commit.
    Later {
        schema: &'static Schema,
        insert: bool,
        entries: Vec<Entry>,
    },
    /// It has nobody to touch, or the keys come back with the row; the announcement only says that no rule is gone
    /// around.
    Alone,
}

/// What the statement does.
#[derive(Debug)]
pub(crate) enum Change {
    Insert {
        /// The keys of the rows it belongs to, by rule.
        parents: Vec<(&'static CompiledRule, Key)>,
        /// No foreign key is left to the database; where one is, `after_save` touches.
        known: bool,
        /// Its own, unless that is left to the database.
        key: Option<Key>,
    },
    Update {
        key: Key,
        /// Every `Set` counts as a change, whatever is stored.
        always: bool,
        /// The application has set the touch column itself.
        explicit: bool,
    },
    Delete {
        key: Key,
    },
}

/// The intents of one connection.
#[derive(Debug, Default)]
pub(crate) struct Intents(Mutex<VecDeque<(Mark, Intent)>>);

/// How the statement is known.
#[derive(Debug)]
pub(crate) enum Mark {
    /// The stamp among its values. No other save has it.
    Stamp(Value),
    /// A delete has no stamp, but its beginning and nothing but the primary key.
    Delete { beginning: String, key: Key },
}

impl Intents {
    pub(crate) fn announce(&self, mark: Mark, intent: Intent) {
        let mut intents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if intents.len() >= CAPACITY {
            intents.pop_front();
        }
        intents.push_back((mark, intent));
    }

    /// Takes the intent of this statement, if it is a save's.
    pub(super) fn take(&self, statement: &Statement) -> Option<(Mark, Intent)> {
        let mut intents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = intents.iter().position(|(mark, _)| mark.is_on(statement))?;
        intents.remove(at)
    }

    pub(super) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Mark {
    pub(super) fn stamp(self) -> Option<Value> {
        match self {
            Self::Stamp(stamp) => Some(stamp),
            Self::Delete { .. } => None,
        }
    }

    fn is_on(&self, statement: &Statement) -> bool {
        let values = || {
            statement
                .values
                .as_ref()
                .map(|values| values.0.as_slice())
                .unwrap_or_default()
        };
        match self {
            Self::Stamp(stamp) => {
                (statement.sql.starts_with("UPDATE ") || statement.sql.starts_with("INSERT "))
                    && values().contains(stamp)
            }
            Self::Delete { beginning, key } => statement.sql.starts_with(beginning) && values() == key,
        }
    }
}
