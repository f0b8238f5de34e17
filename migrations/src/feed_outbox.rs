//! The table of messages that wait for Redis.

use sea_orm_migration::{
    SchemaManager,
    sea_orm::{DbBackend, DbErr},
    sea_query::{ColumnDef, Index, Table},
};

const NAME: &str = "touchable_outbox";

/// The table in which the messages of a feed wait while Redis is away, see
/// [`TouchSchema::feed_outbox`](crate::TouchSchema::feed_outbox).
#[must_use = "nothing happens before `up` or `down`"]
#[derive(Clone)]
pub struct FeedOutbox<'a> {
    manager: &'a SchemaManager<'a>,
}

impl<'a> FeedOutbox<'a> {
    pub(crate) const fn new(manager: &'a SchemaManager<'a>) -> Self {
        Self { manager }
    }

    /// Creates the table and its index.
    ///
    /// # Errors
    ///
    /// What the database answers, for example when there is a table of this name.
    pub async fn up(self) -> Result<(), DbErr> {
        let table = Table::create()
            .table(NAME)
            .col(
                ColumnDef::new("id")
                    .big_integer()
                    .not_null()
                    .auto_increment()
                    .primary_key(),
            )
            .col(ColumnDef::new("stream").string_len(310).not_null())
            .col(ColumnDef::new("record_key").text().not_null())
            .col(payload(self.manager.get_database_backend()).not_null())
            .to_owned();
        self.manager.create_table(table).await?;
        let index = Index::create()
            .name("touchable_outbox_stream")
            .table(NAME)
            .col("stream")
            .col("id")
            .to_owned();
        self.manager.create_index(index).await
    }

    /// Drops the table, with all messages that wait.
    ///
    /// # Errors
    ///
    /// What the database answers, for example when there is no such table.
    pub async fn down(self) -> Result<(), DbErr> {
        self.manager
            .drop_table(Table::drop().table(NAME).to_owned())
            .await
    }
}

/// A `text` of MySQL would end at 64 KiB.
fn payload(backend: DbBackend) -> ColumnDef {
    let mut payload = ColumnDef::new("payload");
    match backend {
        DbBackend::MySql => payload.custom("longtext"),
        _ => payload.text(),
    };
    payload
}
