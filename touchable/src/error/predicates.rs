//! What callers ask of an error.

use sea_orm::DbErr;

use super::{
    Error, Kind, Problem,
    cache::Failure,
    context::Context,
    trouble::{Trouble, Troubled},
};

impl Error {
    /// Redis did not take or give messages of a [feed](crate::feed), or cannot be reached.
    #[cfg(feature = "feed")]
    #[must_use]
    pub const fn is_feed(&self) -> bool {
        matches!(self.0, Kind::Feed(super::feed::Failure::Redis { .. }))
    }

    /// What a feed's [outbox](crate::feed::Producer::outbox) is for.
    #[cfg(feature = "feed")]
    pub(crate) const fn is_unavailable(&self) -> bool {
        self.is_feed() || self.is_not_replicated()
    }

    /// Too few replicas had a delay message in time.
    #[cfg(feature = "feed")]
    #[must_use]
    pub const fn is_not_replicated(&self) -> bool {
        matches!(self.0, Kind::Feed(super::feed::Failure::NotReplicated { .. }))
    }

    /// The handler of a consumer has failed, panicked, or did not end in time; it sees the batch again.
    #[cfg(feature = "feed")]
    #[must_use]
    pub const fn is_handler(&self) -> bool {
        matches!(self.0, Kind::Feed(super::feed::Failure::Handler { .. }))
    }

    /// The offset of a consumer is not what the library has written there.
    #[cfg(feature = "feed")]
    #[must_use]
    pub const fn is_offset(&self) -> bool {
        matches!(self.0, Kind::Feed(super::feed::Failure::Offset { .. }))
    }

    /// The schedule of a [reactive](crate::reactive) cache cannot be reached, or did not do as it was told.
    #[cfg(feature = "reactive")]
    #[must_use]
    pub const fn is_schedule(&self) -> bool {
        matches!(self.0, Kind::Reactive(super::reactive::Failure::Schedule { .. }))
    }

    /// An [auto-refresh cache](crate::refresh) has no room for another item, and refuses it.
    #[cfg(feature = "refresh")]
    #[must_use]
    pub const fn is_full(&self) -> bool {
        matches!(self.0, Kind::Refresh(super::refresh::Failure::Full { .. }))
    }

    /// An [auto-refresh cache](crate::refresh) has no such item, or not any more.
    #[cfg(feature = "refresh")]
    #[must_use]
    pub const fn is_item_missing(&self) -> bool {
        matches!(self.0, Kind::Refresh(super::refresh::Failure::Missing { .. }))
    }

    /// An item of an [auto-refresh cache](crate::refresh) did not become what was waited for in time.
    #[cfg(feature = "refresh")]
    #[must_use]
    pub const fn is_not_in_time(&self) -> bool {
        matches!(self.0, Kind::Refresh(super::refresh::Failure::NotInTime { .. }))
    }

    /// An item of an [auto-refresh cache](crate::refresh) was given up, so that waiting for it is in vain.
    #[cfg(feature = "refresh")]
    #[must_use]
    pub const fn is_given_up(&self) -> bool {
        matches!(self.0, Kind::Refresh(super::refresh::Failure::GivenUp { .. }))
    }

    /// An item of an [auto-refresh cache](crate::refresh) is terminal, and not what was waited for.
    #[cfg(feature = "refresh")]
    #[must_use]
    pub const fn is_item_terminal(&self) -> bool {
        matches!(self.0, Kind::Refresh(super::refresh::Failure::Finished { .. }))
    }

    /// An [auto-refresh cache](crate::refresh) was shut down.
    #[cfg(feature = "refresh")]
    #[must_use]
    pub const fn is_shut_down(&self) -> bool {
        matches!(self.0, Kind::Refresh(super::refresh::Failure::ShutDown { .. }))
    }

    /// A [lease](crate::lease) is lost: it was not renewed in time, and another may hold it by now.
    #[cfg(feature = "lease")]
    #[must_use]
    pub const fn is_lease_lost(&self) -> bool {
        matches!(self.0, Kind::Lease(super::lease::Failure::Lost { .. }))
    }

    /// The database has chosen this transaction as a deadlock's victim: repeat it.
    ///
    /// It goes by the code of the driver's error (PostgreSQL's 40P01, MySQL's 1213), never by words, which servers translate.
    /// [`is_retryable`](Self::is_retryable) holds too.
    #[must_use]
    pub fn is_deadlock(&self) -> bool {
        self.trouble() == Some(Trouble::Deadlock)
    }

