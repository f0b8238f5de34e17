//! What happens, as data: who writes what, in which order, and where they are stalled.
//!
//! Every number in a history is an index, taken modulo what there is: each history means something, whatever is cut out
//! of it. That is what makes shrinking simple.

use serde::{Deserialize, Serialize};

/// A run on one schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// The name of the schema.
    pub schema: String,
    /// How writers meet.
    pub order: Order,
    /// Who writes.
    pub writers: Vec<Writer>,
}

/// How writers meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// One after the other; every step is judged by itself.
    Serial,
    /// One writer, whose writes are repeated on each of the four levels.
    Levels,
    /// One statement at a time. Each number says who goes on, out of those who can; at the end the first one does.
    Stalled(Vec<u8>),
    /// As the scheduler of the machine likes.
    Free,
}

/// A task with a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writer {
    /// Whether it writes on a `TouchConnection`.
    pub touch: bool,
    /// Whether that refuses writes that bypass the rules.
    #[serde(default)]
    pub strict: bool,
    /// What it does.
    pub steps: Vec<Step>,
}

/// One thing a writer does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// Begins a transaction, or a savepoint within one.
    Begin(Isolation),
    /// Commits the innermost transaction or savepoint. What is open at the end of a writer is committed.
    Commit,
    /// Rolls the innermost transaction or savepoint back.
    Rollback,
    /// Reads a row, for a later save of what may be stale by then.
    Load(Row),
    /// The application's own `SELECT .. FOR UPDATE`.
    Lock(Row),
    /// Registers work for after the commit (in a transaction of ours).
    AfterCommit,
    /// Writes.
    Write(Write),
}

/// A row that may be there, by its table and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Row(pub u8, pub u8);

/// Of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Isolation {
    /// The database's own.
    Default,
    /// `READ COMMITTED`
    ReadCommitted,
    /// `REPEATABLE READ`
    RepeatableRead,
    /// `SERIALIZABLE`
    Serializable,
}

/// A write, and what is done to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// What is written.
    pub what: What,
    /// Whether it runs within `no_touching`, or `no_touching_on` a table.
    #[serde(default)]
    pub quiet: Quiet,
    /// After how many waits its future is dropped.
    #[serde(default)]
    pub dropped: Option<u8>,
}

/// Suppression.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quiet {
    /// None.
    #[default]
    No,
    /// `no_touching`
    All,
    /// `no_touching_on` this table.
    On(u8),
}

/// A column and the number of the value that it is set to.
pub type Set = (u8, u8);

/// The ways of writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// `update` or `save` of one row.
    Update(Row, From, How, Vec<Set>, Stamp),
    /// `insert` of one row; columns that are not set have their seed's value.
    Insert(Row, Vec<Set>, Stamp),
    /// `delete` of one row.
    Delete(Row, From),
    /// `insert_many().touching()`, and what an upsert updates.
    InsertMany(u8, Vec<(u8, Vec<Set>)>, Option<Vec<u8>>),
    /// `update_many().touching()` of these rows.
    UpdateMany(u8, Vec<u8>, Vec<Set>),
    /// `delete_many().touching()` of these rows.
    DeleteMany(u8, Vec<u8>),
    /// `record.touch(..)`
    Touch(Row),
    /// `Entity::touch_all(..)` of these rows.
    TouchAll(u8, Vec<u8>),
    /// `update_many` without `.touching()`: bypasses the rules.
    Bypass(Row, Vec<Set>),
    /// An UPDATE as text: bypasses the rules as well.
    Raw(Row, Vec<Set>),
    /// A row with what belongs to it, in tables that have such rows.
    Nest(Row, Nest),
}

/// A row with what belongs to it, saved as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nest {
    /// What is done to every row of it that is changed.
    pub action: Action,
    /// What is set in the row itself.
    pub sets: Vec<Set>,
    /// The rows that belong to it.
    pub relations: Vec<Relation>,
}

/// What is done to the rows of a nested save.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// They are inserted.
    Insert,
    /// They are updated.
    Update,
    /// They are updated when they have a key, as all do here.
    Save,
}

/// Rows that belong to another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relation {
    /// The number of the relation.
    pub which: u8,
    /// Whether those that are not named are removed.
    pub replace: bool,
    /// What is set in which row.
    pub rows: Vec<(u8, Vec<Set>)>,
}

/// What a save begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum From {
    /// The row as it is read now.
    Fresh,
    /// The row as this writer has read it last (fresh when it has not).
    Loaded,
    /// Nothing but the key.
    Partial,
    /// The row as it was read last, with every column set anew (`reset_all`).
    Reset,
}

/// How an update is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum How {
    /// `update`
    Update,
    /// `save`
    Save,
    /// `update_without_returning`
    WithoutReturning,
}

/// What the application itself sets the touch column to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stamp {
    /// Nothing.
    No,
    /// The time of day, with nanoseconds.
    Now,
    /// A moment in the future, the same each time.
    Repeated,
    /// A moment in the past.
    Old,
}

impl Write {
    /// A write that nothing is done to.
    #[must_use]
    pub const fn of(what: What) -> Self {
        Self {
            what,
            quiet: Quiet::No,
            dropped: None,
        }
    }
}

impl What {
    /// The table that is written.
    #[must_use]
    pub const fn table(&self) -> u8 {
        match self {
            Self::Update(row, ..)
            | Self::Insert(row, ..)
            | Self::Delete(row, ..)
            | Self::Touch(row)
            | Self::Bypass(row, ..)
            | Self::Raw(row, ..)
            | Self::Nest(row, _) => row.0,
            Self::InsertMany(table, ..)
            | Self::UpdateMany(table, ..)
            | Self::DeleteMany(table, ..)
            | Self::TouchAll(table, ..) => *table,
        }
    }

    /// Whether it bypasses the rules.
    #[must_use]
    pub const fn bypasses(&self) -> bool {
        matches!(self, Self::Bypass(..) | Self::Raw(..))
    }
}

impl History {
    /// All steps of all writers.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.writers.iter().flat_map(|writer| &writer.steps)
    }

    /// All writes of all writers.
    pub fn writes(&self) -> impl Iterator<Item = &Write> {
        self.steps().filter_map(|step| match step {
            Step::Write(write) => Some(write),
            _ => None,
        })
    }

    /// As text that [`History::parse`] reads.
    #[must_use]
    pub fn to_ron(&self) -> String {
        let pretty = ron::ser::PrettyConfig::new().depth_limit(4);
        ron::ser::to_string_pretty(self, pretty).expect("plain data")
    }

    /// Reads what [`History::to_ron`] has written.
    ///
    /// # Panics
    ///
    /// Panics with the place of the mistake.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        ron::from_str(text).unwrap_or_else(|mistake| panic!("not a history: {mistake}\n{text}"))
    }
}
