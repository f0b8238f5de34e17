//! `events`: what tasks and participants belong to.

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
        let events = Table::create()
            .table("events")
            .col(pk_auto("id"))
            .col(string("name"))
            .col(string("location"))
            .col(string("goal"))
            .col(manager.created_column("created_at"))
            .col(manager.touch_column("updated_at"))
            .to_owned();
        manager.create_table(events).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("events").to_owned()).await
    }
}
