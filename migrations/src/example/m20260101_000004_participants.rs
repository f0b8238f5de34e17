//! `participants`: who takes part in which event, once each.

use sea_orm_migration::{
    prelude::*,
    schema::{integer, pk_auto},
};

use crate::TouchSchema;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let participants = Table::create()
            .table("participants")
            .col(pk_auto("id"))
            .col(integer("user_id"))
            .col(integer("event_id"))
            .col(manager.created_column("created_at"))
            .col(manager.touch_column("updated_at"))
            .foreign_key(
                ForeignKey::create()
                    .name("fk_participants_user")
                    .from("participants", "user_id")
                    .to("users", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .foreign_key(
                ForeignKey::create()
                    .name("fk_participants_event")
                    .from("participants", "event_id")
                    .to("events", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(participants).await?;
        manager
            .create_index(
                Index::create()
                    .name("participants_once_each")
                    .table("participants")
                    .col("user_id")
                    .col("event_id")
                    .unique()
                    .to_owned(),
            )
            .await?;
        manager
            .association_index("participants", ["user_id"])
            .up()
            .await?;
        manager.association_index("participants", ["event_id"]).up().await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("participants").to_owned())
            .await
    }
}
