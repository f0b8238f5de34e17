//! A database of a test's own on a server.

use std::env;

use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use tempfile::TempDir;

/// A new database; it goes when [`close`](Self::close) is called.
pub struct Own {
    server: DatabaseConnection,
    name: String,
    pub url: String,
}

impl Own {
    pub async fn postgres() -> Self {
        Self::on("TOUCHABLE_POSTGRES_URL").await
    }

    pub async fn mysql() -> Self {
        Self::on("TOUCHABLE_MYSQL_URL").await
    }

    async fn on(variable: &str) -> Self {
        let url = server(variable);
        let server = Database::connect(&url).await.unwrap();
        // Nothing but a name that nobody else has.
        let unique = TempDir::with_prefix("board_").unwrap();
        let name = unique
            .path()
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .to_lowercase();
        server
            .execute_unprepared(&format!("CREATE DATABASE {name}"))
            .await
            .unwrap();
        let (base, _) = url.rsplit_once('/').unwrap();
        let url = format!("{base}/{name}");
        Self { server, name, url }
    }

    /// After the nodes that use it have ended.
    pub async fn close(self) {
        let drop = format!("DROP DATABASE {}", self.name);
        self.server.execute_unprepared(&drop).await.unwrap();
    }
}

pub fn server(variable: &str) -> String {
    env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run scripts/test"))
}
