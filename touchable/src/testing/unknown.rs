//! Tables whose entities the process does not know yet.
//!
//! An entity becomes known with its first save, which may be the one that an assertion watches, or that of a test beside it on
//! another database. Its rows are kept as the driver has them, to be understood once it is known.

use std::collections::HashMap;

use sea_orm::{
    ConnectionTrait, DbErr, QueryResult,
    sea_query::{Alias, Asterisk, Query, TableName, TableRef},
};

use crate::{dialect::Catalog, entity::Schema, error::Result};

/// The rows of tables, by schema and name, whose entities the process does not know yet.
pub(super) struct UnknownTables(HashMap<(String, String), Vec<QueryResult>>);

impl UnknownTables {
    /// Reads all tables but those of these entities.
    pub(super) async fn read<C: ConnectionTrait>(
        db: &C,
        known: impl Iterator<Item = &'static Schema>,
    ) -> Result<Self> {
        let known: Vec<&Schema> = known.collect();
        let mut tables = HashMap::new();
        for table in Catalog::tables(db).await? {
            if !known.iter().any(|schema| is_of(schema, &table)) {
                let name = (Alias::new(&table.0), Alias::new(&table.1));
                let rows = db.query_all(Query::select().column(Asterisk).from(name)).await?;
                tables.insert(table, rows);
            }
        }
        Ok(Self(tables))
    }

    /// The rows of an entity that has become known; `None` when they cannot be understood as they were read.
    pub(super) fn of<T>(
        &self,
        schema: &Schema,
        understand: impl Fn(&[QueryResult]) -> Result<T, DbErr>,
    ) -> Option<T> {
        let (_, rows) = self.0.iter().find(|(table, _)| is_of(schema, table))?;
        understand(rows).ok()
    }
}

/// Whether an entity's table is this one, which is found without naming its schema.
fn is_of(entity: &Schema, (schema, name): &(String, String)) -> bool {
    let TableRef::Table(TableName(place, table), _) = &entity.table else {
        return false;
    };
    table.to_string() == *name && place.as_ref().is_none_or(|place| place.1.to_string() == *schema)
}
