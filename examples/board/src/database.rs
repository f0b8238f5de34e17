//! The connection on which a save and its touches are one.

use std::error::Error;

use sea_orm::ConnectOptions;
use sea_orm_migration::MigratorTrait;
use tempfile::TempDir;
use touchable::TouchConnection;

use crate::{entities, migration::Migrator};

/// The database, and the directory it is in when it is the board's own.
pub struct Database {
    pub connection: TouchConnection,
    _directory: Option<TempDir>,
}

impl Database {
    /// Opens the database, brings its tables up, and looks whether they can carry the rules.
    pub async fn open(url: Option<&str>) -> Result<Self, Box<dyn Error>> {
        let (url, directory) = match url {
            Some(url) => (url.to_owned(), None),
            None => {
                let directory = tempfile::tempdir()?;
                let file = directory.path().join("board.db");
                (format!("sqlite://{}?mode=rwc", file.display()), Some(directory))
            }
        };
        let mut options = ConnectOptions::new(url);
        options.sqlx_logging(false);
        let db = sea_orm::Database::connect(options).await?;
        Migrator::up(&db, None).await?;
        let graph = entities::graph();
        touchable::check(&db, &graph).await?;
        Ok(Self {
            connection: touchable::connect(db).watch(&graph).strict(),
            _directory: directory,
        })
    }
}
