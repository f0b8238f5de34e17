//! The index: a full-text table of SQLite, and a note of who has written to it last.

use std::path::Path;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, QueryResult, Statement,
    TransactionTrait, Value,
};

use crate::{
    Failure,
    source::{Product, Products, sqlite},
};

const TABLES: &str = "
    CREATE VIRTUAL TABLE IF NOT EXISTS products USING fts5(name, description, price UNINDEXED, version UNINDEXED);
    CREATE TABLE IF NOT EXISTS state (only INTEGER PRIMARY KEY, token INTEGER, messages INTEGER, is_whole INTEGER);
    INSERT OR IGNORE INTO state VALUES (1, 0, 0, 0);
";

#[derive(Clone, Debug)]
pub struct Index {
    db: DatabaseConnection,
}

/// What a search finds.
pub struct Found {
    pub id: i32,
    pub product: Product,
}

/// Who writes, and how many messages it has written when that is done.
#[derive(Clone, Copy)]
pub struct Turn {
    pub token: u64,
    pub messages: usize,
}

impl Index {
    /// Opens the index, and makes an empty one when it is not there.
    pub async fn open(dir: &Path) -> Result<Self, Failure> {
        let db = sqlite(dir, "index.db").await?;
        db.execute_unprepared(TABLES).await?;
        Ok(Self { db })
    }

    /// Puts in these products, and takes out the others of these ids.
    pub async fn replace(&self, turn: Turn, ids: &[i32], products: &Products) -> Result<(), Failure> {
        let tx = self.db.begin().await?;
        claim(&tx, turn).await?;
        for id in ids {
            run(&tx, "DELETE FROM products WHERE rowid = ?", [(*id).into()]).await?;
        }
        insert(&tx, products).await?;
        Ok(tx.commit().await?)
    }

    /// Begins anew with these products.
    pub async fn fill(&self, turn: Turn, products: &Products) -> Result<(), Failure> {
        let tx = self.db.begin().await?;
        claim(&tx, turn).await?;
        run(&tx, "DELETE FROM products", []).await?;
        insert(&tx, products).await?;
        run(&tx, "UPDATE state SET is_whole = 1", []).await?;
        Ok(tx.commit().await?)
    }

    /// Whether it has ever been filled.
    pub async fn is_whole(&self) -> Result<bool, Failure> {
        self.state("is_whole").await.map(|whole| whole == 1)
    }

    /// How many messages have been written to it.
    pub async fn messages(&self) -> Result<i64, Failure> {
        self.state("messages").await
    }

    async fn state(&self, column: &str) -> Result<i64, Failure> {
        let row = self
            .db
            .query_one_raw(statement(&format!("SELECT {column} FROM state"), []))
            .await?;
        Ok(row.ok_or("the index has lost its state")?.try_get_by_index(0)?)
    }

    pub async fn all(&self) -> Result<Products, Failure> {
        let rows = self
            .db
            .query_all_raw(statement("SELECT rowid AS id, * FROM products", []))
            .await?;
        rows.iter()
            .map(|row| read(row).map(|found| (found.id, found.product)))
            .collect()
    }

    /// The ten that fit best.
    pub async fn search(&self, words: &[String]) -> Result<Vec<Found>, Failure> {
        let quoted: Vec<String> = words
            .iter()
            .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
            .collect();
        let sql = "SELECT rowid AS id, * FROM products WHERE products MATCH ? ORDER BY rank LIMIT 10";
        let rows = self
            .db
            .query_all_raw(statement(sql, [quoted.join(" ").into()]))
            .await?;
        rows.iter().map(read).collect()
    }
}

fn statement<const N: usize>(sql: &str, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
}

async fn run<const N: usize>(
    tx: &DatabaseTransaction,
    sql: &str,
    values: [Value; N],
) -> Result<u64, Failure> {
    Ok(tx.execute_raw(statement(sql, values)).await?.rows_affected())
}

/// Refuses who was replaced meanwhile: its successor may have written what is newer.
async fn claim(tx: &DatabaseTransaction, turn: Turn) -> Result<(), Failure> {
    let token = i64::try_from(turn.token)?;
    let messages = i64::try_from(turn.messages)?;
    let sql = "UPDATE state SET token = ?1, messages = messages + ?2 WHERE token <= ?1";
    if run(tx, sql, [token.into(), messages.into()]).await? == 1 {
        return Ok(());
    }
    Err(
        "another process has taken over the index, or the index is of another Redis; if so, delete index.db"
            .into(),
    )
}

async fn insert(tx: &DatabaseTransaction, products: &Products) -> Result<(), Failure> {
    let sql = "INSERT INTO products (rowid, name, description, price, version) VALUES (?, ?, ?, ?, ?)";
    for (id, product) in products {
        let Product {
            name,
            description,
            price,
            version,
        } = product.clone();
        run(
            tx,
            sql,
            [
                (*id).into(),
                name.into(),
                description.into(),
                price.into(),
                version.into(),
            ],
        )
        .await?;
    }
    Ok(())
}

fn read(row: &QueryResult) -> Result<Found, Failure> {
    Ok(Found {
        id: row.try_get("", "id")?,
        product: Product {
            name: row.try_get("", "name")?,
            description: row.try_get("", "description")?,
            price: row.try_get("", "price")?,
            version: row.try_get("", "version")?,
        },
    })
}
