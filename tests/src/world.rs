//! What a contract is given: a database with its tables, and eyes on both.

use std::{collections::BTreeSet, time::Duration};

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseConnection, DatabaseExecutor, DbBackend, EntityTrait,
    IdenStatic, IntoActiveModel, Iterable, PrimaryKeyToColumn, PrimaryKeyTrait, Statement,
};

use crate::{Backend, Moments, Statements, Table, backend::Private};

/// A private database with the tables of one family of entities.
#[derive(Debug)]
pub struct World {
    /// The kind of database.
    pub backend: Backend,
    /// The connection, or the pool.
    pub db: DatabaseConnection,
    /// What the connection sends.
    pub statements: Statements,
    tables: Vec<Table>,
    private: Private,
}

impl World {
    /// Creates a database. [`run`](crate::run) does it for a contract, and takes it down again.
    pub async fn create(backend: Backend, tables: Vec<Table>, connections: u32) -> Self {
        Self::within(Private::create(backend).await, tables, connections).await
    }

    /// On SQLite with the journal that readers roll back.
    pub(crate) async fn with_rollback_journal(tables: Vec<Table>, connections: u32) -> Self {
        Self::within(Private::with_rollback_journal(), tables, connections).await
    }

    async fn within(private: Private, tables: Vec<Table>, connections: u32) -> Self {
        let mut db = private.connect(connections).await;
        for table in &tables {
            table.create(&db).await;
        }
        let statements = Statements::of(&mut db);
        Self {
            backend: private.backend,
            db,
            statements,
            tables,
            private,
        }
    }

    /// Empties the tables, and counts keys from the beginning again.
    ///
    /// # Panics
    ///
    /// Panics when the database refuses.
    pub async fn clear(&self) {
        for table in self.tables.iter().rev() {
            let name = table.name;
            let sql = match self.backend {
                Backend::Postgres => format!("TRUNCATE \"{name}\" RESTART IDENTITY CASCADE"),
                Backend::MariaDb => format!("DELETE FROM `{name}`; ALTER TABLE `{name}` AUTO_INCREMENT = 1"),
                Backend::Sqlite => format!("DELETE FROM \"{name}\""),
            };
            for sql in sql.split("; ") {
                self.db.execute_unprepared(sql).await.expect("an empty table");
            }
        }
        if self.backend == Backend::Sqlite {
            // The table of sequences comes with the first of them.
            let _ = self.db.execute_unprepared("DELETE FROM sqlite_sequence").await;
        }
    }

    /// Takes the database down.
    pub async fn destroy(self) {
        let _ = self.db.close().await;
        self.private.destroy().await;
    }

    /// Another pool on the same database. SQLite's database in memory has no second one.
    pub async fn connect(&self, connections: u32) -> DatabaseConnection {
        assert!(
            self.backend != Backend::Sqlite || connections > 1,
            "a second database in memory"
        );
        self.private.connect(connections).await
    }

    /// Where another process finds this database. `SQLite`'s database in memory cannot be found.
    ///
    /// # Panics
    ///
    /// Panics when the database is in memory.
    #[must_use]
    pub fn url(&self) -> String {
        self.private.url()
    }

