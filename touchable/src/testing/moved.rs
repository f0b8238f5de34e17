//! All rows before and after, and what moved in between.

use std::{
    collections::{BTreeMap, BTreeSet},
    ptr,
};

use sea_orm::{ConnectionTrait, DbErr, ModelTrait, QueryResult, Value, sea_query::TableRef};

use super::unknown::UnknownTables;

use crate::{
    clock::{Clock, Stamp},
    dialect::Catalog,
    entity::{Schema, Touchable, display_key, known_schemas, primary_key_of_model},
    error::Result,
    graph::TouchGraph,
};

/// A record whose row can be listed in [`assert_touched!`](crate::assert_touched): a model of an entity that derives
/// `Touchable`.
pub trait Record {
    /// Its row.
    #[doc(hidden)]
    fn touched_row(&self) -> Row;
}

impl<M: ModelTrait<Entity: Touchable>> Record for M {
    fn touched_row(&self) -> Row {
        let schema = M::Entity::schema();
        Row {
            schema,
            name: name(schema, &display_key(&primary_key_of_model(self))),
        }
    }
}

/// A row by its name.
#[doc(hidden)]
#[derive(Debug)]
pub struct Row {
    schema: &'static Schema,
    name: String,
}

fn name(schema: &Schema, key: &str) -> String {
    format!("{}/{key}", schema.name)
}

/// A connection through which [`assert_touched!`](crate::assert_touched) can look: any.
pub trait Watch: ConnectionTrait {
    /// Awaits the future, and looks before and after.
    #[doc(hidden)]
    fn watch_touches<T>(
        &self,
        listed: Vec<Row>,
        action: impl Future<Output = T>,
    ) -> impl Future<Output = (T, Moved)>
    where
        Self: Sized,
    {
        async move {
            let tables = tables(self, &listed).await.unwrap_or_else(unreadable);
            let mut before = Rows::read(self, &tables).await.unwrap_or_else(unreadable);
            let unknown = UnknownTables::read(self, tables.iter().map(|table| table.schema))
                .await
                .unwrap_or_else(unreadable);
            let since = Clock::current().stamp();
            let output = action.await;
            let mut after = Rows::read(self, &tables).await.unwrap_or_else(unreadable);
            let late = late(self, &tables).await.unwrap_or_else(unreadable);
            let mut moved = Vec::new();
            for table in &late {
                let now = table.read(self).await.unwrap_or_else(unreadable);
                match unknown.of(table.schema, |rows| table.understand(rows)) {
                    Some(then) => {
                        before.0.push((table, then));
                        after.0.push((table, now));
                    }
                    None => moved.extend(table.moved_since(&now, since)),
                }
            }
            assert!(
                moved.is_empty(),
                "these rows moved, but their entities were not known to the process before, so that a save cannot be \
                 told from a touch: {}; build a `TouchGraph` of them first",
                moved.join(", ")
            );
            let listed = listed.into_iter().map(|row| row.name).collect();
            (output, Moved::between(&before, &after, listed))
        }
    }
}

impl<C: ConnectionTrait> Watch for C {}

#[allow(
    clippy::needless_pass_by_value,
    reason = "it takes what `unwrap_or_else` gives"
)]
fn unreadable<T>(error: crate::error::Error) -> T {
    panic!("the rows cannot be read: {error}")
}

/// A table to look at, and which of its columns touches move.
struct Table {
    schema: &'static Schema,
    moving: Vec<bool>,
    version: Option<usize>,
}

/// The tables of the listed rows, and those of all known entities, as far as they are there.
async fn tables<C: ConnectionTrait>(db: &C, listed: &[Row]) -> Result<Vec<Table>> {
    let own = TouchGraph::default().with(listed.iter().map(|row| row.schema));
    let sure = own.schemas().len();
    let graph = own.with(known_schemas());
    let mut seen: Vec<&TableRef> = Vec::new();
    let mut tables = Vec::new();
    for (i, schema) in graph.schemas().iter().enumerate() {
        // Two entities can share a table; the listed rows' is the one that is meant.
        if seen.contains(&&schema.table) || (i >= sure && !exists(db, schema).await?) {
            continue;
        }
        let table = Table::of(schema, &graph);
        // Another database of this process can have a table of that name with other types.
        if i >= sure && table.read(db).await.is_err() {
            continue;
        }
        seen.push(&schema.table);
        tables.push(table);
    }
    Ok(tables)
}

/// The tables which were not looked at before, since nobody had used their entities yet.
async fn late<C: ConnectionTrait>(db: &C, seen: &[Table]) -> Result<Vec<Table>> {
    let graph = TouchGraph::default().with(known_schemas());
    let mut late = Vec::new();
    for schema in graph.schemas() {
        if !seen.iter().any(|table| table.schema.table == schema.table) && exists(db, schema).await? {
            let table = Table::of(schema, &graph);
            if table.read(db).await.is_ok() {
                late.push(table);
            }
        }
    }
    Ok(late)
}

/// Whether this database has the entity's table, with all its columns.
async fn exists<C: ConnectionTrait>(db: &C, schema: &Schema) -> Result<bool> {
    let TableRef::Table(table, _) = &schema.table else {
        return Ok(false);
    };
    let catalog = Catalog::read(db, table).await?;
    Ok(schema.column_names().all(|column| catalog.kind(column).is_some()))
}

