//! Two databases of one schema: the one that is attacked, and the one on which the same is written without any hook.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{TimeDelta, Utc};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, Statement};
use touchable::{Clock, Stamp};
use touchable_tests::{Backend, World};

use crate::{
    history::Row,
    link::Link,
    player::is_spoiled,
    schema::Schema,
    state::{Name, State},
    turns::Turns,
};

/// How many writers can be at work at once.
const WRITERS: u32 = 6;

/// A place for histories of one schema.
#[derive(Debug)]
pub struct Bench {
    /// The kind of database.
    pub backend: Backend,
    /// The schema.
    pub schema: Schema,
    /// The connection of writers.
    db: Mutex<DatabaseConnection>,
    /// Whose turn it is.
    pub turns: Turns,
    /// What looks on.
    pub onlooker: DatabaseConnection,
    /// The control.
    pub twin: DatabaseConnection,
    /// The name of each row, by table and number.
    pub names: Vec<Vec<Name>>,
    worlds: [World; 2],
}

impl Bench {
    /// Creates both databases and their tables.
    ///
    /// # Errors
    ///
    /// When a database refuses a statement of the schema.
    pub async fn create(backend: Backend, schema: Schema) -> Result<Self, DbErr> {
        let worlds = [
            World::create(backend, Vec::new(), 2).await,
            World::create(backend, Vec::new(), 2).await,
        ];
        if backend == Backend::Postgres {
            // A deadlock is looked for after this time, a second by default.
            let here = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = ''25ms''', current_database()); END $$";
            worlds[0].db.execute_unprepared(here).await?;
        }
        let turns = Turns::default();
        let db = connect_writers(&worlds[0], &turns).await;
        let mut bench = Self {
            backend,
            schema,
            db: Mutex::new(db),
            turns,
            onlooker: connect(&worlds[0], 1).await,
            twin: connect(&worlds[1], 1).await,
            names: Vec::new(),
            worlds,
        };
        for db in [&bench.onlooker, &bench.twin] {
            bench.create_tables(db).await?;
        }
        bench.names = bench.name_rows().await?;
        bench.keep_seeds().await?;
        Ok(bench)
    }

    /// Takes both databases down.
    pub async fn destroy(self) {
        for db in [self.db(), self.onlooker, self.twin] {
            let _ = db.close().await;
        }
        for world in self.worlds {
            world.destroy().await;
        }
    }

    async fn create_tables(&self, db: &DatabaseConnection) -> Result<(), DbErr> {
        let dialect = db.get_database_backend();
        let tables = self
            .schema
            .tables
            .iter()
            .map(|table| table.entity.create(dialect));
        let all = (self.schema.before)(self.backend)
            .into_iter()
            .chain(tables)
            .chain((self.schema.after)(self.backend));
        for sql in all {
            db.execute_unprepared(&sql)
                .await
                .map_err(|error| DbErr::Custom(format!("{error}: {sql}")))?;
        }
        Ok(())
    }

    /// Every row that histories speak of is there for a moment, so that its key can be read back as text.
    async fn name_rows(&self) -> Result<Vec<Vec<Name>>, DbErr> {
        self.empty(&self.twin).await?;
        let link = Link::Plain(self.twin.clone());
        for (number, table) in self.schema.tables.iter().enumerate() {
            for row in 0..table.keys.len() {
                let note = format!("row {number}/{row}");
                let row = u8::try_from(row).expect("few rows");
                table.entity.seed(&link, table, row, &note).await?;
            }
        }
        let state = State::read(&self.schema, &self.twin).await?;
        let name = |number: usize, row: usize| {
            let note = format!("row {number}/{row}");
            let table = &self.schema.tables[number];
            let found = state.of(number).find(|(_, stored)| {
                stored.content[table.column("note")]
                    .as_deref()
                    .is_some_and(|text| text.trim_matches('\'') == note)
            });
            found.expect("the row that was inserted").0.clone()
        };
        let tables = self.schema.tables.iter().enumerate();
        Ok(tables
            .map(|(number, table)| (0..table.keys.len()).map(|row| name(number, row)).collect())
            .collect())
    }

    async fn empty(&self, db: &DatabaseConnection) -> Result<(), DbErr> {
        db.execute_unprepared(&self.emptying().join("; ")).await.map(drop)
    }

    fn emptying(&self) -> Vec<String> {
        let mut all = Vec::new();
        for table in self.schema.tables.iter().rev() {
            let name = self.quoted(table.name);
            // Trees and circles: nobody's child, so that rows can go in any order.
            let optional = table
                .columns
                .iter()
                .filter(|column| column.leads && column.values.iter().any(is_null));
            all.extend(
                optional.map(|column| format!("UPDATE {name} SET {} = NULL", self.quoted(column.name))),
            );
        }
        all.extend(
            self.schema
                .tables
                .iter()
                .rev()
                .map(|table| format!("DELETE FROM {}", self.quoted(table.name))),
        );
        all
    }

    fn quoted(&self, name: &str) -> String {
        match self.backend {
            Backend::MariaDb => format!("`{name}`"),
            _ => format!("\"{name}\""),
        }
    }

    /// The connection of writers.
    #[must_use]
    pub fn db(&self) -> DatabaseConnection {
        self.db.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gives the writers new connections: what a dropped future has left of the old ones is gone.
    pub async fn renew(&self) {
        // A driver that has lost its place waits for an answer that never comes.
        let _ = tokio::time::timeout(Duration::from_secs(1), self.db().close()).await;
        // What cannot be ended is no session any more.
        let _ = self
            .end_sessions(&self.sessions().await.unwrap_or_default())
            .await;
        let fresh = connect_writers(&self.worlds[0], &self.turns).await;
        *self.db.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
    }

    /// The server's sessions on the database that is attacked, but for the onlooker's own.
    async fn sessions(&self) -> Result<Vec<i64>, DbErr> {
        let sql = match self.backend {
            Backend::Sqlite => return Ok(Vec::new()),
            Backend::Postgres => {
                "SELECT pid::bigint FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            }
            Backend::MariaDb => {
                "SELECT CAST(id AS SIGNED) FROM information_schema.processlist WHERE db = DATABASE() AND id <> connection_id()"
            }
        };
        let statement = Statement::from_string(self.onlooker.get_database_backend(), sql);
        let rows = self.onlooker.query_all_raw(statement).await?;
        rows.iter().map(|row| row.try_get_by_index(0)).collect()
    }

    async fn end_sessions(&self, sessions: &[i64]) -> Result<(), DbErr> {
        for session in sessions {
            let sql = match self.backend {
                Backend::Postgres => format!("SELECT pg_terminate_backend({session})"),
                _ => format!("KILL {session}"),
            };
            self.onlooker.execute_unprepared(&sql).await?;
        }
        Ok(())
    }

    /// Keeps the rows of the start beside the tables.
    async fn keep_seeds(&self) -> Result<(), DbErr> {
        for db in [&self.onlooker, &self.twin] {
            self.empty(db).await?;
            let link = Link::Plain(db.clone());
            for table in &self.schema.tables {
                for row in 0..table.seeded {
                    let row = u8::try_from(row).expect("few rows");
                    table.entity.seed(&link, table, row, "seed").await?;
                }
                let (seed, name) = (
                    self.quoted(&format!("seed_{}", table.name)),
                    self.quoted(table.name),
                );
                db.execute_unprepared(&format!("CREATE TABLE {seed} AS SELECT * FROM {name}"))
                    .await?;
            }
        }
        Ok(())
    }

    /// Both databases as they are at the start of a history.
    ///
    /// # Errors
    ///
    /// When something of the last history is left that locks rows.
    pub async fn reset(&self) -> Result<(), DbErr> {
        if is_spoiled() {
            self.forget_notes().await?;
        }
        let copies = self.schema.tables.iter().map(|table| {
            let columns = table
                .columns
                .iter()
                .map(|column| column.name)
                .chain(table.keyed());
            let columns: Vec<_> = columns.map(|column| self.quoted(column)).collect();
            let columns = columns.join(", ");
            let (seed, name) = (
                self.quoted(&format!("seed_{}", table.name)),
                self.quoted(table.name),
            );
            format!("INSERT INTO {name} ({columns}) SELECT {columns} FROM {seed}")
        });
        let all: Vec<_> = self.emptying().into_iter().chain(copies).collect();
        let all = format!("BEGIN; {}; COMMIT", all.join("; "));
        for db in [&self.onlooker, &self.twin] {
            db.execute_unprepared(&all).await?;
        }
        Ok(())
    }

    /// Lets the library forget what saves have left that failed. It does so for a row that is saved without a change a
    /// minute later.
    async fn forget_notes(&self) -> Result<(), DbErr> {
        self.name_rows().await?;
        let link = Link::Plain(self.twin.clone());
        // Beyond every stamp that a history sets.
        let later = Stamp::from_micros((Utc::now() + TimeDelta::days(365 * 7)).timestamp_micros());
        Clock::manual(later)
            .scope(async {
                for (number, table) in (0..).zip(&self.schema.tables) {
                    for row in 0..table.keys.len() {
                        let row = Row(number, u8::try_from(row).expect("few rows"));
                        // What cannot be saved has left nothing.
                        let _ = table.entity.idle(&link, table, row).await;
                    }
                }
            })
            .await;
        Ok(())
    }

    /// What is committed now.
    ///
    /// # Errors
    ///
    /// When the database refuses.
    pub async fn state(&self) -> Result<State, DbErr> {
        State::read(&self.schema, &self.onlooker).await
    }

    /// The name of a row.
    #[must_use]
    pub fn name(&self, table: u8, row: u8) -> &Name {
        let rows = &self.names[table as usize % self.names.len()];
        &rows[row as usize % rows.len()]
    }

    /// Waits until no server process works for a client that has dropped its future.
    ///
    /// # Errors
    ///
    /// When the database refuses, or works on for a long time.
    pub async fn settle(&self) -> Result<(), DbErr> {
        let sql = match self.backend {
            Backend::Sqlite => {
                return self
                    .onlooker
                    .execute_unprepared("BEGIN IMMEDIATE; ROLLBACK")
                    .await
                    .map(drop);
            }
            Backend::Postgres => {
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()"
            }
            Backend::MariaDb => {
                "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() AND command <> 'Sleep' AND id <> connection_id()"
            }
        };
        for _ in 0..2_000 {
            let statement = Statement::from_string(self.onlooker.get_database_backend(), sql);
            let row = self.onlooker.query_one_raw(statement).await?;
            if row.map(|row| row.try_get_by_index::<i64>(0)).transpose()? == Some(0) {
                return Ok(());
            }
            // The server tells nobody: it has to be asked again.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let sql = match self.backend {
            Backend::Postgres => {
                "SELECT string_agg(state || ': ' || query, '; ') FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()"
            }
            _ => {
                "SELECT group_concat(command, ': ', info) FROM information_schema.processlist WHERE db = DATABASE() AND command <> 'Sleep' AND id <> connection_id()"
            }
        };
        let statement = Statement::from_string(self.onlooker.get_database_backend(), sql);
        let row = self.onlooker.query_one_raw(statement).await?;
        let open: Option<String> = row.map(|row| row.try_get_by_index(0)).transpose()?.flatten();
        let open = open.unwrap_or_default();
        Err(DbErr::Custom(format!(
            "a session of the history is still open: {open}"
        )))
    }
}

/// The connection of writers, who stop after each statement.
async fn connect_writers(world: &World, turns: &Turns) -> DatabaseConnection {
    let mut db = connect(world, WRITERS).await;
    turns.watch(&mut db);
    db
}

async fn connect(world: &World, connections: u32) -> DatabaseConnection {
    let mut options = ConnectOptions::new(world.url());
    options
        .max_connections(connections)
        .acquire_timeout(Duration::from_mins(1))
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "OFF")
                .busy_timeout(Duration::from_mins(1))
        });
    for _ in 0..200 {
        match Database::connect(options.clone()).await {
            Ok(db) => return db,
            // SQLite sets its journal without waiting for whoever has the file at that moment.
            Err(_) if world.backend == Backend::Sqlite => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("no connection to {}", world.url())
}

fn is_null(value: &sea_orm::Value) -> bool {
    *value == value.as_null()
}
