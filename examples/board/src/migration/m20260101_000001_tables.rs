//! `owners`, `events`, `tasks`, with the touch columns and the indexes that their rules need.

use sea_orm_migration::{
    prelude::*,
    schema::{boolean, integer, integer_null, pk_auto, string, text},
};
use touchable_migrations::TouchSchema;

use crate::entities::{event, owner, task};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let owners = Table::create()
            .table("owners")
            .col(pk_auto("id"))
            .col(string("name"))
            .col(string("time_zone"))
            .col(manager.touch_column("updated_at"))
            .to_owned();
        let events = Table::create()
            .table("events")
            .col(pk_auto("id"))
            .col(string("name"))
            .col(string("location"))
            .col(manager.touch_column("updated_at"))
            .to_owned();
        manager.create_table(owners).await?;
        manager.create_table(events).await?;
        manager.create_table(tasks(manager)).await?;
        manager.touch_indexes::<event::Entity>().up().await?;
        manager.touch_indexes::<owner::Entity>().up().await?;
        manager.touch_indexes::<task::Entity>().up().await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["tasks", "events", "owners"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn tasks(manager: &SchemaManager) -> TableCreateStatement {
    Table::create()
        .table("tasks")
        .col(pk_auto("id"))
        .col(integer("event_id"))
        .col(integer_null("owner_id"))
        .col(string("title"))
        .col(boolean("done").default(false))
        .col(text("note"))
        .col(manager.touch_column("updated_at"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_tasks_event")
                .from("tasks", "event_id")
                .to("events", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .name("fk_tasks_owner")
                .from("tasks", "owner_id")
                .to("owners", "id")
                .on_delete(ForeignKeyAction::SetNull),
        )
        .to_owned()
}
