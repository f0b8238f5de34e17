//! One error for the whole library.

use std::{convert::Infallible, error, fmt};

use sea_orm::DbErr;

use crate::{cache::Failure, check::Problem, touch::Schema};

/// A result with touchable's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, and with which entity, rule or key.
///
/// The hooks of an `ActiveModel` must return SeaORM's `DbErr`; there an `Error` becomes `DbErr::Custom` with the same
/// message, or the `DbErr` it only passed on.
#[derive(Debug)]
pub struct Error(Kind);

#[derive(Debug)]
enum Kind {
    /// The database refused a statement that touchable did not add anything to.
    Database(DbErr),
    Touch {
        table: String,
        rules: String,
        source: DbErr,
    },
    RecordNotFound {
        table: &'static str,
        key: String,
    },
    CoarseColumn {
        table: &'static str,
        column: &'static str,
    },
    Declaration {
        table: &'static str,
        association: &'static str,
        problem: String,
    },
    KeyNotSet {
        table: &'static str,
        column: &'static str,
    },
    /// The transaction is committed, work that waited for it failed.
    AfterCommit(String),
    NotATouchConnection,
    /// The schema of the database does not fit the rules.
    Check(Vec<Problem>),
    Bypass(String),
    /// A published row would change and nobody be told.
    Untold(String),
    Cache(Failure),
    #[cfg(feature = "lease")]
    Lease(crate::lease::Failure),
    #[cfg(feature = "feed")]
    Feed(crate::feed::Failure),
}

/// How the message of [`Error::is_after_commit`] begins, by which it is known again behind a `DbErr`.
const AFTER_COMMIT: &str = "the transaction is committed, but work after it failed: ";
/// The same for [`Error::is_bypass`].
const BYPASS: &str = "a write goes around the touch rules of ";
/// The same for [`Error::is_untold`].
const UNTOLD: &str = "nobody would be told of a change ";

impl Error {
    pub(crate) fn touch(table: impl Into<String>, rules: impl Into<String>, source: DbErr) -> Self {
        Self(Kind::Touch {
            table: table.into(),
            rules: rules.into(),
            source,
        })
    }

    pub(crate) fn record_not_found(table: &'static str, key: impl fmt::Display) -> Self {
        Self(Kind::RecordNotFound {
            table,
            key: key.to_string(),
        })
    }

    pub(crate) fn coarse_column(table: &'static str, column: &'static str) -> Self {
        Self(Kind::CoarseColumn { table, column })
    }

    pub(crate) fn declaration(
        table: &'static str,
        association: &'static str,
        problem: impl Into<String>,
    ) -> Self {
        Self(Kind::Declaration {
            table,
            association,
            problem: problem.into(),
        })
    }

    pub(crate) fn key_not_set(table: &'static str, column: &'static str) -> Self {
        Self(Kind::KeyNotSet { table, column })
    }

    pub(crate) const fn after_commit(failures: String) -> Self {
        Self(Kind::AfterCommit(failures))
    }

    pub(crate) const fn check(problems: Vec<Problem>) -> Self {
        Self(Kind::Check(problems))
    }

    pub(crate) const fn not_a_touch_connection() -> Self {
        Self(Kind::NotATouchConnection)
    }

    pub(crate) fn bypass(table: &str, rules: &str, statement: &str) -> Self {
        Self(Kind::Bypass(format!(
            "`{table}` ({rules}); use the ActiveModel, or `.touching()` for bulk writes: {statement}"
        )))
    }

    /// A write of `table` that could change rows of a published entity.
    pub(crate) fn untold(table: &str, published: &Schema) -> Self {
        let stream = published.feed.unwrap_or_default();
        let led = if table == published.name {
            String::new()
        } else {
            format!(", to which the rules of `{table}` lead")
        };
        Self(Kind::Untold(format!(
            "of `{}`{led}, which is published on the stream `{stream}`: write on \
             `touchable::connect(db).publish(&stream.producer())`, with the producer of `{stream}`, or in a transaction of it; \
             or on `touchable::connect(db).unpublished()`",
            published.name
        )))
    }

    /// An insert into a published entity whose key the database gives and does not return.
    pub(crate) fn untold_key(published: &Schema) -> Self {
        Self(Kind::Untold(format!(
            "of `{}`, since the database gives new rows a key and does not return it: set the primary key, or insert row by row \
             where the key is one number",
            published.name
        )))
    }

    pub(crate) const fn cache(failure: Failure) -> Self {
        Self(Kind::Cache(failure))
    }

    /// What went wrong around a cache, to be handed to everybody who waits for it.
    #[cfg(feature = "cache")]
    pub(crate) fn into_failure(self) -> Failure {
        match self.0 {
            Kind::Cache(failure) => failure,
            _ => Failure::Settings(self.to_string()),
        }
    }

    #[cfg(feature = "lease")]
    pub(crate) const fn lease(failure: crate::lease::Failure) -> Self {
        Self(Kind::Lease(failure))
    }

    #[cfg(feature = "feed")]
    pub(crate) const fn feed(failure: crate::feed::Failure) -> Self {
        Self(Kind::Feed(failure))
    }

