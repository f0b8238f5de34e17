//! Rows by their primary keys.

use sea_orm::{ConnectionTrait, DbErr, Statement};

use crate::entity::{Key, Schema};

/// How many keys one statement names at most. The smallest limit of the backends on bound values is 32,766 (`SQLite`);
/// a key of three columns still fits.
pub(crate) const CHUNK: usize = 10_000;

/// The primary keys in the rows that a statement returns.
pub(crate) async fn read_keys<C: ConnectionTrait>(
    db: &C,
    schema: &Schema,
    statement: Statement,
) -> Result<Vec<Key>, DbErr> {
    let rows = db.query_all_raw(statement).await?;
    rows.iter().map(|row| schema.key_of(row)).collect()
}
