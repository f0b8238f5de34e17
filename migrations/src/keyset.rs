//! Paging over a primary key of any shape: the key of a row, and the rows up to it and after it.

use sea_orm_migration::{
    sea_orm::{DbErr, QueryResult, TryGetable, Value, prelude::Uuid},
    sea_query::{Cond, Condition, Expr, ExprTrait},
};

/// A primary key's columns.
#[derive(Debug)]
pub(crate) struct Keyset {
    columns: Vec<String>,
}

/// The primary key of one row.
pub(crate) type Key = Vec<Value>;

impl Keyset {
    pub(crate) fn new(columns: Vec<String>) -> Self {
        Self { columns }
    }

    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The key in a row of a query that selected [`columns`](Self::columns).
    pub(crate) fn read(&self, row: &QueryResult) -> Result<Key, DbErr> {
        self.columns.iter().map(|column| value(row, column)).collect()
    }

    /// The rows after a key.
    pub(crate) fn after(&self, key: &Key) -> Condition {
        self.beyond(key, Expr::gt)
    }

    /// The rows up to a key, itself included.
    pub(crate) fn up_to(&self, key: &Key) -> Condition {
        let itself = Cond::all();
        let itself = self
            .pairs(key)
            .fold(itself, |all, (c, v)| all.add(Expr::col(c).eq(v)));
        self.beyond(key, Expr::lt).add(itself)
    }

    /// Lexicographic comparison, written out: `a > 1 OR (a = 1 AND b > 2)`. Every backend uses an index for this,
    /// not every backend does for `(a, b) > (1, 2)`.
    fn beyond(&self, key: &Key, compare: fn(Expr, Value) -> Expr) -> Condition {
        (0..key.len()).fold(Cond::any(), |any, last| {
            let equal = self.pairs(key).take(last);
            let all = equal.fold(Cond::all(), |all, (c, v)| all.add(Expr::col(c).eq(v)));
            let (column, value) = (self.columns[last].clone(), key[last].clone());
            any.add(all.add(compare(Expr::col(column), value)))
        })
    }

    fn pairs<'a>(&'a self, key: &'a Key) -> impl Iterator<Item = (String, Value)> {
        self.columns.iter().cloned().zip(key.iter().cloned())
    }
}

/// Tries the types that primary keys have. The drivers refuse a type that does not fit the column.
fn value(row: &QueryResult, column: &str) -> Result<Value, DbErr> {
    const TYPES: [fn(&QueryResult, &str) -> Option<Value>; 7] = [
        typed::<i64>,
        typed::<i32>,
        typed::<i16>,
        typed::<u64>,
        typed::<String>,
        typed::<Uuid>,
        typed::<Vec<u8>>,
    ];
    TYPES.iter().find_map(|read| read(row, column)).ok_or_else(|| {
        DbErr::Migration(format!(
            "the primary key column `{column}` is neither an integer, text, a UUID nor bytes"
        ))
    })
}

fn typed<T: TryGetable + Into<Value>>(row: &QueryResult, column: &str) -> Option<Value> {
    row.try_get::<T>("", column).ok().map(Into::into)
}