    /// Redis did not take or give messages of a [feed](crate::feed), or cannot be reached.
    #[cfg(feature = "feed")]
    #[must_use]
    pub const fn is_feed(&self) -> bool {
        matches!(self.0, Kind::Feed(crate::feed::Failure::Redis { .. }))
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
        matches!(self.0, Kind::Feed(crate::feed::Failure::NotReplicated { .. }))
    }

    /// The handler of a consumer has failed, panicked, or did not end in time; it sees the batch again.
    #[cfg(feature = "feed")]
    #[must_use]
    pub const fn is_handler(&self) -> bool {
        matches!(self.0, Kind::Feed(crate::feed::Failure::Handler { .. }))
    }

    /// The offset of a consumer is not what the library has written there.
    #[cfg(feature = "feed")]
    #[must_use]
    pub const fn is_offset(&self) -> bool {
        matches!(self.0, Kind::Feed(crate::feed::Failure::Offset { .. }))
    }

    /// A [lease](crate::lease) is lost: it was not renewed in time, and another may hold it by now.
    #[cfg(feature = "lease")]
    #[must_use]
    pub const fn is_lease_lost(&self) -> bool {
        matches!(self.0, Kind::Lease(crate::lease::Failure::Lost { .. }))
    }

    /// The transaction is committed; work that waited for the commit failed. Do not repeat the transaction.
    ///
    /// `commit` returns a `DbErr`: `touchable::Error::from(db_err).is_after_commit()` tells.
    #[must_use]
    pub const fn is_after_commit(&self) -> bool {
        matches!(self.0, Kind::AfterCommit(_))
    }

    /// A write went around the rules of its table, on a strict connection.
    #[must_use]
    pub const fn is_bypass(&self) -> bool {
        matches!(self.0, Kind::Bypass(_))
    }

    /// A write that could change rows of a published entity, on a connection that would tell nobody.
    #[must_use]
    pub const fn is_untold(&self) -> bool {
        matches!(self.0, Kind::Untold(_))
    }

    /// The row to touch does not exist.
    #[must_use]
    pub const fn is_record_not_found(&self) -> bool {
        matches!(self.0, Kind::RecordNotFound { .. })
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

    /// The loader of a cache returned an error, which is the [`source`](error::Error::source) of this one, or it
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

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Database(source) => source.fmt(f),
            Kind::Touch { table, rules, source } => {
                write!(f, "could not touch `{table}` (rules: {rules}): {source}")
            }
            Kind::RecordNotFound { table, key } => {
                write!(f, "there is no row {key} in `{table}` to touch")
            }
            Kind::CoarseColumn { table, column } => write!(
                f,
                "the touch column `{table}.{column}` does not keep microseconds, so that two saves can leave the \
                 same stamp; give it a precision of six digits, for example with `touchable-migrations`"
            ),
            Kind::Declaration {
                table,
                association,
                problem,
            } => {
                write!(f, "the rule `{table}` -> `{association}` cannot work: {problem}")
            }
            Kind::KeyNotSet { table, column } => write!(
                f,
                "the primary key column `{column}` of `{table}` is not set, so there is no row to compare with"
            ),
            Kind::AfterCommit(failures) => write!(f, "{AFTER_COMMIT}{failures}"),
            Kind::NotATouchConnection => f.write_str(
                "nothing can wait for the commit of a plain connection; wrap it with `touchable::connect`",
            ),
            Kind::Check(problems) => {
                f.write_str("the schema of the database does not fit the touch rules")?;
                problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
            }
            Kind::Bypass(message) => write!(f, "{BYPASS}{message}"),
            Kind::Untold(message) => write!(f, "{UNTOLD}{message}"),
            Kind::Cache(failure) => failure.fmt(f),
            #[cfg(feature = "lease")]
            Kind::Lease(failure) => failure.fmt(f),
            #[cfg(feature = "feed")]
            Kind::Feed(failure) => failure.fmt(f),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match &self.0 {
            Kind::Cache(failure) => failure.source(),
            #[cfg(feature = "lease")]
            Kind::Lease(failure) => failure.source(),
            #[cfg(feature = "feed")]
            Kind::Feed(failure) => failure.source(),
            _ => self.db_err().map(|source| source as _),
        }
    }
}

impl From<DbErr> for Error {
    fn from(source: DbErr) -> Self {
        match &source {
            DbErr::Custom(message) if message.starts_with(AFTER_COMMIT) => {
                Self::after_commit(message[AFTER_COMMIT.len()..].to_owned())
            }
            DbErr::Custom(message) if message.starts_with(BYPASS) => {
                Self(Kind::Bypass(message[BYPASS.len()..].to_owned()))
            }
            DbErr::Custom(message) if message.starts_with(UNTOLD) => {
                Self(Kind::Untold(message[UNTOLD.len()..].to_owned()))
            }
            _ => Self(Kind::Database(source)),
        }
    }
}

impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl From<Error> for DbErr {
    fn from(error: Error) -> Self {
        match error.0 {
            Kind::Database(source) => source,
            _ => Self::Custom(error.to_string()),
        }
    }
}
