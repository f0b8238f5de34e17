//! Entries in a table of the application's database.

mod advice;
mod builder;
mod rows;
mod statement;
mod sweep;
mod sweeper;

use std::{collections::BTreeMap, fmt, sync::Arc};

use super::{
    Store, Ttl, failed,
    integer::{self, Problem},
};
use crate::error::{Error, Result};
pub use builder::DatabaseBuilder;
use bytes::Bytes;
use rows::{Row, Rows};
use sea_orm::{ConnectionTrait, DbErr};
use sweeper::Sweeper;

/// Entries in a table, on PostgreSQL, MariaDB, MySQL or SQLite, over any connection of SeaORM's.
///
/// The table is made by a migration: `manager.cache_entries().up()` of `touchable-migrations`.
///
/// When the table holds [`max_bytes`](DatabaseBuilder::max_bytes), the entries that were written first make room, in
/// the background. Every write counts: after a sixteenth of the bound a sweep deletes the expired and then the oldest
/// until two sixteenths are free, and whoever writes a second sixteenth while it runs waits for it. So the table stays
/// below its bound however much is written; each further process can add an eighth of it. A sweep never runs twice in
/// one process. A clone is the same store; the sweeps end with the last one.
///
/// Give it a connection of its own pool, or one outside of transactions: what is written inside a transaction goes with
/// its rollback, and holds locks until its end.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use touchable::cache::store::{Database, Store};
///
/// let db = sea_orm::Database::connect("postgres://localhost/app").await?;
/// let store = Database::new(db);
/// store.set("events/1", "a page".into(), None).await?;
/// # Ok(())
/// # }
/// ```
pub struct Database<C: ConnectionTrait + Send + 'static> {
    rows: Arc<Rows<C>>,
    sweeper: Arc<Sweeper>,
}

const NAME: &str = "database";

/// How often an increment looks again at an entry that comes and goes.
const LOOKS: usize = 64;

impl<C: ConnectionTrait + Send + 'static> Database<C> {
    /// A store with the defaults of its [builder](Self::builder).
    #[must_use]
    pub fn new(db: C) -> Self {
        Self::builder(db).build()
    }

    /// A store with other settings.
    pub fn builder(db: C) -> DatabaseBuilder<C> {
        DatabaseBuilder::new(db)
    }

    /// Deletes now what the next sweep would: the expired, those older than
    /// [`max_age`](DatabaseBuilder::max_age), and the oldest of those that are too many. How many there were.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn sweep(&self) -> Result<u64> {
        self.sweeper
            .sweep(&self.rows, 0)
            .await
            .map_err(|error| self.failed("sweep", "the table", error))
    }

    fn failed(&self, operation: &'static str, what: impl fmt::Display, error: DbErr) -> Error {
        failed::failed(NAME, operation, what, advice::explain(error, &self.rows.table))
    }

    async fn write(&self, entries: &[Row<'_>]) -> Result<(), DbErr> {
        let bytes = self.rows.write(entries).await?;
        self.sweeper.wrote(&self.rows, bytes).await;
        Ok(())
    }

    async fn insert(&self, row: &Row<'_>) -> Result<bool, DbErr> {
        let added = self.rows.add(row).await?;
        if added {
            self.sweeper.wrote(&self.rows, row.bytes()).await;
        }
        Ok(added)
    }

    /// The sum, or why there is none.
    async fn sum(&self, key: &str, by: i64, ttl: Option<Ttl>) -> Result<Result<i64, Problem>, DbErr> {
        let first = Bytes::from(by.to_string());
        for _ in 0..LOOKS {
            if let Some(sum) = self.rows.increment(key, by).await? {
                return Ok(Ok(sum));
            }
            if self.insert(&self.rows.row(key, first.clone(), ttl)).await? {
                return Ok(Ok(by));
            }
            let there = self.rows.read(&[key]).await?.remove(key);
            if let Some(Err(problem)) = there.map(|value| integer::add(&value, by)) {
                return Ok(Err(problem));
            }
        }
        Err(DbErr::Custom(format!(
            "the entry has come and gone {LOOKS} times meanwhile"
        )))
    }
}

impl<C: ConnectionTrait + Send + 'static> Clone for Database<C> {
    fn clone(&self) -> Self {
        Self {
            rows: Arc::clone(&self.rows),
            sweeper: Arc::clone(&self.sweeper),
        }
    }
}

impl<C: ConnectionTrait + Send + 'static> fmt::Debug for Database<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("table", &self.rows.table)
            .field("max_bytes", &self.rows.max_bytes)
            .finish_non_exhaustive()
    }
}

impl<C: ConnectionTrait + Send + 'static> Store for Database<C> {
    const NAME: &'static str = NAME;

    async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        let mut found = self
            .rows
            .read(&[key])
            .await
            .map_err(|error| self.failed("get", failed::key(key), error))?;
        Ok(found.remove(key))
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Bytes>>> {
        let found = self
            .rows
            .read(keys)
            .await
            .map_err(|error| self.failed("get", failed::keys(keys.iter().copied()), error))?;
        Ok(keys.iter().map(|key| found.get(*key).cloned()).collect())
    }

    async fn set(&self, key: &str, value: Bytes, ttl: Option<Ttl>) -> Result<()> {
        self.write(&[self.rows.row(key, value, ttl)])
            .await
            .map_err(|error| self.failed("set", failed::key(key), error))
    }

    async fn set_many(&self, entries: &[(&str, Bytes)], ttl: Option<Ttl>) -> Result<()> {
        // One statement must not write a row twice; in one order, two of them do not wait for each other in a circle.
        let last: BTreeMap<&str, &Bytes> = entries.iter().map(|(key, value)| (*key, value)).collect();
        let rows: Vec<_> = last
            .into_iter()
            .map(|(key, value)| self.rows.row(key, value.clone(), ttl))
            .collect();
        self.write(&rows).await.map_err(|error| {
            let keys = failed::keys(entries.iter().map(|(key, _)| *key));
            self.failed("set", keys, error)
        })
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        let gone = self.rows.delete(&[key]).await;
        gone.map(|gone| gone > 0)
            .map_err(|error| self.failed("delete", failed::key(key), error))
    }

    async fn delete_many(&self, keys: &[&str]) -> Result<u64> {
        let gone = self.rows.delete(keys).await;
        gone.map_err(|error| self.failed("delete", failed::keys(keys.iter().copied()), error))
    }

    async fn delete_prefix(&self, prefix: &str) -> Result<u64> {
        let gone = self.rows.delete_prefix(prefix).await;
        gone.map_err(|error| self.failed("delete", format_args!("all of `{prefix}`"), error))
    }

    async fn increment(&self, key: &str, by: i64, ttl: Option<Ttl>) -> Result<i64> {
        self.sum(key, by, ttl)
            .await
            .map_err(|error| self.failed("increment", failed::key(key), error))?
            .map_err(|problem| failed::failed(NAME, "increment", failed::key(key), problem))
    }

    async fn add(&self, key: &str, value: Bytes, ttl: Option<Ttl>) -> Result<bool> {
        self.insert(&self.rows.row(key, value, ttl))
            .await
            .map_err(|error| self.failed("add", failed::key(key), error))
    }
}
