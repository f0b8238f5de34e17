//! The unique keys of a table on MySQL, of which any can conflict.

use sea_orm::{ConnectionTrait, DbErr, PrimaryKeyTrait, Statement, sea_query::TableRef};

use super::rows::Rows;
use crate::{
    entity::Touchable,
    error::{Error, Result},
};

/// A unique key.
#[derive(Debug, Default)]
pub(super) struct Unique {
    pub name: String,
    pub columns: Vec<String>,
}

const KEYS: &str = "SELECT CAST(index_name AS CHAR), CAST(CASE WHEN sub_part IS NULL THEN column_name END AS CHAR) \
    FROM information_schema.statistics \
    WHERE table_schema = coalesce(?, database()) AND table_name = ? AND non_unique = 0 \
    ORDER BY index_name, seq_in_index";

/// The unique keys by which a new row can be one that is there, in order of their names.
///
/// # Errors
/// When a key is of an expression or of a part of a column: which row it finds is the database's secret.
pub(super) async fn of<E: Touchable, C: ConnectionTrait>(db: &C, rows: &Rows) -> Result<Vec<Unique>> {
    let schema = match &E::schema().table {
        TableRef::Table(name, _) => name.0.as_ref().map(|schema| schema.1.to_string()),
        _ => None,
    };
    let name = E::schema().name.to_owned();
    let question =
        Statement::from_sql_and_values(db.get_database_backend(), KEYS, [schema.into(), name.into()]);
    let mut keys: Vec<Unique> = Vec::new();
    for row in db.query_all_raw(question).await? {
        let name: String = row.try_get_by_index(0)?;
        let column: Option<String> = row.try_get_by_index(1)?;
        let column = column.ok_or_else(|| unknown::<E>(&name))?;
        match keys.last_mut() {
            Some(key) if key.name == name => key.columns.push(column),
            _ => keys.push(Unique {
                name,
                columns: vec![column],
            }),
        }
    }
    keys.retain(|key| !is_generated::<E>(key, rows));
    for key in &mut keys {
        // A column that is left to the database is the same in all rows, or null: without it more rows are found.
        key.columns.retain(|column| rows.give([column]));
        if key.columns.is_empty() {
            return Err(unknown::<E>(&key.name));
        }
    }
    Ok(keys)
}

/// Whether the database gives every row a new key.
fn is_generated<E: Touchable>(key: &Unique, rows: &Rows) -> bool {
    E::PrimaryKey::auto_increment() && key.name == "PRIMARY" && !rows.give(&E::schema().primary_key)
}

fn unknown<E: Touchable>(key: &str) -> Error {
    let message = format!(
        "nothing is written to `{}`: which rows the upsert would update by the unique key `{key}` cannot be asked; its \
         columns have to be whole, and one of them given",
        E::schema().name,
    );
    Error::from(DbErr::Custom(message))
}
