//! Which rows a repair touches: pages in the order of the primary key.

use sea_orm::{
    ConnectionTrait, DbBackend, Order, Statement, Value,
    sea_query::{Alias, Condition, Expr, ExprTrait, Query, SelectStatement},
};

use crate::{
    dialect::table_name,
    entity::{ColumnKind, Key, Schema},
    error::{Error, Result},
};

/// Rows of a table that meet a condition.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    pub schema: &'static Schema,
    condition: Condition,
    /// A condition says nothing.
    pub is_blank: bool,
}

impl Rows {
    pub(super) fn all(schema: &'static Schema) -> Self {
        Self {
            schema,
            condition: Condition::all(),
            is_blank: false,
        }
    }

    pub(super) fn filter(&mut self, condition: Condition) {
        self.condition = self.condition.clone().add(condition);
    }

    /// On a line of its own, so that a comment at its end does not hide the parenthesis.
    pub(super) fn filter_sql(&mut self, condition: &str) {
        self.is_blank |= condition.trim().is_empty();
        self.filter(Expr::cust(format!("({condition}\n)")).into());
    }

    pub(super) async fn count<C: ConnectionTrait>(&self, db: &C) -> Result<u64> {
        let mut count = self.matching();
        count.expr_as(Expr::cust("COUNT(*)"), Alias::new("n"));
        let statement = db.get_database_backend().build(&count);
        let row = db.query_one_raw(statement).await;
        let row = row.map_err(|source| Error::touch(self.schema.name, &*self.schema.touched, source))?;
        let rows = row.map_or(Ok(0), |row| row.try_get::<i64>("", "n"))?;
        Ok(u64::try_from(rows).unwrap_or_default())
    }

    /// The query for the primary keys of so many rows after the one with this key.
    pub(super) fn page(&self, backend: DbBackend, after: Option<&Key>, rows: u64) -> Statement {
        let mut page = self.matching();
        page.exprs(self.schema.read_keys(Some(&table_name(self.schema))));
        if let Some(key) = after {
            page.cond_where(self.after(backend, key));
        }
        for column in &self.schema.primary_key {
            page.order_by_expr(self.ordered(backend, column), Order::Asc);
        }
        page.limit(rows);
        backend.build(&page)
    }

    fn matching(&self) -> SelectStatement {
        Query::select()
            .from(self.schema.table.clone())
            .cond_where(self.condition.clone())
            .to_owned()
    }

    /// Lexicographic comparison, written out: `a > 1 OR (a = 1 AND b > 2)`. Every backend uses an index for this,
    /// not every backend does for `(a, b) > (1, 2)`.
    fn after(&self, backend: DbBackend, key: &Key) -> Condition {
        let compared = |compare: fn(Expr, Expr) -> Expr, column: &'static str, value: &Value| {
            let value = self.schema.typed(column, value.clone());
            compare(self.ordered(backend, column), value)
        };
        let columns = || self.schema.primary_key.iter().copied().zip(key);
        columns()
            .enumerate()
            .fold(Condition::any(), |any, (at, (column, value))| {
                let equal = columns().take(at);
                let equal = equal.fold(Condition::all(), |all, (column, value)| {
                    all.add(compared(ExprTrait::eq, column, value))
                });
                any.add(equal.add(compared(Expr::gt, column, value)))
            })
    }

    /// A column of the key by which rows are ordered and compared alike: MySQL orders its enums by their place in the
    /// declaration, and compares them as text.
    fn ordered(&self, backend: DbBackend, column: &'static str) -> Expr {
        let plain = Expr::col((table_name(self.schema), Alias::new(column)));
        match (backend, self.schema.kind(column)) {
            (DbBackend::MySql, Some(ColumnKind::Enum)) => plain.cast_as("char"),
            _ => plain,
        }
    }
}
