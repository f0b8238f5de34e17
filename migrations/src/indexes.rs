//! Indexes under associations.

use sea_orm_migration::{
    SchemaManager,
    sea_orm::DbErr,
    sea_query::{Index, TableRef},
};
use touchable::Touchable;

use crate::catalog::{self, Catalog};

/// Postgres cuts longer names without a word; MySQL takes one character more.
const LONGEST_NAME: usize = 63;

/// Indexes to create where none serves yet, see [`TouchSchema::association_index`](crate::TouchSchema::association_index)
/// and [`TouchSchema::touch_indexes`](crate::TouchSchema::touch_indexes).
///
/// An association that some index serves already, the primary key included, needs none and gets none. What this
/// creates is named `touch_idx_<table>_<columns>`, which is how [`down`](Self::down) tells it from the others.
#[must_use = "nothing happens before `up` or `down`"]
#[derive(Clone)]
pub struct AssociationIndexes<'a> {
    manager: &'a SchemaManager<'a>,
    wanted: Vec<(TableRef, Vec<String>)>,
}

impl<'a> AssociationIndexes<'a> {
    pub(crate) fn new(manager: &'a SchemaManager<'a>) -> Self {
        Self {
            manager,
            wanted: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, table: TableRef, columns: Vec<String>) -> Self {
        if !self.wanted.iter().any(|(t, c)| *t == table && *c == columns) {
            self.wanted.push((table, columns));
        }
        self
    }

    /// A touch goes from hop to hop and looks for rows by the far side's columns.
    pub(crate) fn of<E: Touchable>(manager: &'a SchemaManager<'a>) -> Self {
        let hops = E::RULES.iter().flat_map(|rule| (rule.path)());
        hops.fold(Self::new(manager), |indexes, hop| {
            let columns = hop.to_col.iter().map(ToString::to_string).collect();
            indexes.with(hop.to_tbl, columns)
        })
    }

    /// Creates the indexes that are missing.
    ///
    /// # Errors
    ///
    /// When a table or a column does not exist, which is looked at before anything is created, or what the database
    /// answers.
    pub async fn up(self) -> Result<(), DbErr> {
        let mut missing = Vec::new();
        for (table, columns) in &self.wanted {
            let catalog = Catalog::read(self.manager, table).await?;
            for column in columns {
                catalog.expect_column(column)?;
            }
            if !catalog.covers(columns) {
                missing.push((catalog::unaliased(table)?, columns));
            }
        }
        for (table, columns) in missing {
            let mut index = Index::create();
            index.name(name(&table, columns)).table(table);
            for column in columns {
                index.col(column.clone());
            }
            self.manager.create_index(index).await?;
        }
        Ok(())
    }

    /// Drops the indexes that [`up`](Self::up) created, and no other.
    ///
    /// # Errors
    ///
    /// When a table does not exist, or what the database answers: MariaDB and MySQL keep the last index under a
    /// foreign key, drop the key first.
    pub async fn down(self) -> Result<(), DbErr> {
        for (table, columns) in &self.wanted {
            let catalog = Catalog::read(self.manager, table).await?;
            let table = catalog::unaliased(table)?;
            let name = name(&table, columns);
            if catalog.has_index(&name) {
                let drop = Index::drop().name(name).table(table).to_owned();
                self.manager.drop_index(drop).await?;
            }
        }
        Ok(())
    }
}

/// The same name for the same columns, always. One that is too long is cut and tagged with a hash of the whole.
fn name(table: &TableRef, columns: &[String]) -> String {
    let table = match table {
        TableRef::Table(table, _) => table.1.to_string(),
        _ => String::new(),
    };
    let full = format!("touch_idx_{table}_{}", columns.join("_"));
    if full.len() <= LONGEST_NAME {
        return full;
    }
    let tag = format!("_{:08x}", fnv1a(full.as_bytes()));
    let mut end = LONGEST_NAME - tag.len();
    while !full.is_char_boundary(end) {
        end -= 1;
    }
    full[..end].to_owned() + &tag
}

/// FNV-1a, 32 bits: unlike the standard library's hasher it is the same in every release.
fn fnv1a(bytes: &[u8]) -> u32 {
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    bytes.iter().fold(0x811c_9dc5, step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm_migration::sea_query::IntoTableRef;

    fn named(table: &'static str, column: &str) -> String {
        name(&table.into_table_ref(), &[column.to_owned()])
    }

    #[test]
    fn a_name_says_table_and_columns() {
        assert_eq!(named("tasks", "event_id"), "touch_idx_tasks_event_id");
    }

    #[test]
    fn long_names_are_cut_and_stay_distinct() {
        let (one, other) = (named("tasks", &"ä".repeat(80)), named("tasks", &"ä".repeat(81)));
        assert!(one.len() <= LONGEST_NAME && other.len() <= LONGEST_NAME);
        assert_ne!(one, other);
    }
}
