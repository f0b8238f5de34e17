//! Where a race takes place: a private database, and its one connection.

use std::{
    process,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::Duration,
};

use sea_orm::{
    ActiveModelTrait, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, EntityTrait,
    IntoActiveModel, Schema,
};

use crate::entities::{ours, plain};

/// The events of a lane, whoever runs on it. Planners treat a handful of rows differently.
const EVENTS: i32 = 100;

/// The first events, one for each of those who race at most: they have all the children that a figure asks for, and the others one
/// each.
const RACERS: i32 = 4;

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// In memory.
    Sqlite,
    /// The server of `TOUCHABLE_POSTGRES_URL`, in a schema of its own.
    Postgres,
    /// The same with `synchronous_commit = off`: what is left where the disk does not decide.
    PostgresAsync,
}

/// The databases of every figure.
#[must_use]
pub const fn lanes() -> [Lane; 3] {
    [Lane::Sqlite, Lane::Postgres, Lane::PostgresAsync]
}

impl Lane {
    /// What the lane is called in the name of a figure.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::PostgresAsync => "postgres-async",
        }
    }

    /// A connection to fresh tables with `EVENTS` events, each with so many tasks and comments. It has SeaORM's default
    /// settings, but for its number.
    ///
    /// # Panics
    ///
    /// Panics when there is no such database.
    pub async fn prepare(self, children: i32) -> DatabaseConnection {
        let db = self.connect().await;
        create::<ours::event::Entity>(&db).await;
        create::<ours::task::Entity>(&db).await;
        create::<ours::comment::Entity>(&db).await;
        let first = |event: i32| (event - 1) * children + 1;
        let keys = move |event: i32| first(event)..first(event) + children;
        let owners = (1..=RACERS).flat_map(move |event| keys(event).map(move |id| (id, event)));
        let others = (RACERS + 1..=EVENTS).map(move |event| (RACERS * children + event, event));
        let owned: Vec<_> = owners.chain(others).collect();
        seed(&db, (1..=EVENTS).map(plain::event::Model::loaded)).await;
        seed(
            &db,
            owned
                .iter()
                .map(|(id, event)| plain::task::Model::loaded(*id, *event)),
        )
        .await;
        seed(
            &db,
            owned
                .iter()
                .map(|(id, event)| plain::comment::Model::loaded(*id, *event)),
        )
        .await;
        if self != Self::Sqlite {
            run(&db, "ANALYZE").await;
        }
        db
    }

    async fn connect(self) -> DatabaseConnection {
        let mut options = match self {
            Self::Sqlite => ConnectOptions::new("sqlite::memory:"),
            Self::Postgres | Self::PostgresAsync => ConnectOptions::new(
                std::env::var("TOUCHABLE_POSTGRES_URL")
                    .expect("TOUCHABLE_POSTGRES_URL is not set: run scripts/bench, it brings up the server"),
            ),
        };
        options
            .max_connections(1)
            .min_connections(1)
            .acquire_timeout(Duration::from_mins(1))
            .idle_timeout(None)
            .max_lifetime(None)
            .sqlx_logging(false);
        let db = Database::connect(options).await.expect("a database");
        if self != Self::Sqlite {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let schema = format!("bench_{}_{}", process::id(), NEXT.fetch_add(1, Relaxed));
            run(&db, &format!("CREATE SCHEMA {schema}")).await;
            run(&db, &format!("SET search_path TO {schema}")).await;
        }
        if self == Self::PostgresAsync {
            run(&db, "SET synchronous_commit TO off").await;
        }
        db
    }

    /// Takes the tables away again.
    pub async fn clear(self, db: DatabaseConnection) {
        if self == Self::Postgres {
            run(
                &db,
                "DO $$ BEGIN EXECUTE 'DROP SCHEMA ' || current_schema() || ' CASCADE'; END $$",
            )
            .await;
        }
        let _ = db.close().await;
    }
}

async fn create<E: EntityTrait>(db: &DatabaseConnection) {
    let schema = Schema::new(db.get_database_backend());
    let mut table = schema.create_table_from_entity(E::default());
    db.execute(table.if_not_exists()).await.expect("a new table");
    for index in schema.create_index_from_entity(E::default()) {
        db.execute(&index).await.expect("a new index");
    }
}

async fn seed<M>(db: &DatabaseConnection, models: impl Iterator<Item = M>)
where
    M: IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel> + sea_orm::ModelTrait,
    <M::Entity as EntityTrait>::ActiveModel: ActiveModelTrait<Entity = M::Entity> + Send,
{
    let models: Vec<_> = models.map(IntoActiveModel::into_active_model).collect();
    for some in models.chunks(1_000) {
        M::Entity::insert_many(some.to_vec())
            .exec_without_returning(db)
            .await
            .expect("rows that fit");
    }
}

async fn run(db: &DatabaseConnection, sql: &str) {
    db.execute_unprepared(sql)
        .await
        .expect("a statement that is right");
}
