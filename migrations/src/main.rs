//! The command line of the example schema's migrator: `up`, `down`, `status`, `fresh`, …

use sea_orm_migration::{
    cli,
    sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr},
};
use touchable_migrations::example::Migrator;

#[tokio::main]
async fn main() {
    cli::run_cli_with_connection(Migrator, connect).await;
}

/// One connection: `fresh` switches SQLite's foreign keys off on one and drops tables on any.
async fn connect(mut options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    options.max_connections(1);
    Database::connect(options).await
}
