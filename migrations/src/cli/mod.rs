//! The command line of a migrator that also repairs: SeaORM's commands, `touch` and `check`.
//!
//! An application's migrator has its own entities. Its `main` names them:
//!
//! ```no_run
//! # use touchable_migrations::example::{Migrator, graph};
//! use std::process::ExitCode;
//!
//! #[tokio::main]
//! async fn main() -> ExitCode {
//!     touchable_migrations::cli::run(Migrator, graph()).await // TouchGraph::of::<(event::Entity, task::Entity)>()
//! }
//! ```
//!
//! ```text
//! migrate touch events --where "city = 'Ulm'" --columns name --dry-run
//! migrate touch events --where "city = 'Ulm'" --columns name
//! migrate check --stale
//! ```
//!
//! Entities that are published need a connection with a producer: [`run_with_connection`]. A program with a command line of
//! its own takes [`Touch`] and [`Check`] as two of its commands.

mod check;
mod touch;

use std::{error::Error, process::ExitCode};

use clap::{Parser, Subcommand};
use sea_orm_cli::MigrateSubcommands;
use sea_orm_migration::{
    MigratorTraitSelf,
    cli::run_cli_with_connection,
    sea_orm::{ConnectOptions, Database, DbErr},
};
use touchable::{TouchConnection, TouchGraph};

pub use check::{Check, Checked};
pub use touch::{Touch, Touched};

/// The command line. Everything but `touch` and `check` is SeaORM's.
#[derive(Debug, Parser)]
struct Cli {
    /// Show debug messages
    #[arg(short = 'v', long, global = true)]
    verbose: bool,

    /// Database schema, on PostgreSQL
    #[arg(global = true, short = 's', long, env = "DATABASE_SCHEMA")]
    database_schema: Option<String>,

    /// Database URL
    #[arg(
        global = true,
        short = 'u',
        long,
        env = "DATABASE_URL",
        hide_env_values = true
    )]
    database_url: Option<String>,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Touch(Touch),
    Check(Check),
    #[command(flatten)]
    Migrate(MigrateSubcommands),
}

/// Does what the arguments of the process say, on one connection to the database that they or `DATABASE_URL` name.
///
/// The exit code is 1 when something fails, or when `check` finds something; a command line that is wrong ends the process
/// with 2.
pub async fn run(migrator: impl MigratorTraitSelf, graph: TouchGraph) -> ExitCode {
    run_with_connection(migrator, graph, async |options| {
        Database::connect(options).await.map(touchable::connect)
    })
    .await
}

/// The same with a connection of the application's own: one that publishes, or has other options.
///
/// ```no_run
/// # use touchable_migrations::example::{Migrator, graph};
/// # use sea_orm_migration::sea_orm::Database;
/// # async fn start() -> std::process::ExitCode {
/// touchable_migrations::cli::run_with_connection(Migrator, graph(), async |mut options| {
///     options.max_connections(1);
///     let db = Database::connect(options).await?;
///     Ok(touchable::connect(db)) // .publish(&producer)
/// })
/// .await
/// # }
/// ```
pub async fn run_with_connection<F>(
    migrator: impl MigratorTraitSelf,
    graph: TouchGraph,
    connect: F,
) -> ExitCode
where
    F: AsyncFnOnce(ConnectOptions) -> Result<TouchConnection, DbErr>,
{
    dotenvy::dotenv().ok();
    let cli = Cli::parse();
    let done = match &cli.command {
        Some(Command::Touch(touch)) => touched(touch, &cli, &graph, connect).await,
        Some(Command::Check(check)) => checked(check, &cli, &graph, connect).await,
        Some(Command::Migrate(_)) | None => {
            // It reads the arguments again, and ends the process with 1 when it fails.
            run_cli_with_connection(migrator, async |options| {
                Ok(connect(options).await?.inner().clone())
            })
            .await;
            Ok(true)
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn touched<F>(touch: &Touch, cli: &Cli, graph: &TouchGraph, connect: F) -> Result<bool, Box<dyn Error>>
where
    F: AsyncFnOnce(ConnectOptions) -> Result<TouchConnection, DbErr>,
{
    let db = connect(cli.options()?).await?;
    println!("{}", touch.run(&db, graph).await?);
    Ok(true)
}

async fn checked<F>(check: &Check, cli: &Cli, graph: &TouchGraph, connect: F) -> Result<bool, Box<dyn Error>>
where
    F: AsyncFnOnce(ConnectOptions) -> Result<TouchConnection, DbErr>,
{
    let db = connect(cli.options()?).await?;
    let checked = check.run(&db, graph).await?;
    print!("{checked}");
    Ok(checked.is_fine())
}

impl Cli {
    fn options(&self) -> Result<ConnectOptions, &'static str> {
        let url = self.database_url.as_deref();
        let url = url.ok_or("no database: give `--database-url` or set DATABASE_URL")?;
        let mut options = ConnectOptions::new(url);
        options.set_schema_search_path(self.database_schema.as_deref().unwrap_or("public"));
        options.sqlx_logging(self.verbose);
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }
}
