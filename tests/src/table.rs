//! A table as the harness sees it: how to create it, how to read all of it.

use std::{collections::BTreeMap, fmt};

use futures_util::future::BoxFuture;
use sea_orm::{
    ConnectionTrait, DatabaseExecutor, DbBackend, EntityTrait, IdenStatic, Iterable, ModelTrait,
    PrimaryKeyToColumn, Schema, Value, sea_query::MysqlQueryBuilder,
};

use crate::moments::micros;

/// The rows of a table by their names, such as `tasks 1` or `lines eu/7/1`.
pub(crate) type Rows = BTreeMap<String, Row>;

/// The columns of a row.
pub(crate) type Row = BTreeMap<&'static str, Value>;

/// An entity's table.
#[derive(Clone)]
pub struct Table {
    pub(crate) name: &'static str,
    pub(crate) touch_column: &'static str,
    create: fn(DbBackend) -> String,
    read: for<'a> fn(DatabaseExecutor<'a>) -> BoxFuture<'a, Rows>,
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Table {
    /// The table of an entity whose touch column is `updated_at`.
    #[must_use]
    pub fn of<E: EntityTrait>() -> Self {
        Self {
            name: E::default().table_name(),
            touch_column: "updated_at",
            create: create::<E>,
            read: |db| Box::pin(read::<E>(db)),
        }
    }

    /// With a touch column of another name.
    #[must_use]
    pub fn touched_by(self, touch_column: &'static str) -> Self {
        Self { touch_column, ..self }
    }

    pub(crate) async fn create(&self, db: &impl ConnectionTrait) {
        let sql = (self.create)(db.get_database_backend());
        db.execute_unprepared(&sql)
            .await
            .unwrap_or_else(|e| panic!("{e}: {sql}"));
    }

    pub(crate) async fn read(&self, db: DatabaseExecutor<'_>) -> Rows {
        (self.read)(db).await
    }
}

/// On MariaDB `create_table_from_entity` writes `timestamp` and `datetime`, which keep whole seconds: they get their
/// six digits here, as an application's migration has to give them.
fn create<E: EntityTrait>(backend: DbBackend) -> String {
    let statement = Schema::new(backend).create_table_from_entity(E::default());
    if backend != DbBackend::MySql {
        return backend.build(&statement).to_string();
    }
    statement
        .to_string(MysqlQueryBuilder)
        .replace("` timestamp", "` timestamp(6)")
        .replace("` datetime", "` datetime(6)")
}

async fn read<E: EntityTrait>(db: DatabaseExecutor<'_>) -> Rows {
    let models = E::find().all(&db).await.expect("all rows of a table");
    models
        .iter()
        .map(|model| (row_name::<E>(model), row::<E>(model)))
        .collect()
}

fn row_name<E: EntityTrait>(model: &E::Model) -> String {
    let key: Vec<String> = E::PrimaryKey::iter()
        .map(|key| match model.get(key.into_column()) {
            Value::String(Some(text)) => text.clone(),
            other => other.to_string(),
        })
        .collect();
    format!("{} {}", E::default().table_name(), key.join("/"))
}

fn row<E: EntityTrait>(model: &E::Model) -> Row {
    E::Column::iter()
        .map(|column| (column.as_str(), model.get(column)))
        .collect()
}

/// Whether a value is a moment, so that its movement is worth a report of its own.
pub(crate) fn is_moment(value: &Value) -> bool {
    micros(value).is_some()
}
