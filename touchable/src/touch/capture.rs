//! Reading a statement that SeaORM has built: sea-query writes it for us, with a mark wherever a value belongs.

use std::fmt;

use sea_orm::{
    DbBackend, Statement, Value,
    sea_query::{
        MysqlQueryBuilder, PostgresQueryBuilder, QueryBuilder, QueryStatementWriter, SqlWriter,
        SqliteQueryBuilder, Values,
    },
};

/// Stands for a bound value. No identifier or keyword contains it.
pub(super) const MARK: char = '\u{1}';

/// A statement's text with marks, and the values they stand for.
#[derive(Clone, Debug, Default)]
pub(super) struct Captured {
    pub sql: String,
    pub values: Vec<Value>,
}

impl Captured {
    pub(super) fn of(backend: DbBackend, statement: &impl QueryStatementWriter) -> Self {
        let mut captured = Self::default();
        match backend {
            DbBackend::MySql => statement.build_collect_into(MysqlQueryBuilder, &mut captured),
            DbBackend::Postgres => statement.build_collect_into(PostgresQueryBuilder, &mut captured),
            _ => statement.build_collect_into(SqliteQueryBuilder, &mut captured),
        }
        captured
    }

    /// What follows a beginning, with its values.
    pub(super) fn after(&self, beginning: &Self) -> Option<Self> {
        Some(Self {
            sql: self.sql.strip_prefix(&beginning.sql)?.to_owned(),
            values: self.values.get(beginning.values.len()..)?.to_vec(),
        })
    }

    /// Adds text without values.
    pub(super) fn push(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }

    pub(super) fn append(&mut self, other: Self) {
        self.sql.push_str(&other.sql);
        self.values.extend(other.values);
    }

    pub(super) fn into_statement(self, backend: DbBackend) -> Statement {
        let mut sql = String::with_capacity(self.sql.len());
        let mut n = 0;
        for c in self.sql.chars() {
            if c != MARK {
                sql.push(c);
            } else if backend == DbBackend::Postgres {
                n += 1;
                sql.push('$');
                sql.push_str(&n.to_string());
            } else {
                sql.push('?');
            }
        }
        Statement {
            sql,
            values: Some(Values(self.values)),
            db_backend: backend,
        }
    }
}

impl fmt::Write for Captured {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.sql.push_str(s);
        Ok(())
    }
}

impl fmt::Display for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql)
    }
}

impl SqlWriter for Captured {
    fn push_param<T: QueryBuilder>(&mut self, value: Value, _: &T) {
        self.sql.push(MARK);
        self.values.push(value);
    }

    fn as_writer(&mut self) -> &mut dyn fmt::Write {
        self
    }
}
