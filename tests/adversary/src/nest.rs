//! Nested saves: a row with all that belongs to it, as one `ActiveModelEx`.

use std::fmt;

use sea_orm::{DbErr, EntityTrait, IntoActiveModel};

use crate::{
    bench::Bench,
    history::{Nest, Row, Set},
    link::Link,
    model::{Change, ChangeKind, changes},
    perform::{Outcome, fresh_row, one, set_values},
    schema::{Schema, Table},
    state::State,
};

/// How rows of a table are saved with what belongs to them.
#[derive(Clone, Copy)]
pub struct Nesting {
    /// The tables of its relations: the one that it belongs to first.
    pub relations: [usize; 4],
    /// Saves on entities with hooks.
    pub save: fn(Nested<'_>) -> Outcome<'_>,
    /// Saves on entities without.
    pub alone: fn(Nested<'_>) -> Outcome<'_>,
}

impl fmt::Debug for Nesting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nesting")
            .field("relations", &self.relations)
            .finish_non_exhaustive()
    }
}

/// What is saved, and on what.
#[derive(Clone, Copy, Debug)]
pub struct Nested<'a> {
    /// The connection.
    pub db: &'a Link,
    /// All tables.
    pub tables: &'a [Table],
    /// The number of the row.
    pub row: u8,
    /// The rest.
    pub nest: &'a Nest,
    /// What it notes.
    pub token: &'a str,
}

/// The rows as they are read now, or new ones, with what is set.
///
/// # Errors
///
/// When the database refuses to read.
pub async fn members<E>(
    nested: &Nested<'_>,
    table: usize,
    rows: &[(u8, Vec<Set>)],
) -> Result<Vec<E::ActiveModel>, DbErr>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    let table = &nested.tables[table];
    let mut all = Vec::new();
    for (row, sets) in rows {
        let mut active = match one::<E>(nested.db, table, *row).await? {
            None => fresh_row::<E>(table, *row, sets, nested.token),
            Some(model) => model.into_active_model(),
        };
        set_values::<E>(&mut active, table, sets, nested.token);
        all.push(active);
    }
    Ok(all)
}

impl Nesting {
    /// The table of a relation.
    #[must_use]
    pub const fn table(&self, which: u8) -> usize {
        self.relations[which as usize % self.relations.len()]
    }
}

impl Nest {
    /// The rows that it names.
    pub fn rows(&self, schema: &Schema, row: Row) -> impl Iterator<Item = Row> {
        let nesting = schema.tables[row.0 as usize % schema.tables.len()].nesting;
        let related = self.relations.iter().flat_map(move |relation| {
            let of = nesting.map_or(row.0, |nesting| {
                u8::try_from(nesting.table(relation.which)).expect("few tables")
            });
            relation.rows.iter().map(move |(number, _)| Row(of, *number))
        });
        [row].into_iter().chain(related)
    }

    /// What it has changed: each row as if it had been saved by itself.
    #[must_use]
    pub fn changes(&self, bench: &Bench, row: Row, states: [&State; 2], touch: bool) -> Vec<Change> {
        let schema = &bench.schema;
        let tables = 0..schema.tables.len();
        let mut all: Vec<Change> = tables
            .flat_map(|table| changes(schema, table, states[0], states[1]))
            .collect();
        if !touch {
            // Stamped as SeaORM does it.
            all.extend(self.rows(schema, row).map(|row| Change {
                row: bench.name(row.0, row.1).clone(),
                kind: ChangeKind::Touched,
            }));
        }
        all
    }
}
