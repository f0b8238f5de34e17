//! What is stored, in the database's own words: every value as the text it casts to, so that nothing that looks
//! different is taken for equal.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use crate::schema::{Schema, Table};

/// The name of a row: its table, and its key as text.
pub type Name = (usize, String);

/// A fragment: a row, and the place of the column that is its key among those of the table.
pub type Fragment = (Name, usize);

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// What is shown, by the place of its column.
    pub content: Vec<Option<String>>,
    /// The keys of its fragments.
    pub keys: Vec<Option<String>>,
}

/// All rows at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// By their names.
    pub rows: BTreeMap<Name, Stored>,
}

impl State {
    /// Reads everything in one statement, which sees one moment.
    ///
    /// # Errors
    ///
    /// When the database refuses.
    pub async fn read(schema: &Schema, db: &impl ConnectionTrait) -> Result<Self, DbErr> {
        let backend = db.get_database_backend();
        let statement = Statement::from_string(backend, select(schema, backend));
        let mut rows = BTreeMap::new();
        for row in db.query_all_raw(statement).await? {
            let number: i32 = row.try_get_by_index(0)?;
            let number = usize::try_from(number).expect("the number of a table");
            let table = &schema.tables[number];
            let text = |at: usize| row.try_get_by_index::<Option<String>>(at + 1);
            let shown = table.compared().count();
            let content: Vec<_> = (0..shown).map(text).collect::<Result<_, _>>()?;
            let keys: Vec<_> = (shown..shown + table.keyed().count())
                .map(text)
                .collect::<Result<_, _>>()?;
            let name = (number, named(&content[..table.key]));
            rows.insert(name, Stored { content, keys });
        }
        Ok(Self { rows })
    }

    /// The rows of a table.
    pub fn of(&self, table: usize) -> impl Iterator<Item = (&Name, &Stored)> {
        self.rows
            .range((table, String::new())..(table + 1, String::new()))
    }

    /// What a column of a row shows.
    #[must_use]
    pub fn shows(&self, table: &Table, name: &Name, column: &str) -> Option<&str> {
        self.rows.get(name)?.content[table.column(column)].as_deref()
    }

    /// The fragments that are there in both and whose key is another one.
    #[must_use]
    pub fn moved(&self, later: &Self) -> BTreeSet<Fragment> {
        let both = self.both(later);
        both.flat_map(|(name, old, new)| {
            (0..old.keys.len())
                .filter(|at| old.keys[*at] != new.keys[*at])
                .map(|at| (name.clone(), at))
                .collect::<Vec<_>>()
        })
        .collect()
    }

    /// The rows that are there in both.
    pub fn both<'a>(&'a self, later: &'a Self) -> impl Iterator<Item = (&'a Name, &'a Stored, &'a Stored)> {
        self.rows
            .iter()
            .filter_map(|(name, old)| Some((name, old, later.rows.get(name)?)))
    }
}

/// A key as text.
#[must_use]
pub fn named(key: &[Option<String>]) -> String {
    let parts: Vec<_> = key.iter().map(|part| part.as_deref().unwrap_or("NULL")).collect();
    parts.join("/")
}

fn select(schema: &Schema, backend: DbBackend) -> String {
    let width = |table: &Table| table.compared().count() + table.keyed().count();
    let widest = schema.tables.iter().map(width).max().unwrap_or_default();
    let tables: Vec<_> = (0..)
        .zip(&schema.tables)
        .map(|(number, table)| {
            let columns: Vec<_> = table
                .compared()
                .chain(table.keyed())
                .map(|column| cast(column, backend))
                .chain((width(table)..widest).map(|_| "NULL".to_owned()))
                .collect();
            let quote = quote(backend);
            format!(
                "SELECT {number}, {} FROM {quote}{}{quote}",
                columns.join(", "),
                table.name
            )
        })
        .collect();
    tables.join(" UNION ALL ")
}

/// A column as text that two different values never share.
fn cast(column: &str, backend: DbBackend) -> String {
    match backend {
        DbBackend::Postgres => format!("\"{column}\"::text"),
        // Binary keys and bytes are no text.
        DbBackend::MySql if column.ends_with("uid") || column == "bytes" => {
            format!("CAST(HEX(`{column}`) AS CHAR)")
        }
        DbBackend::MySql => format!("CAST(`{column}` AS CHAR)"),
        _ => format!("quote(\"{column}\")"),
    }
}

const fn quote(backend: DbBackend) -> char {
    match backend {
        DbBackend::MySql => '`',
        _ => '"',
    }
}
