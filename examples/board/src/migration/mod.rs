//! The schema, and a few rows to begin with.

mod m20260101_000001_tables;
mod m20260101_000002_seed;

use sea_orm_migration::prelude::*;

/// The board's migrations, in their order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20260101_000001_tables::Migration),
            Box::new(m20260101_000002_seed::Migration),
        ]
    }
}
