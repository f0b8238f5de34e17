//! The command line of the example schema's migrator: `up`, `down`, `status`, `fresh`, …

use sea_orm_migration::cli;
use touchable_migrations::example::Migrator;

#[tokio::main]
async fn main() {
    cli::run_cli(Migrator).await;
}
