//! The form in which SeaORM has sent a statement.

use sea_orm::{ConnectionTrait, DbErr, ExecResult, QueryResult, Statement};

/// A form in which SeaORM sends statements, and what it expects back.
pub(super) trait Form {
    type Output;
    /// Whether the row that comes back can be read.
    const READS: bool;
    async fn send<C: ConnectionTrait>(db: &C, statement: Statement) -> Result<Self::Output, DbErr>;
    /// The row that came back, if rows come back.
    fn row(output: &Self::Output) -> Option<&QueryResult>;
    /// Whether the statement found its row.
    fn found(output: &Self::Output) -> bool;
    /// The number that the database has given a new row, where it comes back without the row.
    fn last_insert_id(output: &Self::Output) -> Option<u64>;
}

pub(super) struct QueryOne;

impl Form for QueryOne {
    type Output = Option<QueryResult>;
    const READS: bool = true;

    async fn send<C: ConnectionTrait>(db: &C, statement: Statement) -> Result<Self::Output, DbErr> {
        db.query_one_raw(statement).await
    }

    fn row(output: &Self::Output) -> Option<&QueryResult> {
        output.as_ref()
    }

    fn found(output: &Self::Output) -> bool {
        output.is_some()
    }

    fn last_insert_id(_: &Self::Output) -> Option<u64> {
        None
    }
}

pub(super) struct Execute;

impl Form for Execute {
    type Output = ExecResult;
    const READS: bool = false;

    async fn send<C: ConnectionTrait>(db: &C, statement: Statement) -> Result<Self::Output, DbErr> {
        db.execute_raw(statement).await
    }

    fn row(_: &Self::Output) -> Option<&QueryResult> {
        None
    }

    fn found(output: &Self::Output) -> bool {
        output.rows_affected() > 0
    }

    fn last_insert_id(output: &Self::Output) -> Option<u64> {
        Some(output.last_insert_id()).filter(|id| *id > 0)
    }
}
