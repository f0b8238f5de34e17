//! The databases a contract runs on, each test in a private one.

use std::{
    path::PathBuf,
    process,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// In memory with one connection, or a file when there are more.
    Sqlite,
    /// The server of `TOUCHABLE_POSTGRES_URL`.
    Postgres,
    /// The server of `TOUCHABLE_MYSQL_URL`.
    MariaDb,
}

/// A database that one test has to itself.
#[derive(Debug)]
pub(crate) struct Private {
    pub(crate) backend: Backend,
    name: String,
    /// SQLite's kind of journal.
    journal: &'static str,
}

impl Private {
    pub(crate) async fn create(backend: Backend) -> Self {
        let private = Self {
            backend,
            name: unique_name(),
            journal: "WAL",
        };
        private.administer("CREATE DATABASE").await;
        private
    }

    pub(crate) fn with_rollback_journal() -> Self {
        Self {
            backend: Backend::Sqlite,
            name: unique_name(),
            journal: "DELETE",
        }
    }

    pub(crate) async fn connect(&self, connections: u32) -> DatabaseConnection {
        let url = match self.backend {
            Backend::Sqlite if connections == 1 => "sqlite::memory:".to_owned(),
            _ => self.url(),
        };
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(connections)
            .min_connections(1)
            .acquire_timeout(Duration::from_mins(1))
            .sqlx_logging(false);
        if self.backend == Backend::Sqlite {
            // The one connection holds the database: it must neither idle out nor be replaced.
            options.idle_timeout(None).max_lifetime(None);
            let journal = self.journal;
            options.map_sqlx_sqlite_opts(move |sqlite| {
                sqlite
                    .pragma("journal_mode", journal)
                    .pragma("synchronous", "OFF")
                    .busy_timeout(Duration::from_mins(1))
            });
        }
        for _ in 0..100 {
            match Database::connect(options.clone()).await {
                // A file's first two connections both want to give it its journal, for which neither waits.
                Err(error) if self.backend == Backend::Sqlite && error.to_string().contains("locked") => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                db => return db.expect("a connection to the private database"),
            }
        }
        panic!("a private database that stays locked");
    }

    /// The server's, or the file's.
    pub(crate) fn url(&self) -> String {
        match self.backend {
            Backend::Sqlite => format!("sqlite://{}?mode=rwc", self.file().display()),
            server => with_database(&server.admin_url(), &self.name),
        }
    }

    pub(crate) async fn destroy(self) {
        if self.backend == Backend::Sqlite {
            for suffix in ["", "-wal", "-shm", "-journal"] {
                // In memory there is no such file.
                let _ = std::fs::remove_file(format!("{}{suffix}", self.file().display()));
            }
        } else {
            self.administer("DROP DATABASE").await;
        }
    }

    /// Creates or drops the database, on the server's administrative connection.
    async fn administer(&self, verb: &str) {
        if self.backend == Backend::Sqlite {
            return;
        }
        let mut options = ConnectOptions::new(self.backend.admin_url());
        options.max_connections(1).sqlx_logging(false);
        let server = Database::connect(options)
            .await
            .unwrap_or_else(|e| panic!("no {:?} server ({e}): run scripts/test", self.backend));
        let force = match (self.backend, verb) {
            // A connection that a test cut off may still be closing.
            (Backend::Postgres, "DROP DATABASE") => " WITH (FORCE)",
            _ => "",
        };
        server
            .execute_unprepared(&format!("{verb} {}{force}", self.name))
            .await
            .unwrap_or_else(|e| panic!("{verb} {}: {e}", self.name));
        let _ = server.close().await;
    }

    fn file(&self) -> PathBuf {
        std::env::temp_dir().join(format!("{}.sqlite", self.name))
    }
}

impl Backend {
    /// By the name that tests have.
    #[must_use]
    pub const fn sqlite() -> Self {
        Self::Sqlite
    }

    /// By the name that tests have.
    #[must_use]
    pub const fn postgres() -> Self {
        Self::Postgres
    }

    /// By the name that tests have.
    #[must_use]
    pub const fn mariadb() -> Self {
        Self::MariaDb
    }

    fn admin_url(self) -> String {
        let variable = match self {
            Self::Sqlite => unreachable!("SQLite needs no server"),
            Self::Postgres => "TOUCHABLE_POSTGRES_URL",
            Self::MariaDb => "TOUCHABLE_MYSQL_URL",
        };
        std::env::var(variable)
            .unwrap_or_else(|_| panic!("{variable} is not set: run scripts/test, it brings up the servers"))
    }
}

/// The administrative URL with another database in it.
fn with_database(admin: &str, name: &str) -> String {
    let (address, query) = match admin.split_once('?') {
        Some((address, query)) => (address, format!("?{query}")),
        None => (admin, String::new()),
    };
    let (scheme, rest) = address.split_once("://").expect("a URL with a scheme");
    let host = rest.split('/').next().unwrap_or(rest);
    format!("{scheme}://{host}/{name}{query}")
}

fn unique_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_nanos());
    format!(
        "touchable_{}_{}_{}",
        process::id(),
        NEXT.fetch_add(1, Relaxed),
        nanos % 1_000_000_000
    )
}
