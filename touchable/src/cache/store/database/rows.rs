//! Rows of the table: read, written, counted, deleted.

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, StatementBuilder, sea_query::Cond,
};

use super::statement;
use crate::{
    cache::store::{Ttl, integer},
    clock::Clock,
    touch::Tries,
};

/// The table and what is kept in it.
#[derive(Debug)]
pub(super) struct Rows<C> {
    pub(super) db: C,
    pub(super) table: String,
    pub(super) max_bytes: u64,
    pub(super) max_age: Option<Duration>,
    pub(super) clock: Clock,
}

/// A row to write.
#[derive(Clone, Debug)]
pub(super) struct Row<'a> {
    pub(super) key: &'a str,
    pub(super) value: Bytes,
    pub(super) number: Option<i64>,
    pub(super) written_at: i64,
    pub(super) expires_at: Option<i64>,
}

/// What a row takes besides its key and value: its other columns and its places in three indexes.
const OVERHEAD: usize = 128;

impl Row<'_> {
    pub(super) fn bytes(&self) -> u64 {
        (self.key.len() + self.value.len() + OVERHEAD) as u64
    }
}

/// Rows of one INSERT: six values each, below the 32,766 that SQLite takes.
const ROWS: usize = 500;
/// Bytes of one INSERT, below the packet of 16 MiB that MariaDB takes; a single larger row is tried nevertheless.
const BYTES: u64 = 4 << 20;
/// Keys of one SELECT or DELETE.
const KEYS: usize = 1_000;

