//! The form in which SeaORM has sent a statement.

use sea_orm::{ConnectionTrait, DbErr, ExecResult, QueryResult, Statement};

/// A form in which SeaORM sends statements, and what it expects back.
pub(super) trait Form {
    type Output;
    /// Whether the row that comes back can be read.
    const READS: bool;
    /// The rows that came back, if rows come back.
    fn rows(output: &Self::Output) -> &[QueryResult];
    async fn send<C: ConnectionTrait>(db: &C, statement: Statement) -> Result<Self::Output, DbErr>;
    /// The first of them.
    fn row(output: &Self::Output) -> Option<&QueryResult> {
        Self::rows(output).first()
    }
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

    fn rows(output: &Self::Output) -> &[QueryResult] {
        output.as_slice()
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

    fn rows(_: &Self::Output) -> &[QueryResult] {
        &[]
    }

    fn found(output: &Self::Output) -> bool {
        output.rows_affected() > 0
    }

    fn last_insert_id(output: &Self::Output) -> Option<u64> {
        Some(output.last_insert_id()).filter(|id| *id > 0)
    }
}

pub(super) struct QueryAll;

impl Form for QueryAll {
    type Output = Vec<QueryResult>;
    const READS: bool = true;

    async fn send<C: ConnectionTrait>(db: &C, statement: Statement) -> Result<Self::Output, DbErr> {
        db.query_all_raw(statement).await
    }

    fn rows(output: &Self::Output) -> &[QueryResult] {
        output
    }

    fn found(output: &Self::Output) -> bool {
        !output.is_empty()
    }

    fn last_insert_id(_: &Self::Output) -> Option<u64> {
        None
    }
}
