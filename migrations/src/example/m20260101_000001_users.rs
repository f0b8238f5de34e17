//! `users`: people, with names that others show and settings that nobody does.

use sea_orm_migration::{
    prelude::*,
    schema::{pk_auto, string},
};

use crate::TouchSchema;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let users = Table::create()
            .table("users")
            .col(pk_auto("id"))
            .col(string("first_name"))
            .col(string("last_name"))
            .col(string("time_zone"))
            .col(manager.created_column("created_at"))
            .col(manager.touch_column("updated_at"))
            .to_owned();
        manager.create_table(users).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("users").to_owned()).await
    }
}
