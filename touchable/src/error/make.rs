//! The ways in which an error comes about.

use std::fmt;

use sea_orm::DbErr;

use super::{Error, Kind, Problem, cache::Failure, context::Context, near::did_you_mean};

impl Error {
    pub(crate) fn touch(table: impl Into<String>, rules: impl Into<String>, source: DbErr) -> Self {
        let (table, rules) = (table.into(), rules.into());
        match (Context { table, rules }).around(source) {
            Ok(named) => Self(Kind::Database(named)),
            Err((Context { table, rules }, source)) => Self(Kind::Touch { table, rules, source }),
        }
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

    pub(crate) fn unknown_backend(name: &str) -> Self {
        Self(Kind::Database(DbErr::Custom(format!(
            "touchable does not know the database `{name}`; it knows PostgreSQL, MySQL or MariaDB, and SQLite"
        ))))
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

    /// No `what` has this name: ``unknown table `evnts`: did you mean `events`?``
    pub(crate) fn unknown_name(what: impl fmt::Display, name: &str, right: &[&str]) -> Self {
        Self(Kind::UnknownName(format!(
            "unknown {what} `{name}`{}",
            did_you_mean(name, right)
        )))
    }

    pub(crate) const fn blank_condition(table: &'static str) -> Self {
        Self(Kind::BlankCondition { table })
    }

    pub(crate) fn bypass(table: &str, rules: &str, statement: &str) -> Self {
        Self(Kind::Bypass(format!(
            "`{table}` ({rules}); use the ActiveModel, or `.touching()` for bulk writes: {statement}"
        )))
    }

    /// A write of `table` that could change rows of the entity `published` on this stream.
    pub(crate) fn unpublished(table: &str, published: &str, stream: &str) -> Self {
        let led = if table == published {
            String::new()
        } else {
            format!(" and the rules of `{table}` lead to it")
        };
        Self(Kind::Unpublished(format!(
            "`{published}` is published on stream `{stream}`{led}, but this connection has no producer for it; \
             call `touchable::connect(db).publish(&stream.producer())` or `.unpublished()`"
        )))
    }

    /// An insert into a published entity whose key the database gives and does not return.
    pub(crate) fn unpublished_key(published: &str) -> Self {
        Self(Kind::Unpublished(format!(
            "the database gives new rows of `{published}` a key and does not return it: set the primary key, or insert row by \
             row where the key is one number"
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

    #[cfg(feature = "reactive")]
    pub(crate) const fn reactive(failure: super::reactive::Failure) -> Self {
        Self(Kind::Reactive(failure))
    }

    #[cfg(feature = "refresh")]
    pub(crate) const fn refresh(failure: super::refresh::Failure) -> Self {
        Self(Kind::Refresh(failure))
    }

    #[cfg(feature = "lease")]
    pub(crate) const fn lease(failure: super::lease::Failure) -> Self {
        Self(Kind::Lease(failure))
    }

    #[cfg(feature = "feed")]
    pub(crate) const fn feed(failure: super::feed::Failure) -> Self {
        Self(Kind::Feed(failure))
    }
}
