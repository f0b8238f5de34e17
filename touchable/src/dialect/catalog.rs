//! What the database says of a table: its columns, its primary key, its indexes.

use std::fmt;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value, sea_query::TableName};

use crate::error::Result;

/// The digits of a second that a stamp has.
pub(crate) const MICROSECONDS: u32 = 6;

/// A table as it is; empty when there is none.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    columns: Vec<(String, Kind)>,
    primary_key: Vec<String>,
    /// Columns that the database makes of others.
    generated: Vec<String>,
    /// Indexes that serve equality on their leading columns, the primary key not always among them. A part that is no
    /// plain column has an empty name.
    indexes: Vec<(String, Vec<String>)>,
}

/// What a column can hold, as far as bumping it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A time with this many digits of a second.
    Time(u32),
    Integer,
    Text,
    Other(String),
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(digits) => write!(f, "a time of {digits} digits"),
            Self::Integer => f.write_str("an integer"),
            Self::Text => f.write_str("text"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

impl Catalog {
    pub(crate) async fn read<C: ConnectionTrait>(db: &C, table: &TableName) -> Result<Self> {
        let backend = db.get_database_backend();
        let mut catalog = Self::default();
        let mut key = Vec::new();
        for row in COLUMNS.ask(db, table).await? {
            let name: String = row.try_get_by_index(0)?;
            let place: i64 = row.try_get_by_index(1)?;
            let digits: Option<i64> = row.try_get_by_index(3)?;
            let kind = Kind::of(backend, &row.try_get_by_index::<String>(2)?, digits);
            if place > 0 {
                key.push((place, name.clone()));
            }
            if row.try_get_by_index::<i64>(4)? != 0 {
                catalog.generated.push(name.clone());
            }
            catalog.columns.push((name, kind));
        }
        key.sort();
        catalog.primary_key = key.into_iter().map(|(_, name)| name).collect();
        for row in INDEXES.ask(db, table).await? {
            catalog.add_index_column(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        }
        Ok(catalog)
    }

    /// The tables that are found without naming their schema, and can be read: each with its schema and its name.
    pub(crate) async fn tables<C: ConnectionTrait>(db: &C) -> Result<Vec<(String, String)>> {
        let backend = db.get_database_backend();
        let rows = db
            .query_all_raw(Statement::from_string(backend, TABLES.in_words_of(backend)))
            .await?;
        let table = |row: &QueryResult| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
        rows.iter().map(table).collect()
    }

    fn add_index_column(&mut self, name: String, column: Option<String>) {
        let column = column.unwrap_or_default();
        match self.indexes.last_mut() {
            Some((last, columns)) if *last == name => columns.push(column),
            _ => self.indexes.push((name, vec![column])),
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    pub(crate) fn kind(&self, column: &str) -> Option<&Kind> {
        let found = self.columns.iter().find(|(name, _)| name == column);
        found.map(|(_, kind)| kind)
    }

    /// Whether a column keeps fewer digits of a second than stamps have.
    pub(crate) fn is_coarse(&self, column: &str) -> bool {
        matches!(self.kind(column), Some(Kind::Time(digits)) if *digits < MICROSECONDS)
    }

    /// Whether the database makes a column of others.
    pub(crate) fn generates(&self, column: &str) -> bool {
        self.generated.iter().any(|name| name == column)
    }

    /// Whether rows with given values of these columns are found without reading the table.
    pub(crate) fn covers(&self, columns: &[String]) -> bool {
        let leads = |index: &[String]| {
            index
                .get(..columns.len())
                .is_some_and(|lead| columns.iter().all(|column| lead.contains(column)))
        };
        leads(&self.primary_key) || self.indexes.iter().any(|(_, index)| leads(index))
    }
}

impl Kind {
    fn of(backend: DbBackend, name: &str, digits: Option<i64>) -> Self {
        let name = name.to_lowercase();
        if backend == DbBackend::Sqlite {
            return Self::of_sqlite(&name);
        }
        let whole = name.split(['(', ' ']).next().unwrap_or_default();
        match whole {
            "timestamp" | "timestamptz" | "datetime" => Self::Time(
                digits
                    .and_then(|digits| u32::try_from(digits).ok())
                    .unwrap_or_default(),
            ),
            "int2" | "int4" | "int8" | "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => {
                Self::Integer
            }
            _ => Self::Other(name),
        }
    }

    /// By SQLite's own rules for the affinity of a declared type. A time is stored as text, which a column with numeric
    /// affinity (`timestamp`, `datetime`) leaves as it is; `SQLx` reads a `date` without its time.
    fn of_sqlite(declared: &str) -> Self {
        let has = |parts: &[&str]| parts.iter().any(|part| declared.contains(part));
        if has(&["int"]) {
            Self::Integer
        } else if has(&["char", "clob", "text"]) {
            Self::Text
        } else if has(&["real", "floa", "doub"]) || ["date", "time", "boolean", "bool"].contains(&declared) {
            Self::Other(declared.to_owned())
        } else {
            Self::Text
        }
    }
}

/// One question in the words of each backend; it takes the schema (may be null) and the table.
struct Question {
    postgres: &'static str,
    mysql: &'static str,
    sqlite: &'static str,
}

/// Name, place in the primary key (0 for none), type, digits of a second, whether it is generated.
const COLUMNS: Question = Question {
    postgres: "SELECT a.attname::text, coalesce(array_position(i.indkey::int2[], a.attnum) + 1, 0)::int8, t.typname::text, \
        (CASE WHEN a.atttypmod < 0 THEN 6 ELSE a.atttypmod END)::int8, (a.attgenerated <> '')::int::int8 \
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid \
        LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary \
        WHERE a.attrelid = to_regclass(coalesce(quote_ident($1) || '.', '') || quote_ident($2)) \
        AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
    mysql: "SELECT CAST(c.column_name AS CHAR), CAST(coalesce(k.ordinal_position, 0) AS SIGNED), \
        CAST(c.data_type AS CHAR), CAST(c.datetime_precision AS SIGNED), \
        CAST(c.extra LIKE '%VIRTUAL GENERATED%' OR c.extra LIKE '%STORED GENERATED%' AS SIGNED) \
        FROM information_schema.columns c LEFT JOIN information_schema.key_column_usage k \
        ON k.constraint_name = 'PRIMARY' AND k.table_schema = c.table_schema AND k.table_name = c.table_name \
        AND k.column_name = c.column_name \
        WHERE c.table_schema = coalesce(?, database()) AND c.table_name = ? ORDER BY c.ordinal_position",
    sqlite: "SELECT name, pk, type, NULL, hidden > 1 FROM pragma_table_xinfo(?2, coalesce(?1, 'main')) WHERE hidden <> 1 \
        ORDER BY cid",
};

/// Name and column of the indexes over the whole table that serve equality, in order.
const INDEXES: Question = Question {
    postgres: "SELECT c.relname::text, a.attname::text FROM pg_index i \
        JOIN pg_class c ON c.oid = i.indexrelid \
        JOIN pg_am m ON m.oid = c.relam AND m.amname IN ('btree', 'hash') \
        CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k (attnum, place) \
        LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum \
        WHERE i.indrelid = to_regclass(coalesce(quote_ident($1) || '.', '') || quote_ident($2)) \
        AND i.indisvalid AND i.indpred IS NULL AND k.place <= i.indnkeyatts ORDER BY c.relname, k.place",
    mysql: "SELECT CAST(index_name AS CHAR), CAST(CASE WHEN sub_part IS NULL THEN column_name END AS CHAR) \
        FROM information_schema.statistics \
        WHERE table_schema = coalesce(?, database()) AND table_name = ? AND index_type IN ('BTREE', 'HASH') \
        ORDER BY index_name, seq_in_index",
    sqlite: "SELECT l.name, i.name FROM pragma_index_list(?2, coalesce(?1, 'main')) l \
        JOIN pragma_index_info(l.name, coalesce(?1, 'main')) i \
        WHERE l.partial = 0 ORDER BY l.name, i.seqno",
};

/// Schema and name of the tables that are found without naming their schema, and can be read.
const TABLES: Question = Question {
    postgres: "SELECT n.nspname::text, c.relname::text \
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' \
        AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') \
        AND pg_table_is_visible(c.oid)",
    mysql: "SELECT CAST(table_schema AS CHAR), CAST(table_name AS CHAR) FROM information_schema.tables \
        WHERE table_schema = database() AND table_type = 'BASE TABLE'",
    sqlite: "SELECT 'main', name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
};

impl Question {
    const fn in_words_of(&self, backend: DbBackend) -> &'static str {
        match backend {
            DbBackend::Postgres => self.postgres,
            DbBackend::MySql => self.mysql,
            _ => self.sqlite,
        }
    }

    async fn ask<C: ConnectionTrait>(&self, db: &C, table: &TableName) -> Result<Vec<QueryResult>, DbErr> {
        let backend = db.get_database_backend();
        let sql = self.in_words_of(backend);
        let TableName(schema, name) = table;
        let schema = schema.as_ref().map(|schema| schema.1.to_string());
        let values: [Value; 2] = [schema.into(), name.to_string().into()];
        db.query_all_raw(Statement::from_sql_and_values(backend, sql, values))
            .await
    }
}
