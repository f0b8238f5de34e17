//! Leases in a table.

use std::{fmt, sync::Arc, time::Duration};

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};

use super::{Grant, Holder, Leases, grant::check};
use crate::error::{Error, Result, lease::Failure};

/// Leases in a table of the application's database, a row for each: `manager.leases().up()` of `touchable-migrations`
/// creates it.
///
/// Give it a connection outside of transactions: a lease that is rolled back was never there. The time is the database
/// server's; on SQLite that is the node's own. A clone is the same place.
#[derive(Clone)]
pub struct DatabaseLeases<C>(Arc<C>);

impl<C: ConnectionTrait + Send + Sync + 'static> DatabaseLeases<C> {
    /// The leases in the table `touchable_leases` behind a connection.
    #[must_use]
    pub fn new(db: C) -> Self {
        Self(Arc::new(db))
    }

    /// Sends a statement whose placeholders are all `?`; how many rows it found.
    async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<u64, DbErr> {
        let statement = statement(self.0.get_database_backend(), sql, values);
        Ok(self.0.execute_raw(statement).await?.rows_affected())
    }

    async fn take(&self, name: &str, holder: &Holder, time: Duration) -> Result<Option<u64>, DbErr> {
        let now = now(self.0.get_database_backend());
        let taken = self
            .execute(
                &format!(
                    "UPDATE touchable_leases SET token = token + 1, holder = ?, expires_at = {now} + ? \
                     WHERE name = ? AND (expires_at <= {now} OR holder = ?)"
                ),
                vec![
                    holder.as_str().into(),
                    micros(time).into(),
                    name.into(),
                    holder.as_str().into(),
                ],
            )
            .await?;
        if taken == 0 && !self.create(name, holder, time).await? {
            return Ok(None);
        }
        self.token(name, holder).await
    }

    /// Makes the row of a lease that nobody ever had.
    async fn create(&self, name: &str, holder: &Holder, time: Duration) -> Result<bool, DbErr> {
        let backend = self.0.get_database_backend();
        let now = now(backend);
        let values = vec![name.into(), holder.as_str().into(), micros(time).into()];
        let row =
            format!("INTO touchable_leases (name, token, holder, expires_at) VALUES (?, 1, ?, {now} + ?)");
        let sql = if backend == DbBackend::MySql {
            format!("INSERT IGNORE {row}")
        } else {
            format!("INSERT {row} ON CONFLICT DO NOTHING")
        };
        Ok(self.execute(&sql, values).await? > 0)
    }

    /// Under which token this holder has a lease: `None` when it has already gone to another.
    async fn token(&self, name: &str, holder: &Holder) -> Result<Option<u64>, DbErr> {
        let statement = statement(
            self.0.get_database_backend(),
            "SELECT token FROM touchable_leases WHERE name = ? AND holder = ?",
            vec![name.into(), holder.as_str().into()],
        );
        let Some(row) = self.0.query_one_raw(statement).await? else {
            return Ok(None);
        };
        let token: i64 = row.try_get_by_index(0)?;
        Ok(Some(token.unsigned_abs()))
    }

    /// Sets the end of a lease, if it is still this one.
    async fn end_at(&self, grant: &Grant, end: &str, mut values: Vec<Value>) -> Result<bool, DbErr> {
        let now = now(self.0.get_database_backend());
        values.extend([
            Value::from(grant.name.as_ref()),
            grant.holder.as_str().into(),
            i64::try_from(grant.token).unwrap_or(i64::MAX).into(),
        ]);
        let sql = format!(
            "UPDATE touchable_leases SET expires_at = {end} \
             WHERE name = ? AND holder = ? AND token = ? AND expires_at > {now}"
        );
        Ok(self.execute(&sql, values).await? > 0)
    }
}

impl<C: ConnectionTrait + Send + Sync + 'static> Leases for DatabaseLeases<C>
where
    Self: Clone,
{
    const NAME: &'static str = "the database";

    async fn acquire(&self, name: &str, holder: &Holder, time: Duration) -> Result<Option<Grant>> {
        check(name, time)?;
        let token = self
            .take(name, holder, time)
            .await
            .map_err(|error| failed("acquire", name, error))?;
        Ok(token.map(|token| Grant::new(name, holder, token)))
    }

    async fn renew(&self, grant: &Grant, time: Duration) -> Result<bool> {
        check(&grant.name, time)?;
        let end = format!("{} + ?", now(self.0.get_database_backend()));
        self.end_at(grant, &end, vec![micros(time).into()])
            .await
            .map_err(|error| failed("renew", &grant.name, error))
    }

    async fn release(&self, grant: &Grant) -> Result<bool> {
        self.end_at(grant, "0", Vec::new())
            .await
            .map_err(|error| failed("release", &grant.name, error))
    }
}

impl<C> fmt::Debug for DatabaseLeases<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseLeases")
    }
}

fn failed(operation: &'static str, name: &str, error: DbErr) -> Error {
    Failure::Place {
        place: "the table `touchable_leases`",
        operation,
        name: name.to_owned(),
        source: error.into(),
    }
    .into()
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// The server's time in microseconds since the Unix epoch, never that of a time zone: one of its hours comes twice a year.
const fn now(backend: DbBackend) -> &'static str {
    match backend {
        // Not the statement's beginning, which may lie before the lock that it waited for.
        DbBackend::Postgres => "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)",
        DbBackend::MySql => "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))",
        _ => "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)",
    }
}

/// A statement in the backend's own placeholders.
fn statement(backend: DbBackend, sql: &str, values: Vec<Value>) -> Statement {
    if backend != DbBackend::Postgres {
        return Statement::from_sql_and_values(backend, sql, values);
    }
    let numbered: Vec<String> = sql
        .split('?')
        .enumerate()
        .map(|(place, part)| {
            if place == 0 {
                part.to_owned()
            } else {
                format!("${place}{part}")
            }
        })
        .collect();
    let numbered = numbered.concat();
    Statement::from_sql_and_values(backend, numbered, values)
}
