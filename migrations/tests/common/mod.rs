//! A database of its own for every test, on every backend.

use std::{
    env, process,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend};

tokio::task_local! {
    static URL: String;
}

/// Where the database of the running test is, for a process of its own.
#[allow(dead_code, reason = "most tests need none")]
pub fn url() -> String {
    URL.get()
}

/// Runs a test on a new database and drops it afterwards, also when the test fails.
pub async fn on<F, Fut>(backend: DbBackend, test: F)
where
    F: FnOnce(DatabaseConnection) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    let fresh = Fresh::create(backend).await;
    let db = connect(&fresh.url).await;
    let outcome = tokio::spawn(URL.scope(fresh.url.clone(), test(db.clone()))).await;
    db.close().await.expect("close");
    fresh.remove().await;
    if let Err(failed) = outcome {
        std::panic::resume_unwind(failed.into_panic());
    }
}

struct Fresh {
    backend: DbBackend,
    name: String,
    url: String,
}

impl Fresh {
    async fn create(backend: DbBackend) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("migrations_{}_{}", process::id(), COUNT.fetch_add(1, Relaxed));
        let url = if backend == DbBackend::Sqlite {
            format!("sqlite://{}/{name}.db?mode=rwc", env::temp_dir().display())
        } else {
            let admin = admin(backend);
            let (server, _) = admin.rsplit_once('/').expect("a URL with a database");
            run(&admin, format!("CREATE DATABASE {name}")).await;
            format!("{server}/{name}")
        };
        Self { backend, name, url }
    }

    async fn remove(self) {
        let name = &self.name;
        match self.backend {
            DbBackend::Sqlite => {
                std::fs::remove_file(env::temp_dir().join(format!("{name}.db"))).expect("remove the file");
            }
            DbBackend::Postgres => {
                run(&admin(self.backend), format!("DROP DATABASE {name} WITH (FORCE)")).await;
            }
            _ => run(&admin(self.backend), format!("DROP DATABASE {name}")).await,
        }
    }
}

fn admin(backend: DbBackend) -> String {
    let variable = match backend {
        DbBackend::Postgres => "TOUCHABLE_POSTGRES_URL",
        _ => "TOUCHABLE_MYSQL_URL",
    };
    env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set; run the tests with `scripts/test`"))
}

async fn run(url: &str, sql: String) {
    let db = connect(url).await;
    db.execute_unprepared(&sql).await.expect(&sql);
    db.close().await.expect("close");
}

async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    // One, because `fresh` switches SQLite's foreign keys off on whichever connection it gets.
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.expect(url)
}

/// Declares each test for SQLite, PostgreSQL and MariaDB.
#[macro_export]
macro_rules! on_every_backend {
    ($($test:ident),* $(,)?) => {
        $crate::on_every_backend!(@ sqlite Sqlite $($test)*);
        $crate::on_every_backend!(@ postgres Postgres $($test)*);
        $crate::on_every_backend!(@ mariadb MySql $($test)*);
    };
    (@ $module:ident $backend:ident $($test:ident)*) => {
        mod $module {
            $(#[tokio::test]
            async fn $test() {
                $crate::common::on(sea_orm::DbBackend::$backend, super::$test).await;
            })*
        }
    };
}
