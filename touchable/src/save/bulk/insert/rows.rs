//! The rows of an INSERT.

use std::collections::HashSet;

use sea_orm::{
    ColumnTrait, DbBackend, EntityTrait, IdenStatic, Iterable, PrimaryKeyTrait, Value,
    sea_query::{Expr, InsertStatement, Query, ValueTuple},
};

use super::super::unreadable;
use crate::{
    clock::Stamp,
    dialect::{Captured, MARK},
    entity::{Key, Touchable, is_null},
    error::Result,
};

/// The rows of an INSERT: every cell of SeaORM's inserts holds exactly one value.
#[derive(Debug)]
pub(super) struct Rows {
    pub columns: Vec<String>,
    pub cells: Vec<Vec<Value>>,
}

impl Rows {
    /// Reads them; `None` when the statement is not one of SeaORM's.
    pub(super) fn read(backend: DbBackend, insert: &InsertStatement) -> Option<Self> {
        let written = Captured::of(backend, insert);
        if written.values.is_empty() {
            // One row of defaults, or no row at all.
            let defaults = written.sql.contains(" DEFAULT VALUES") || written.sql.contains(" VALUES ()");
            return Some(Self {
                columns: Vec::new(),
                cells: vec![Vec::new(); usize::from(defaults)],
            });
        }
        let (_, rest) = written.sql.split_once('(')?;
        let (columns, rest) = rest.split_once(") VALUES ")?;
        let columns: Vec<String> = columns.split(", ").map(unquote).collect();
        let count = count_rows(rest);
        let cells: Vec<Vec<Value>> = written
            .values
            .chunks(columns.len())
            .take(count)
            .map(<[Value]>::to_vec)
            .collect();
        let marks: usize = cells.iter().map(Vec::len).sum();
        let marked = rest.chars().filter(|c| *c == MARK).count();
        (cells.len() == count && marked == written.values.len() && marks <= marked)
            .then_some(Self { columns, cells })
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Fills the touch column, creation time and version where the application left them out.
    pub(super) fn stamp<E: Touchable>(&mut self, stamp: Stamp) {
        self.fill(E::TOUCH_COLUMN.as_str(), &E::stamp_value(stamp));
        if let Some((column, value)) = E::CREATED_COLUMN.zip(E::created_value(stamp)) {
            self.fill(column.as_str(), &value);
        }
        if let Some((column, value)) = E::VERSION_COLUMN.zip(E::first_version()) {
            self.fill(column.as_str(), &value);
        }
    }

    fn fill(&mut self, column: &str, value: &Value) {
        let at = self.place(column).unwrap_or_else(|| {
            self.columns.push(column.to_owned());
            self.cells.iter_mut().for_each(|row| row.push(value.as_null()));
            self.columns.len() - 1
        });
        for cell in self.cells.iter_mut().filter_map(|row| row.get_mut(at)) {
            if is_null(cell) {
                *cell = value.clone();
            }
        }
    }

    /// The statement with these rows instead of its own, and all else as it was.
    pub(super) fn rewrite<E: Touchable>(&self, insert: &InsertStatement) -> Result<InsertStatement> {
        let failed = |_| unreadable(E::schema().name);
        let columns: Vec<E::Column> = self
            .columns
            .iter()
            .filter_map(|name| E::Column::iter().find(|column| column.as_str() == name))
            .collect();
        let mut rewritten = insert.clone();
        rewritten.columns(columns.iter().copied());
        // A SELECT in their place is what makes sea-query forget the rows.
        let none = Query::select()
            .exprs(columns.iter().map(|_| Expr::cust("1")))
            .to_owned();
        rewritten.select_from(none).map_err(failed)?;
        for row in &self.cells {
            let cells = columns
                .iter()
                .zip(row)
                .map(|(column, value)| column.save_as(Expr::val(value.clone())));
            rewritten.values(cells).map_err(failed)?;
        }
        Ok(rewritten)
    }

    fn place(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|name| name == column)
    }

    /// Whether all of these columns are given.
    pub(super) fn give(&self, columns: impl IntoIterator<Item = impl AsRef<str>>) -> bool {
        columns
            .into_iter()
            .all(|column| self.place(column.as_ref()).is_some())
    }

    /// The values of these columns, each combination once, without those in which something is null; none when a column is
    /// not given.
    pub(super) fn distinct(&self, columns: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<Key> {
        let places: Option<Vec<usize>> = columns
            .into_iter()
            .map(|column| self.place(column.as_ref()))
            .collect();
        let mut seen = HashSet::new();
        let mut keys: Vec<(String, Key)> = self
            .cells
            .iter()
            .filter_map(|row| key_at(row, places.as_ref()?))
            .map(|key| (format!("{key:?}"), key))
            .filter(|(text, _)| seen.insert(text.clone()))
            .collect();
        keys.sort_by(|(one, _), (other, _)| one.cmp(other));
        keys.into_iter().map(|(_, key)| key).collect()
    }

    /// The primary keys, unless one is left to the database.
    pub(super) fn primary_keys<E: Touchable>(&self) -> Option<Vec<Key>> {
        let names = &E::schema().primary_key;
        let places: Vec<usize> = names.iter().map(|name| self.place(name)).collect::<Option<_>>()?;
        self.cells.iter().map(|row| key_at(row, &places)).collect()
    }

    /// The primary key that SeaORM takes for the last row's where the database does not say.
    pub(super) fn last_key<E: Touchable>(&self) -> Option<ValueTuple> {
        if <E as EntityTrait>::PrimaryKey::auto_increment() {
            return None;
        }
        let names = &E::schema().primary_key;
        let places: Vec<usize> = names.iter().map(|name| self.place(name)).collect::<Option<_>>()?;
        let key = key_at(self.cells.last()?, &places)?;
        Some(match key.as_slice() {
            [one] => ValueTuple::One(one.clone()),
            [one, two] => ValueTuple::Two(one.clone(), two.clone()),
            [one, two, three] => ValueTuple::Three(one.clone(), two.clone(), three.clone()),
            _ => ValueTuple::Many(key),
        })
    }
}

fn key_at(row: &[Value], at: &[usize]) -> Option<Key> {
    at.iter()
        .map(|i| row.get(*i).filter(|value| !is_null(value)).cloned())
        .collect()
}

pub(super) fn unquote(name: &str) -> String {
    let name = name.trim();
    let mut chars = name.chars();
    let quote = chars.next().unwrap_or_default();
    let inner = chars.as_str().strip_suffix(quote).unwrap_or(name);
    inner.replace(&format!("{quote}{quote}"), &quote.to_string())
}

/// How many parenthesized rows a text begins with.
fn count_rows(sql: &str) -> usize {
    let (mut depth, mut rows) = (0, 0);
    for c in sql.chars() {
        match c {
            '(' => depth += 1,
            ')' => {
                depth -= 1;
                rows += usize::from(depth == 0);
            }
            ',' | ' ' => {}
            _ if depth == 0 => break,
            _ => {}
        }
    }
    rows
}
