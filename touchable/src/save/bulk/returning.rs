//! Rows that a write returns.

use sea_orm::{
    ColumnTrait, DbBackend, DbErr, FromQueryResult, Iterable, PrimaryKeyToColumn, QueryResult,
    sea_query::{Query, ReturningClause},
};

use crate::{
    entity::Touchable,
    error::{Error, Result},
};

/// All columns, as SeaORM asks for them.
pub(super) fn all_columns<E: Touchable>(backend: DbBackend) -> ReturningClause {
    Query::returning()
        .exprs(E::Column::iter().map(|column| column.select_as(column.into_returning_expr(backend))))
}

/// The primary key, as SeaORM asks for it.
pub(super) fn primary_key<E: Touchable>(backend: DbBackend) -> ReturningClause {
    Query::returning().exprs(
        E::PrimaryKey::iter()
            .map(PrimaryKeyToColumn::into_column)
            .map(|column| column.select_as(column.into_returning_expr(backend))),
    )
}

pub(super) fn models<E: Touchable>(rows: &[QueryResult]) -> Result<Vec<E::Model>> {
    let models = rows.iter().map(|row| E::Model::from_query_result(row, ""));
    Ok(models.collect::<Result<_, _>>()?)
}

/// Asks, before anything is written, whether the backend can return the rows of a statement.
///
/// # Errors
/// On MySQL, which cannot.
pub(super) fn check<E: Touchable>(backend: DbBackend, statement: &str) -> Result<()> {
    if backend != DbBackend::MySql {
        return Ok(());
    }
    let message = format!(
        "nothing is written to `{}`: {} has no {statement} RETURNING; use `exec`, and read the rows afterwards",
        E::schema().name,
        backend.as_str(),
    );
    Err(Error::from(DbErr::Custom(message)))
}
