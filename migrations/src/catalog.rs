//! What the database says about a table: its columns, its primary key, its indexes.

use sea_orm_migration::{
    SchemaManager,
    sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value},
    sea_query::{TableName, TableRef},
};

/// A table as it is.
#[derive(Debug)]
pub(crate) struct Catalog {
    table: String,
    columns: Vec<String>,
    pub(crate) primary_key: Vec<String>,
    indexes: Vec<Index>,
}

/// An index that serves equality on its leading columns. A column that is no plain column (an expression, a prefix)
/// has an empty name.
#[derive(Debug)]
struct Index {
    name: String,
    columns: Vec<String>,
}

impl Catalog {
    /// Reads a table; an error that names it when it does not exist.
    pub(crate) async fn read(manager: &SchemaManager<'_>, table: &TableRef) -> Result<Self, DbErr> {
        let (schema, name) = schema_and_name(table)?;
        let mut catalog = Self {
            table: name.clone(),
            columns: Vec::new(),
            primary_key: Vec::new(),
            indexes: Vec::new(),
        };
        let mut keys = Vec::new();
        for row in rows(manager, COLUMNS, schema.as_deref(), &name).await? {
            let column: String = row.try_get_by_index(0)?;
            let position: i64 = row.try_get_by_index(1)?;
            if position > 0 {
                keys.push((position, column.clone()));
            }
            catalog.columns.push(column);
        }
        if catalog.columns.is_empty() {
            return Err(DbErr::Migration(format!("the table `{name}` does not exist")));
        }
        keys.sort();
        catalog.primary_key = keys.into_iter().map(|(_, column)| column).collect();
        for row in rows(manager, INDEXES, schema.as_deref(), &name).await? {
            catalog.push_index_column(&row)?;
        }
        Ok(catalog)
    }

    fn push_index_column(&mut self, row: &QueryResult) -> Result<(), DbErr> {
        let name: String = row.try_get_by_index(0)?;
        let column: Option<String> = row.try_get_by_index(1)?;
        let column = column.unwrap_or_default();
        match self.indexes.last_mut() {
            Some(index) if index.name == name => index.columns.push(column),
            _ => self.indexes.push(Index {
                name,
                columns: vec![column],
            }),
        }
        Ok(())
    }

    /// An error that names the column when it does not exist.
    pub(crate) fn expect_column(&self, column: &str) -> Result<(), DbErr> {
        if self.columns.iter().any(|c| c == column) {
            return Ok(());
        }
        Err(DbErr::Migration(format!(
            "the table `{}` has no column `{column}`; it has {}",
            self.table,
            self.columns.join(", ")
        )))
    }

    /// An error that names the column when it exists.
    pub(crate) fn refuse_column(&self, column: &str) -> Result<(), DbErr> {
        if self.expect_column(column).is_err() {
            return Ok(());
        }
        Err(DbErr::Migration(format!(
            "the table `{}` has a column `{column}` already",
            self.table
        )))
    }

    /// Whether rows with given values of these columns are found without a scan.
    pub(crate) fn covers(&self, columns: &[String]) -> bool {
        let leads = |index: &[String]| {
            index
                .get(..columns.len())
                .is_some_and(|lead| columns.iter().all(|c| lead.contains(c)))
        };
        leads(&self.primary_key) || self.indexes.iter().any(|index| leads(&index.columns))
    }

    /// Whether there is an index of this name.
    pub(crate) fn has_index(&self, name: &str) -> bool {
        self.indexes.iter().any(|index| index.name == name)
    }
}

/// One query per backend; each takes the schema (may be null) and the table.
struct PerBackend {
    postgres: &'static str,
    mysql: &'static str,
    sqlite: &'static str,
}

/// Columns and their positions in the primary key, 0 for none.
const COLUMNS: PerBackend = PerBackend {
    postgres: "SELECT a.attname::text, coalesce(array_position(i.indkey::int2[], a.attnum) + 1, 0)::int8 \
        FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary \
        WHERE a.attrelid = to_regclass(coalesce(quote_ident($1) || '.', '') || quote_ident($2)) \
        AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
    mysql: "SELECT CAST(c.column_name AS CHAR), CAST(coalesce(k.ordinal_position, 0) AS SIGNED) \
        FROM information_schema.columns c LEFT JOIN information_schema.key_column_usage k \
        ON k.constraint_name = 'PRIMARY' AND k.table_schema = c.table_schema AND k.table_name = c.table_name \
        AND k.column_name = c.column_name \
        WHERE c.table_schema = coalesce(?, database()) AND c.table_name = ? ORDER BY c.ordinal_position",
    sqlite: "SELECT name, pk FROM pragma_table_info(?2, coalesce(?1, 'main')) ORDER BY cid",
};

/// Indexes over the whole table that serve equality, column by column in their order.
const INDEXES: PerBackend = PerBackend {
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

async fn rows(
    manager: &SchemaManager<'_>,
    query: PerBackend,
    schema: Option<&str>,
    name: &str,
) -> Result<Vec<QueryResult>, DbErr> {
    let backend = manager.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => query.postgres,
        DbBackend::MySql => query.mysql,
        DbBackend::Sqlite => query.sqlite,
        other => {
            return Err(DbErr::BackendNotSupported {
                db: other.as_str(),
                ctx: "reading the catalog",
            });
        }
    };
    let values: [Value; 2] = [schema.into(), name.into()];
    let statement = Statement::from_sql_and_values(backend, sql, values);
    manager.get_connection().query_all_raw(statement).await
}

fn schema_and_name(table: &TableRef) -> Result<(Option<String>, String), DbErr> {
    let TableName(schema, name) = table_name(table)?;
    let schema = schema.as_ref().map(|schema| schema.1.to_string());
    Ok((schema, name.to_string()))
}

/// The table without the alias that a relation may give it: what a statement changes has none.
pub(crate) fn unaliased(table: &TableRef) -> Result<TableRef, DbErr> {
    Ok(TableRef::Table(table_name(table)?.clone(), None))
}

fn table_name(table: &TableRef) -> Result<&TableName, DbErr> {
    match table {
        TableRef::Table(name, _) => Ok(name),
        other => Err(DbErr::Migration(format!("{other:?} is not a table"))),
    }
}