impl<C: ConnectionTrait> Rows<C> {
    pub(super) fn row<'a>(&self, key: &'a str, value: Bytes, ttl: Option<Ttl>) -> Row<'a> {
        let now = self.clock.now();
        Row {
            key,
            number: integer::parse(&value),
            value,
            written_at: now,
            expires_at: ttl.map(|ttl| ttl.after(now)),
        }
    }

    /// The live entries under these keys.
    pub(super) async fn read(&self, keys: &[&str]) -> Result<HashMap<String, Bytes>, DbErr> {
        let now = self.clock.now();
        let mut found = HashMap::with_capacity(keys.len());
        for keys in keys.chunks(KEYS) {
            for row in self.all(&statement::read(&self.table, keys, now)).await? {
                let key: Vec<u8> = row.try_get_by_index(0)?;
                let number: Option<i64> = row.try_get_by_index(2)?;
                let value = match number {
                    Some(number) => Bytes::from(number.to_string()),
                    None => Bytes::from(row.try_get_by_index::<Vec<u8>>(1)?),
                };
                // A key that is no text is nobody's.
                if let Ok(key) = String::from_utf8(key) {
                    found.insert(key, value);
                }
            }
        }
        Ok(found)
    }

    /// Writes rows, of which no two have one key; how many bytes they take.
    pub(super) async fn write(&self, rows: &[Row<'_>]) -> Result<u64, DbErr> {
        let (fitting, large): (Vec<_>, Vec<_>) = rows
            .iter()
            .cloned()
            .partition(|row| row.bytes() <= self.max_bytes);
        if !large.is_empty() {
            let keys: Vec<&str> = large.iter().map(|row| row.key).collect();
            self.delete(&keys).await?;
        }
        let mut rest = fitting.as_slice();
        while !rest.is_empty() {
            let (chunk, others) = rest.split_at(chunk(rest));
            self.execute(&statement::upsert(&self.table, chunk)).await?;
            rest = others;
        }
        Ok(fitting.iter().map(Row::bytes).sum())
    }

    /// Writes a row if there is none alive under its key; whether it did.
    pub(super) async fn add(&self, row: &Row<'_>) -> Result<bool, DbErr> {
        if self.insert_if_absent(row).await? {
            return Ok(true);
        }
        let dead = Cond::all()
            .add(statement::any_of(&[row.key]))
            .add(statement::expired(row.written_at));
        let deleted = self.execute(&statement::delete(&self.table, dead)).await?;
        Ok(deleted.rows_affected() > 0 && self.insert_if_absent(row).await?)
    }

    async fn insert_if_absent(&self, row: &Row<'_>) -> Result<bool, DbErr> {
        let insert = statement::insert_if_absent(&self.table, row.clone(), self.backend());
        match self.execute(&insert).await {
            Ok(done) => Ok(done.rows_affected() > 0),
            // MySQL's code for a second row, which its text begins with.
            Err(error) if error.to_string().contains("1062 (23000)") => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Adds to a live integer; nothing when there is none, or the sum does not fit.
    pub(super) async fn increment(&self, key: &str, by: i64) -> Result<Option<i64>, DbErr> {
        let update = statement::increment(&self.table, key, by, self.clock.now(), self.backend());
        if self.backend() == DbBackend::MySql {
            let done = self.execute(&update).await?;
            // The id is the sum's 64 bits without their sign.
            return Ok((done.rows_affected() > 0).then(|| done.last_insert_id().cast_signed()));
        }
        let rows = self.all(&update).await?;
        rows.first().map(|row| row.try_get_by_index(0)).transpose()
    }

    /// Deletes live entries; how many there were. The expired are the sweep's.
    pub(super) async fn delete(&self, keys: &[&str]) -> Result<u64, DbErr> {
        let now = self.clock.now();
        let mut deleted = 0;
        for keys in keys.chunks(KEYS) {
            let which = Cond::all().add(statement::any_of(keys)).add(statement::live(now));
            let done = self.execute(&statement::delete(&self.table, which)).await?;
            deleted += done.rows_affected();
        }
        Ok(deleted)
    }

    /// Deletes the live entries of a prefix, in batches from its beginning to its end.
    pub(super) async fn delete_prefix(&self, prefix: &str) -> Result<u64, DbErr> {
        let now = self.clock.now();
        let end = statement::end_of_prefix(prefix);
        let mut from = prefix.as_bytes().to_vec();
        let mut deleted = 0;
        loop {
            let rest = statement::range(&from, end.as_deref());
            let next = statement::key_at(&self.table, rest, KEYS as u64);
            let next: Option<Vec<u8>> = match self.all(&next).await?.first() {
                Some(row) => Some(row.try_get_by_index(0)?),
                None => None,
            };
            let batch = statement::range(&from, next.as_deref().or(end.as_deref())).add(statement::live(now));
            let done = self.execute(&statement::delete(&self.table, batch)).await?;
            deleted += done.rows_affected();
            match next {
                Some(next) => from = next,
                None => return Ok(deleted),
            }
        }
    }

    pub(super) fn backend(&self) -> DbBackend {
        self.db.get_database_backend()
    }

    /// Tries again when the database chose this statement as a deadlock's victim.
    pub(super) async fn execute(&self, statement: &impl StatementBuilder) -> Result<ExecResult, DbErr> {
        let statement = self.backend().build(statement);
        let mut tries = Tries::default();
        loop {
            let done = self.db.execute_raw(statement.clone()).await;
            if !tries.again(&done).await {
                return done;
            }
        }
    }

    pub(super) async fn all(&self, statement: &impl StatementBuilder) -> Result<Vec<QueryResult>, DbErr> {
        let statement = self.backend().build(statement);
        let mut tries = Tries::default();
        loop {
            let done = self.db.query_all_raw(statement.clone()).await;
            if !tries.again(&done).await {
                return done;
            }
        }
    }
}

/// How many of these rows fit one INSERT, at least one.
fn chunk(rows: &[Row<'_>]) -> usize {
    let mut bytes = 0;
    let fits = |row: &&Row<'_>| {
        bytes += row.bytes();
        bytes <= BYTES
    };
    rows.iter().take(ROWS).take_while(fits).count().max(1)
}