    /// Waits until the server has ended this session: it may still be at work for a client that is gone. A database in
    /// a file has no server.
    ///
    /// # Panics
    ///
    /// Panics when the session does not end.
    pub async fn is_rid_of(&self, session: i64) {
        let sql = match self.backend {
            Backend::Sqlite => return,
            Backend::Postgres => "SELECT count(*) FROM pg_stat_activity WHERE pid = ",
            Backend::MariaDb => "SELECT count(*) FROM information_schema.processlist WHERE id = ",
        };
        for _ in 0..10_000 {
            let sessions = Statement::from_string(self.dialect(), format!("{sql}{session}"));
            let row = self.db.query_one_raw(sessions).await.expect("the sessions");
            let count = row.and_then(|row| row.try_get_by_index::<i64>(0).ok());
            if count == Some(0) {
                return;
            }
            // The server has to be asked again and again; it tells nobody.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("a session that does not end");
    }

    /// Waits until a session waits for a lock of another's.
    ///
    /// # Panics
    ///
    /// Panics when nobody does so for a long time.
    pub async fn somebody_waits(&self) {
        for _ in 0..2_000 {
            // The server has to be asked again and again; it tells nobody.
            tokio::time::sleep(Duration::from_millis(5)).await;
            let waiting = match self.backend {
                Backend::MariaDb => self.waiting_in_innodb().await,
                _ => "SELECT count(*) FROM pg_stat_activity \
                     WHERE datname = current_database() AND wait_event_type = 'Lock'"
                    .to_owned(),
            };
            let waiting = Statement::from_string(self.dialect(), waiting);
            let row = self.db.query_one_raw(waiting).await.expect("the sessions");
            if row.and_then(|row| row.try_get_by_index::<i64>(0).ok()) > Some(0) {
                return;
            }
        }
        panic!("nobody waits");
    }

    /// Counts those sessions of this database that wait. MariaDB renews `innodb_trx` only when nobody has asked for a tenth of
    /// a second: tests that ask beside each other would never be told. Its report is always new.
    async fn waiting_in_innodb(&self) -> String {
        let status = Statement::from_string(self.dialect(), "SHOW ENGINE INNODB STATUS");
        let row = self.db.query_one_raw(status).await.expect("a report");
        let report = row.and_then(|row| row.try_get_by_index::<String>(2).ok());
        let report = report.expect("a text");
        let sessions = report
            .split("---TRANSACTION ")
            .filter(|transaction| transaction.contains("\nLOCK WAIT "))
            .filter_map(|transaction| {
                let (_, session) = transaction.split_once(" thread id ")?;
                session.split_once(',')?.0.parse::<u64>().ok()
            });
        let sessions: Vec<String> = sessions.map(|session| session.to_string()).collect();
        let sessions = if sessions.is_empty() {
            "0".to_owned()
        } else {
            sessions.join(", ")
        };
        format!(
            "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() AND id IN ({sessions})"
        )
    }

    /// Inserts rows without any hook, as they are.
    ///
    /// # Panics
    ///
    /// Panics when the database refuses them.
    pub async fn seed<A>(&self, rows: impl IntoIterator<Item = A>)
    where
        A: ActiveModelTrait,
    {
        let rows: Vec<A> = rows.into_iter().collect();
        // Well below the bind limit of every backend.
        for chunk in rows.chunks(500) {
            A::Entity::insert_many(chunk.to_vec())
                .exec_without_returning(&self.db)
                .await
                .expect("seeds that fit their tables");
        }
        self.skip_seeded_keys::<A::Entity>().await;
    }

    /// PostgreSQL does not count keys that were given: the next generated one has to lie above them.
    async fn skip_seeded_keys<E: EntityTrait>(&self) {
        if self.backend != Backend::Postgres || !E::PrimaryKey::auto_increment() {
            return;
        }
        let table = E::default().table_name();
        for key in E::PrimaryKey::iter() {
            let key = key.into_column();
            let key = key.as_str();
            let sql = format!(
                "SELECT setval(pg_get_serial_sequence('\"{table}\"', '{key}'), (SELECT max(\"{key}\") FROM \"{table}\"))"
            );
            self.db
                .execute_unprepared(&sql)
                .await
                .expect("a sequence behind a generated key");
        }
    }

    /// A row, loaded.
    ///
    /// # Panics
    ///
    /// Panics when there is none.
    pub async fn model<E: EntityTrait>(
        &self,
        key: impl Into<<E::PrimaryKey as PrimaryKeyTrait>::ValueType>,
    ) -> E::Model {
        let row = E::find_by_id(key).one(&self.db).await.expect("a readable table");
        row.expect("a row with this key")
    }

    /// A loaded row, ready to be changed.
    ///
    /// # Panics
    ///
    /// Panics when there is none.
    pub async fn active<E>(
        &self,
        key: impl Into<<E::PrimaryKey as PrimaryKeyTrait>::ValueType>,
    ) -> E::ActiveModel
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<E::ActiveModel>,
    {
        self.model::<E>(key).await.into_active_model()
    }

    /// What all tables hold now.
    pub async fn moments(&self) -> Moments {
        self.moments_in(&self.db).await
    }

    /// What all tables hold as a transaction sees them.
    pub async fn moments_in<'c>(&self, db: impl Into<DatabaseExecutor<'c>>) -> Moments {
        Moments::read(&self.tables, db.into()).await
    }

    /// Runs the future and asserts that exactly these rows moved, no others; see [`Moments::moved`] for the words.
    ///
    /// # Panics
    ///
    /// Panics when any other row moved, or one of these did not.
    #[track_caller]
    pub fn expect_moved<T>(
        &self,
        expected: &[&str],
        action: impl Future<Output = T>,
    ) -> impl Future<Output = T> {
        let caller = std::panic::Location::caller();
        async move {
            let before = self.moments().await;
            let output = action.await;
            let moved = before.moved(&self.moments().await);
            let expected: BTreeSet<String> = expected.iter().copied().map(str::to_owned).collect();
            let missing: Vec<_> = expected.difference(&moved).collect();
            let surplus: Vec<_> = moved.difference(&expected).collect();
            assert!(
                missing.is_empty() && surplus.is_empty(),
                "{caller}: should have moved: {missing:?}; should have stayed: {surplus:?}"
            );
            output
        }
    }

    /// Runs the future and returns the statements it sent.
    pub async fn sent<T>(&self, action: impl Future<Output = T>) -> Vec<String> {
        self.statements.during(action).await.0
    }

    /// Copies a row so many times, under keys that begin at `first`, without loading any.
    ///
    /// # Panics
    ///
    /// Panics when the database refuses the copies, or when there are more than 100,000.
    pub async fn multiply<E: EntityTrait>(&self, row: i32, first: i32, copies: i32) {
        assert!(copies <= 100_000, "five digits");
        let quote = if self.backend == Backend::MariaDb {
            '`'
        } else {
            '"'
        };
        let quoted = |name: &str| format!("{quote}{name}{quote}");
        let columns: Vec<String> = E::Column::iter().map(|column| quoted(column.as_str())).collect();
        let values: Vec<String> = columns
            .iter()
            .map(|column| match column.trim_matches(quote) {
                "id" => format!("{first} + n.n"),
                _ => format!("t.{column}"),
            })
            .collect();
        let digit = "SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 \
                     UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9";
        let sql = format!(
            "INSERT INTO {table} ({columns}) SELECT {values} FROM {table} t, \
             (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS n \
              FROM ({digit}) a, ({digit}) b, ({digit}) c, ({digit}) e, ({digit}) f) n \
             WHERE t.id = {row} AND n.n < {copies}",
            table = quoted(E::default().table_name()),
            columns = columns.join(", "),
            values = values.join(", "),
        );
        self.db.execute_unprepared(&sql).await.expect("copies of a row");
    }

    /// `SeaORM`'s name for the backend.
    #[must_use]
    pub fn dialect(&self) -> DbBackend {
        self.db.get_database_backend()
    }
}
