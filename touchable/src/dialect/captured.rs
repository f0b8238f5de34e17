//! Reading a statement that SeaORM has built: sea-query writes it for us, with a mark wherever a value belongs.

use std::fmt;

use sea_orm::{
    DbBackend, Statement, Value,
    sea_query::{
        Expr, MysqlQueryBuilder, PostgresQueryBuilder, Query, QueryBuilder, QueryStatementWriter, SqlWriter,
        SqliteQueryBuilder, Values,
    },
};

/// Stands for a bound value. No identifier or keyword contains it.
pub(crate) const MARK: char = '\u{1}';

/// A statement's text with marks, and the values they stand for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Captured {
    pub sql: String,
    pub values: Vec<Value>,
}

impl Captured {
    pub(crate) fn of(backend: DbBackend, statement: &impl QueryStatementWriter) -> Self {
        let mut captured = Self::default();
        match backend {
            DbBackend::MySql => statement.build_collect_into(MysqlQueryBuilder, &mut captured),
            DbBackend::Postgres => statement.build_collect_into(PostgresQueryBuilder, &mut captured),
            _ => statement.build_collect_into(SqliteQueryBuilder, &mut captured),
        }
        captured
    }

    /// What follows a beginning, with its values.
    pub(crate) fn after(&self, beginning: &Self) -> Option<Self> {
        Some(Self {
            sql: self.sql.strip_prefix(&beginning.sql)?.to_owned(),
            values: self.values.get(beginning.values.len()..)?.to_vec(),
        })
    }

    /// A statement as the database gets it, with marks instead of its backend's placeholders.
    pub(crate) fn of_statement(statement: &Statement) -> Self {
        let bound = statement
            .values
            .as_ref()
            .map(|values| values.0.as_slice())
            .unwrap_or_default();
        let numbered = statement.db_backend == DbBackend::Postgres;
        let mut captured = Self::default();
        let mut open: Option<char> = None;
        let mut chars = statement.sql.chars().peekable();
        while let Some(c) = chars.next() {
            if open.is_none() && c == if numbered { '$' } else { '?' } {
                let mut at = captured.values.len();
                let mut digits = String::new();
                while let Some(digit) = chars.next_if(|c| numbered && c.is_ascii_digit()) {
                    digits.push(digit);
                }
                if let Ok(number) = digits.parse::<usize>() {
                    at = number.saturating_sub(1);
                }
                captured.sql.push(MARK);
                captured.values.extend(bound.get(at).cloned());
                continue;
            }
            open = after_quote(open, c);
            captured.sql.push(c);
        }
        captured
    }

    /// The parts before and from a byte on.
    pub(crate) fn split_at(&self, at: usize) -> (Self, Self) {
        let (left, right) = self.sql.split_at(at);
        let (before, after) = self.values.split_at(left.matches(MARK).count());
        (
            Self {
                sql: left.to_owned(),
                values: before.to_vec(),
            },
            Self {
                sql: right.to_owned(),
                values: after.to_vec(),
            },
        )
    }

    /// Where a text stands outside of quotes and parentheses.
    pub(crate) fn find(&self, text: &str) -> Option<usize> {
        outside(&self.sql).find(|at| self.sql[*at..].starts_with(text))
    }

    /// The parts between a separator outside of quotes and parentheses.
    pub(crate) fn split(&self, separator: &str) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut rest = self.clone();
        while let Some(at) = rest.find(separator) {
            let (part, more) = rest.split_at(at);
            parts.push(part);
            (_, rest) = more.split_at(separator.len());
        }
        parts.push(rest);
        parts
    }

    /// An expression as the backend writes it.
    pub(crate) fn of_expr(backend: DbBackend, expr: Expr) -> Self {
        let (_, written) = Self::of(backend, Query::select().expr(expr)).split_at("SELECT ".len());
        written
    }

    /// As an expression for sea-query.
    pub(crate) fn into_expr(self, backend: DbBackend) -> Expr {
        if self.sql == MARK.to_string()
            && let [value] = self.values.as_slice()
        {
            return Expr::val(value.clone());
        }
        let values = self.values.clone();
        Expr::cust_with_values(self.into_statement(backend).sql, values)
    }

    /// Adds text without values.
    pub(crate) fn push(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }

    pub(crate) fn append(&mut self, other: Self) {
        self.sql.push_str(&other.sql);
        self.values.extend(other.values);
    }

    pub(crate) fn into_statement(self, backend: DbBackend) -> Statement {
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

/// The quote that is open after a character.
fn after_quote(open: Option<char>, c: char) -> Option<char> {
    match (open, c) {
        (None, '\'' | '"' | '`') => Some(c),
        (Some(quote), c) if c == quote => None,
        (open, _) => open,
    }
}

/// The byte positions outside of quotes and parentheses.
fn outside(sql: &str) -> impl Iterator<Item = usize> {
    let (mut open, mut depth) = (None, 0_usize);
    sql.char_indices().filter_map(move |(at, c)| {
        let free = open.is_none() && depth == 0;
        if open.is_none() {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        open = after_quote(open, c);
        free.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use sea_orm::{DbBackend, Statement};

    use super::Captured;

    fn captured(backend: DbBackend, sql: &str, values: [i32; 2]) -> Captured {
        Captured::of_statement(&Statement::from_sql_and_values(
            backend,
            sql,
            values.map(Into::into),
        ))
    }

    #[test]
    fn placeholders_become_marks_and_back_again() {
        let sql = r#"UPDATE "a$1?" SET "b" = $2 WHERE "c" = '$1' AND "d" = $1"#;
        let captured = captured(DbBackend::Postgres, sql, [1, 2]);
        assert_eq!(captured.values, [2.into(), 1.into()]);
        let again = captured.into_statement(DbBackend::Postgres);
        assert_eq!(
            again.sql,
            r#"UPDATE "a$1?" SET "b" = $1 WHERE "c" = '$1' AND "d" = $2"#
        );
    }

    #[test]
    fn words_in_quotes_and_parentheses_are_not_found() {
        let sql = "UPDATE ` WHERE ` SET `a` = (SELECT 1 WHERE ?) WHERE `b` = ?";
        let captured = captured(DbBackend::MySql, sql, [1, 2]);
        let at = captured.find(" WHERE ").expect("a condition");
        let (left, right) = captured.split_at(at);
        assert_eq!(right.sql, " WHERE `b` = \u{1}");
        assert_eq!((left.values, right.values), (vec![1.into()], vec![2.into()]));
    }
}
