//! Stamps in the SQL of each backend: the column's type, the current time, the placeholder.

use sea_orm_migration::{
    SchemaManager,
    sea_orm::DbBackend,
    sea_query::{ColumnDef, Expr, IntoIden},
};

/// Whether the entity's type knows its time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    /// `DateTimeUtc`, `DateTimeWithTimeZone`.
    Utc,
    /// `DateTime`, in UTC by agreement.
    Naive,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct StampSql {
    backend: DbBackend,
    zone: Zone,
}

impl StampSql {
    pub(crate) fn new(manager: &SchemaManager<'_>, zone: Zone) -> Self {
        Self {
            backend: manager.get_database_backend(),
            zone,
        }
    }

    /// The column, with the current time as its default. For SQLite only in `CREATE TABLE`: what it adds to a table
    /// later must have a constant default.
    pub(crate) fn column(self, name: impl IntoIden) -> ColumnDef {
        self.typed(name).default(self.now()).to_owned()
    }

    /// The column, with the placeholder as its default.
    pub(crate) fn placeholder_column(self, name: impl IntoIden) -> ColumnDef {
        self.typed(name).default(self.placeholder()).to_owned()
    }

    fn typed(self, name: impl IntoIden) -> ColumnDef {
        let mut column = ColumnDef::new(name);
        match (self.backend, self.zone) {
            (DbBackend::MySql, _) => column.custom("datetime(6)"),
            (_, Zone::Utc) => column.timestamp_with_time_zone(),
            (_, Zone::Naive) => column.date_time(),
        };
        column.not_null().to_owned()
    }

    /// The current time.
    ///
    /// SQLite knows milliseconds only. The microseconds are fixed at `001`, because text with fewer digits, which is
    /// what SeaORM writes for a time that ends in zeros, would not sort.
    pub(crate) fn now(self) -> Expr {
        Expr::cust(match (self.backend, self.zone) {
            (DbBackend::MySql, _) => "(UTC_TIMESTAMP(6))",
            (DbBackend::Sqlite, Zone::Utc) => "(strftime('%Y-%m-%dT%H:%M:%f', 'now') || '001+00:00')",
            (DbBackend::Sqlite, Zone::Naive) => "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '001')",
            (_, Zone::Utc) => "CURRENT_TIMESTAMP",
            (_, Zone::Naive) => "(CURRENT_TIMESTAMP AT TIME ZONE 'UTC')",
        })
    }

    /// The stamp of a row that nobody has stamped yet: the first microsecond of the epoch, which no clock gives.
    pub(crate) fn placeholder(self) -> Expr {
        Expr::cust(match (self.backend, self.zone) {
            (DbBackend::MySql, _) | (_, Zone::Naive) => "'1970-01-01 00:00:00.000001'",
            (_, Zone::Utc) => "'1970-01-01T00:00:00.000001+00:00'",
        })
    }
}
