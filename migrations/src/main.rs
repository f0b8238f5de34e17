//! The command line of the example schema's migrator: `up`, `down`, `status`, `fresh`, …, `touch` and `check`.

use std::process::ExitCode;

use sea_orm_migration::sea_orm::Database;
use touchable_migrations::{
    cli,
    example::{Migrator, graph},
};

/// One connection: `fresh` switches SQLite's foreign keys off on one and drops tables on any.
#[tokio::main]
async fn main() -> ExitCode {
    cli::run_with_connection(Migrator, graph(), async |mut options| {
        options.max_connections(1);
        Database::connect(options).await.map(touchable::connect)
    })
    .await
}
