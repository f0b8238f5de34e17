//! Deleting what is expired, too old, or too much.

use sea_orm::{
    ConnectionTrait, DbErr,
    sea_query::{Cond, Condition, Expr, ExprTrait},
};

use super::{
    rows::Rows,
    statement::{self, EXPIRES_AT, KEY, WRITTEN_AT},
};
use crate::cache::store::observe;

/// The bound's parts of which one may be written before a sweep begins, and two are free after it: what is written
/// before the sweep, and while it runs.
pub(super) const SHARES: u64 = 16;
/// Rows of one DELETE, so that no lock is held for long.
const BATCH: u64 = 256;

impl<C: ConnectionTrait> Rows<C> {
    /// Deletes what has no place in the table any more; how many rows.
    pub(super) async fn sweep(&self) -> Result<u64, DbErr> {
        let now = self.clock.now();
        let expired = self
            .delete_first(&statement::expired(now), EXPIRES_AT, u64::MAX)
            .await?;
        let aged = match self.max_age {
            Some(age) => {
                let age = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
                let aged = Cond::all().add(Expr::col(WRITTEN_AT).lte(now.saturating_sub(age)));
                self.delete_first(&aged, WRITTEN_AT, u64::MAX).await?
            }
            None => 0,
        };
        let excess = self.size().await?.saturating_sub(self.low());
        let oldest = self.delete_first(&Cond::all(), WRITTEN_AT, excess).await?;
        observe::evicted_from_database(aged + oldest);
        tracing::debug!(
            table = self.table,
            expired,
            aged,
            oldest,
            "a cache's table is swept"
        );
        Ok(expired + aged + oldest)
    }

    /// What a sweep leaves.
    fn low(&self) -> u64 {
        self.max_bytes - self.max_bytes / SHARES * 2
    }

    /// What the rows take, counted exactly. The index over it is read from end to end, once for each share that was
    /// written.
    async fn size(&self) -> Result<u64, DbErr> {
        let rows = self.all(&statement::size(&self.table, self.backend())).await?;
        let size: i64 = rows.first().map_or(Ok(0), |row| row.try_get_by_index(0))?;
        Ok(u64::try_from(size).unwrap_or_default())
    }

    /// Deletes the first rows by a column until they have freed so many bytes; how many rows.
    async fn delete_first(&self, which: &Condition, by: &'static str, bytes: u64) -> Result<u64, DbErr> {
        let mut missing = bytes;
        let mut deleted = 0;
        while missing > 0 {
            let rows = self
                .all(&statement::first(&self.table, which.clone(), by, BATCH))
                .await?;
            let mut keys: Vec<Vec<u8>> = Vec::new();
            let mut last = i64::MIN;
            for row in &rows {
                let size: i64 = row.try_get_by_index(1)?;
                keys.push(row.try_get_by_index(0)?);
                last = Ord::max(last, row.try_get_by_index(2)?);
                missing = missing.saturating_sub(u64::try_from(size).unwrap_or_default());
                if missing == 0 {
                    break;
                }
            }
            if keys.is_empty() {
                break;
            }
            // A row that has been written since is not what was looked at.
            let seen = which
                .clone()
                .add(Expr::col(KEY).is_in(keys))
                .add(Expr::col(WRITTEN_AT).lte(last));
            let done = self.execute(&statement::delete(&self.table, seen)).await?;
            deleted += done.rows_affected();
        }
        Ok(deleted)
    }
}
