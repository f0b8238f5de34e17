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

type Name = (Option<String>, String);

/// The rows of tables whose entities the process does not know yet.
pub(super) struct UnknownTables(HashMap<Name, Vec<QueryResult>>);

impl UnknownTables {
    /// Reads all tables but those of these entities.
    pub(super) async fn read<C: ConnectionTrait>(
        db: &C,
        known: impl Iterator<Item = &'static Schema>,
    ) -> Result<Self> {
        let known: Vec<Name> = known.filter_map(name).collect();
        let mut tables = HashMap::new();
        for table in Catalog::tables(db).await? {
            if !known.contains(&table) {
                let rows = db
                    .query_all(Query::select().column(Asterisk).from(named(&table)))
                    .await?;
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
        understand(self.0.get(&name(schema)?)?).ok()
    }
}

fn name(schema: &Schema) -> Option<Name> {
    let TableRef::Table(TableName(place, name), _) = &schema.table else {
        return None;
    };
    Some((place.as_ref().map(|place| place.1.to_string()), name.to_string()))
}

fn named((schema, name): &Name) -> TableRef {
    let table = Alias::new(name);
    match schema {
        Some(schema) => (Alias::new(schema), table).into(),
        None => table.into(),
    }
}
