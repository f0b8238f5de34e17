//! `tasks`: each belongs to an event and may have an owner, whom it outlives.

use sea_orm_migration::{
    prelude::*,
    schema::{boolean, integer, integer_null, pk_auto, string},
};

use crate::TouchSchema;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tasks = Table::create()
            .table("tasks")
            .col(pk_auto("id"))
            .col(integer("event_id"))
            .col(integer_null("owner_id"))
            .col(string("title"))
            .col(boolean("done").default(false))
            .col(manager.created_column("created_at"))
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
                    .to("users", "id")
                    .on_delete(ForeignKeyAction::SetNull),
            )
            .to_owned();
        manager.create_table(tasks).await?;
        manager.association_index("tasks", ["event_id"]).up().await?;
        manager.association_index("tasks", ["owner_id"]).up().await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("tasks").to_owned()).await
    }
}
