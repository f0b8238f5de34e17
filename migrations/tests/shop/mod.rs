//! A shop with rules of every shape: by fields, cascading, through two hops, with a condition, to columns of their own.
//!
//! ```text
//! suppliers ─name─► products ─any─► categories ─any─► notes, of which subject_type = 'category'
//! suppliers ─any, two hops────────► categories
//! products ─name─► offers,  ─price─► offers.priced_at      offers ─delete─► products
//! ```

use sea_orm::{ConnectionTrait, DatabaseConnection};
use sea_orm_migration::{
    SchemaManager,
    prelude::Table,
    schema::{integer, pk_auto, string},
    sea_query::Index,
};
use touchable::TouchGraph;
use touchable_migrations::TouchSchema;

pub mod category;
pub mod note;
pub mod offer;
pub mod product;
pub mod supplier;

pub fn graph() -> TouchGraph {
    TouchGraph::of::<(supplier::Entity,)>()
}

/// Every stamp, and the rows of `categories` without a zone, are from 2020.
pub async fn create(db: &DatabaseConnection) {
    let manager = SchemaManager::new(db);
    tables(&manager).await;
    for (table, columns) in [
        ("products", vec!["supplier_id"]),
        ("products", vec!["category_id"]),
        ("offers", vec!["region", "number"]),
        ("notes", vec!["subject_id"]),
    ] {
        manager.association_index(table, columns).up().await.unwrap();
    }
    for sql in [
        "INSERT INTO suppliers (id, name, city) VALUES (1, 'Acme', 'Ulm'), (2, 'Best', 'Bonn')",
        "INSERT INTO categories (id, name) VALUES (1, 'Tools'), (2, 'Toys')",
        "INSERT INTO products (region, number, supplier_id, category_id, name, price) VALUES \
         ('eu', 1, 1, 1, 'Saw', 5), ('eu', 2, 1, 1, 'Axe', 6), ('us', 1, 2, 2, 'Kite', 7)",
        "INSERT INTO offers (id, region, number, text) VALUES \
         (1, 'eu', 1, 'a'), (2, 'eu', 2, 'b'), (3, 'us', 1, 'c')",
        "INSERT INTO notes (id, subject_type, subject_id, text) VALUES \
         (1, 'category', 1, 'a'), (2, 'category', 2, 'b'), (3, 'photo', 1, 'c')",
    ] {
        run(db, sql).await;
    }
    for table in ["suppliers", "categories", "products", "offers", "notes"] {
        let naive = table == "categories";
        let stamp = stamp(db, "2020-01-01 00:00:00.000007", naive);
        run(db, &format!("UPDATE {table} SET updated_at = {stamp}")).await;
    }
    let stamp = stamp(db, "2020-01-01 00:00:00.000007", false);
    run(db, &format!("UPDATE offers SET priced_at = {stamp}")).await;
}

async fn tables(manager: &SchemaManager<'_>) {
    let table = |name: &'static str| Table::create().table(name).to_owned();
    let touch = || manager.touch_column("updated_at");
    let names = |name| table(name).col(pk_auto("id")).col(string("name")).to_owned();
    let tables = [
        names("suppliers").col(string("city")).col(touch()).to_owned(),
        names("categories"),
        table("products")
            .col(string("region"))
            .col(integer("number"))
            .primary_key(Index::create().col("region").col("number"))
            .col(integer("supplier_id"))
            .col(integer("category_id"))
            .col(string("name"))
            .col(integer("price"))
            .col(touch())
            .to_owned(),
        table("offers")
            .col(pk_auto("id"))
            .col(string("region"))
            .col(integer("number"))
            .col(string("text"))
            .col(manager.touch_column("priced_at"))
            .col(touch())
            .to_owned(),
        table("notes")
            .col(pk_auto("id"))
            .col(string("subject_type"))
            .col(integer("subject_id"))
            .col(string("text"))
            .col(touch())
            .to_owned(),
    ];
    for table in tables {
        manager.create_table(table).await.unwrap();
    }
    let naive = manager.touch_columns("categories").naive();
    naive.up().await.unwrap();
}

/// A time in UTC as this backend writes it.
pub fn stamp(db: &DatabaseConnection, time: &str, naive: bool) -> String {
    match db.get_database_backend() {
        sea_orm::DbBackend::Sqlite if !naive => format!("'{}+00:00'", time.replace(' ', "T")),
        sea_orm::DbBackend::Postgres if !naive => format!("'{time}+00'"),
        _ => format!("'{time}'"),
    }
}

pub async fn run(db: &DatabaseConnection, sql: &str) {
    db.execute_unprepared(sql).await.expect(sql);
}
