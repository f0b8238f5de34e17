//! The version of what a query finds, without loading it.

mod aggregate;
mod rows;

use sea_orm::{ConnectionTrait, DbErr, QueryResult, QueryTrait, Select, sea_query::SelectStatement};

use super::Version;
use crate::{entity::Touchable, error::Result};

/// The version of the rows of a query.
///
/// ```no_run
/// # mod task {
/// #     use sea_orm::entity::prelude::*;
/// #     use touchable::Touchable;
/// #     #[sea_orm::model]
/// #     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
/// #     #[sea_orm(table_name = "tasks")]
/// #     pub struct Model {
/// #         #[sea_orm(primary_key)]
/// #         pub id: i32,
/// #         pub done: bool,
/// #         pub updated_at: DateTimeUtc,
/// #     }
/// # }
/// use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
/// use touchable::cache::{Versioned, VersionedSelect};
///
/// # async fn page(db: &DatabaseConnection) -> touchable::Result<()> {
/// let open = task::Entity::find()
///     .filter(task::Column::Done.eq(false))
///     .order_by_asc(task::Column::Id)
///     .limit(20);
/// let version = open.cache_version(db).await?.of("tasks/open");
/// assert!(version.cache_key_with_version()?.starts_with("tasks/open:@"));
/// // Only where no fragment has this key: let tasks = open.all(db).await?;
/// # Ok(())
/// # }
/// ```
pub trait VersionedSelect {
    /// One query that returns one row. The version covers the primary key and the touch column (and the version column)
    /// of every row that the query finds, in their order: it differs as soon as one is saved, touched, comes, goes, or
    /// changes its place, also under LIMIT and OFFSET, and whatever the order in which transactions commit.
    ///
    /// It does not cover columns of joined tables: rules touch the rows that show them.
    ///
    /// The database reads what the query reads, sorts it and hashes some 60 bytes a row.
    ///
    /// # Errors
    /// When the database refuses the query. An order by the alias of a selected expression is one that it does not know:
    /// order by the expression. So is a union of selected columns: take whole rows.
    fn cache_version<C: ConnectionTrait>(&self, db: &C) -> impl Future<Output = Result<Version>> + Send;
}

impl<E: Touchable> VersionedSelect for Select<E> {
    fn cache_version<C: ConnectionTrait>(&self, db: &C) -> impl Future<Output = Result<Version>> + Send {
        let backend = db.get_database_backend();
        let query = rows::of::<E>(self.as_query(), backend)
            .map(|rows| aggregate::of(rows, &rows::columns::<E>(), backend));
        async move { version(db, &query?).await }
    }
}

async fn version<C: ConnectionTrait>(db: &C, query: &SelectStatement) -> Result<Version> {
    let row = db.query_one(query).await?;
    let state = row.as_ref().map(state).transpose()?.unwrap_or_default();
    Ok(Version::digest(state.as_bytes()))
}

/// No rows are no text.
fn state(row: &QueryResult) -> Result<String, DbErr> {
    row.try_get_by_index::<Option<String>>(0)
        .map(Option::unwrap_or_default)
}
