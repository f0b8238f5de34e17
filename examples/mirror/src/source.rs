//! The table that is mirrored.

use std::{collections::BTreeMap, path::Path};

use sea_orm::{ColumnTrait, ConnectOptions, Database, DatabaseConnection, DbErr, EntityTrait, QueryFilter};
use sea_orm_migration::{
    SchemaManager,
    prelude::Table,
    schema::{integer, pk_auto, string, text},
};
use touchable::{TouchConnection, cache::Versioned, feed::Stream};
use touchable_migrations::TouchSchema;

use crate::Failure;

pub mod product {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    /// Something for sale.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "products")]
    #[touchable(feed)]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub description: String,
        /// In cents.
        pub price: i32,
        pub updated_at: DateTimeUtc,
    }
}

/// A product as the index has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    pub name: String,
    pub description: String,
    pub price: i32,
    pub version: String,
}

pub type Products = BTreeMap<i32, Product>;

#[derive(Clone, Debug)]
pub struct Source {
    pub db: TouchConnection,
}

impl Source {
    /// Opens the table, and makes it when it is not there. Whatever is saved to it is told on the stream.
    pub async fn open(dir: &Path, stream: &Stream) -> Result<Self, Failure> {
        let db = sqlite(dir, "products.db").await?;
        let manager = SchemaManager::new(&db);
        let table = Table::create()
            .table("products")
            .if_not_exists()
            .col(pk_auto("id"))
            .col(string("name"))
            .col(text("description"))
            .col(integer("price"))
            .col(manager.touch_column("updated_at"))
            .to_owned();
        manager.create_table(table).await?;
        Ok(Self {
            db: touchable::connect(db).publish(&stream.producer()),
        })
    }

    pub async fn all(&self) -> Result<Products, Failure> {
        read(product::Entity::find().all(&self.db).await?)
    }

    /// Those that there still are.
    pub async fn find(&self, ids: impl IntoIterator<Item = i32>) -> Result<Products, Failure> {
        let some = product::Entity::find().filter(product::Column::Id.is_in(ids));
        read(some.all(&self.db).await?)
    }
}

fn read(rows: Vec<product::Model>) -> Result<Products, Failure> {
    let entry = |row: product::Model| {
        let version = row.cache_version()?.to_string();
        let product = Product {
            name: row.name,
            description: row.description,
            price: row.price,
            version,
        };
        Ok((row.id, product))
    };
    rows.into_iter().map(entry).collect()
}

/// A database in a file, which several processes read while one writes.
pub async fn sqlite(dir: &Path, file: &str) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", dir.join(file).display()));
    options
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| sqlite.pragma("journal_mode", "WAL"));
    Database::connect(options).await
}