impl Table {
    fn of(schema: &'static Schema, graph: &TouchGraph) -> Self {
        let rules = graph.schemas().iter().flat_map(|schema| &schema.rules);
        let bumped: BTreeSet<&str> = rules
            .filter(|rule| ptr::eq((rule.target)(), schema))
            .flat_map(|rule| rule.columns.iter().copied())
            .chain([schema.touch])
            .collect();
        Self {
            schema,
            moving: schema
                .column_names()
                .map(|column| bumped.contains(column))
                .collect(),
            version: schema
                .column_names()
                .position(|column| Some(column) == schema.version),
        }
    }

    /// The columns of its rows, by the rows' names.
    async fn read<C: ConnectionTrait>(&self, db: &C) -> Result<BTreeMap<String, Vec<Value>>> {
        let all = (self.schema.rows.all)(db.get_database_backend());
        Ok(self.understand(&db.query_all_raw(all).await?)?)
    }

    /// The same of rows that have been read.
    fn understand(&self, rows: &[QueryResult]) -> Result<BTreeMap<String, Vec<Value>>, DbErr> {
        let row = |row: &QueryResult| {
            let key = display_key(&self.schema.key_of(row)?);
            Ok((name(self.schema, &key), (self.schema.rows.columns)(row)?))
        };
        rows.iter().map(row).collect()
    }

    /// The names of those of these rows whose stamps are younger.
    fn moved_since(&self, rows: &BTreeMap<String, Vec<Value>>, since: Stamp) -> Vec<String> {
        let moved = |row: &[Value]| {
            (0..row.len())
                .filter(|column| self.moves(*column))
                .filter_map(|column| (self.schema.value_stamp)(&row[column]))
                .any(|stamp| stamp > since)
        };
        rows.iter()
            .filter(|(_, row)| moved(row))
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Whether touches move the column.
    fn moves(&self, column: usize) -> bool {
        self.moving.get(column).copied().unwrap_or_default()
    }
}

/// How a row differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Touched,
    Saved,
}

/// The columns of all rows, by the rows' names.
struct Rows<'a>(Vec<(&'a Table, BTreeMap<String, Vec<Value>>)>);

impl<'a> Rows<'a> {
    async fn read<C: ConnectionTrait>(db: &C, tables: &'a [Table]) -> Result<Self> {
        let mut all = Vec::new();
        for table in tables {
            all.push((table, table.read(db).await?));
        }
        Ok(Self(all))
    }
}

/// What moved, and what was expected to.
#[doc(hidden)]
#[derive(Debug)]
pub struct Moved {
    changes: BTreeMap<String, Change>,
    listed: BTreeSet<String>,
    /// The listed rows that were not there.
    unknown: BTreeSet<String>,
}

impl Moved {
    fn between(before: &Rows<'_>, after: &Rows<'_>, listed: BTreeSet<String>) -> Self {
        let mut changes = BTreeMap::new();
        let mut unknown = listed.clone();
        for ((table, before), (_, after)) in before.0.iter().zip(&after.0) {
            for (name, row) in before {
                unknown.remove(name);
                if let Some(change) = after.get(name).and_then(|after| change(table, row, after)) {
                    changes.insert(name.clone(), change);
                }
            }
        }
        Self {
            changes,
            listed,
            unknown,
        }
    }

    /// What is wrong, unless exactly the listed rows were touched.
    #[must_use]
    pub fn unless_exactly_listed(&self) -> Option<String> {
        let missing = self
            .listed
            .iter()
            .filter(|name| !self.changes.contains_key(*name));
        let surplus = self.changes.iter().filter_map(|(name, change)| {
            (*change == Change::Touched && !self.listed.contains(name)).then_some(name)
        });
        self.complain("should have been touched", missing)
            .into_iter()
            .chain(self.complain("should not have been touched", surplus))
            .reduce(|one, other| format!("{one}; {other}"))
    }

    /// What is wrong, unless none of the listed rows moved.
    #[must_use]
    pub fn unless_listed_stayed(&self) -> Option<String> {
        let moved = self.listed.iter().filter(|name| self.changes.contains_key(*name));
        self.complain("should not have been touched", moved.chain(&self.unknown))
    }

    fn complain<'a>(&self, what: &str, rows: impl Iterator<Item = &'a String>) -> Option<String> {
        let rows: Vec<String> = rows
            .map(|name| {
                if self.unknown.contains(name) {
                    format!("{name} (there was no such row)")
                } else {
                    name.clone()
                }
            })
            .collect();
        (!rows.is_empty()).then(|| format!("{what}: {}", rows.join(", ")))
    }
}

/// How one row differs; a row that is saved may move or not.
fn change(table: &Table, before: &[Value], after: &[Value]) -> Option<Change> {
    let differs: Vec<usize> = (0..before.len())
        .filter(|column| before[*column] != after[*column])
        .collect();
    let moved = differs.iter().any(|column| table.moves(*column));
    let saved = differs
        .iter()
        .any(|column| !table.moves(*column) && Some(*column) != table.version);
    match (moved, saved) {
        (true, true) => Some(Change::Saved),
        (true, false) => Some(Change::Touched),
        (false, _) => None,
    }
}