    /// The same transaction may well succeed when it is repeated: a deadlock, a serialization failure, a lock that was not
    /// had in time, or a busy `SQLite` database.
    ///
    /// By code: PostgreSQL's 40P01, 40001 and 55P03; MySQL's and `MariaDB`'s 1213, 1205, 1020 and 3572; `SQLite`'s 5 and 6 with
    /// their extensions, 517 among them. Of a plain `DbErr`: `touchable::Error::from(db_err).is_retryable()`.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.trouble().is_some()
    }

    /// The table whose rows could not be touched.
    #[must_use]
    pub fn table(&self) -> Option<&str> {
        match &self.0 {
            Kind::Database(source) => Context::of(source).map(|context| context.table.as_str()),
            Kind::Touch { table, .. } => Some(table),
            _ => None,
        }
    }

    /// The rules that led to the touch that failed.
    #[must_use]
    pub fn rules(&self) -> Option<&str> {
        match &self.0 {
            Kind::Database(source) => Context::of(source).map(|context| context.rules.as_str()),
            Kind::Touch { rules, .. } => Some(rules),
            _ => None,
        }
    }

    /// The transaction is committed; work that waited for the commit failed. Do not repeat the transaction.
    ///
    /// `commit` returns a `DbErr`: `touchable::Error::from(db_err).is_after_commit()` tells.
    #[must_use]
    pub const fn is_after_commit(&self) -> bool {
        matches!(self.0, Kind::AfterCommit(_))
    }

    /// A write bypassed the rules of its table, on a strict connection.
    #[must_use]
    pub const fn is_bypass(&self) -> bool {
        matches!(self.0, Kind::Bypass(_))
    }

    /// A write that could change rows of a published entity, on a connection that has no producer for it.
    #[must_use]
    pub const fn is_unpublished(&self) -> bool {
        matches!(self.0, Kind::Unpublished(_))
    }

    /// The row to touch does not exist.
    #[must_use]
    pub const fn is_record_not_found(&self) -> bool {
        matches!(self.0, Kind::RecordNotFound { .. })
    }

    /// A table or a column that was asked for by its name does not exist; the message has the nearest one.
    #[must_use]
    pub const fn is_unknown_name(&self) -> bool {
        matches!(self.0, Kind::UnknownName(_))
    }

    /// A touch column keeps fewer than six digits of a second.
    #[must_use]
    pub const fn is_coarse_column(&self) -> bool {
        matches!(self.0, Kind::CoarseColumn { .. })
    }

    /// A rule does not fit the tables it speaks of.
    #[must_use]
    pub const fn is_declaration(&self) -> bool {
        matches!(self.0, Kind::Declaration { .. })
    }

    /// A primary key column was `NotSet` where a stored row is meant.
    #[must_use]
    pub const fn is_key_not_set(&self) -> bool {
        matches!(self.0, Kind::KeyNotSet { .. })
    }

    /// Nothing can be cached under a key: it is blank, or of a record that has [no version](Self::is_no_version).
    #[must_use]
    pub const fn is_invalid_key(&self) -> bool {
        matches!(self.0, Kind::Cache(Failure::Key(_)))
    }

    /// A record without a version: it was never saved, or its touch column was not selected.
    #[must_use]
    pub const fn is_no_version(&self) -> bool {
        matches!(self.0, Kind::Cache(Failure::NoVersion { .. }))
    }

    /// A time to live of zero, a negative one, or one of more than a hundred years.
    #[must_use]
    pub const fn is_invalid_ttl(&self) -> bool {
        matches!(self.0, Kind::Cache(Failure::Ttl(_)))
    }

    /// The store behind a cache failed.
    #[must_use]
    pub const fn is_store(&self) -> bool {
        matches!(self.0, Kind::Cache(Failure::Store { .. }))
    }

    /// The loader of a cache returned an error, which is the [`source`](std::error::Error::source) of this one, or it
    /// panicked.
    #[must_use]
    pub const fn is_loader(&self) -> bool {
        matches!(
            self.0,
            Kind::Cache(Failure::Loader { .. } | Failure::Panic { .. })
        )
    }

    /// A value that the format of the cache cannot hold.
    #[must_use]
    pub const fn is_invalid_value(&self) -> bool {
        matches!(self.0, Kind::Cache(Failure::Value { .. }))
    }

    /// What [`check`](crate::check()) has found; empty for every other error.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        match &self.0 {
            Kind::Check(problems) => problems,
            _ => &[],
        }
    }

    /// The database's own error, where there is one: a deadlock or a lost connection can be told from it.
    #[must_use]
    pub const fn db_err(&self) -> Option<&DbErr> {
        match &self.0 {
            Kind::Database(source) | Kind::Touch { source, .. } => Some(source),
            _ => None,
        }
    }
}
