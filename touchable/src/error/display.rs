//! What people read of an error.

use std::{error, fmt};

use super::{AFTER_COMMIT, BYPASS, Error, Kind, UNPUBLISHED};

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
            Kind::UnknownName(message) => f.write_str(message),
            Kind::BlankCondition { table } => write!(
                f,
                "the condition on the rows of `{table}` is blank; leave it out to mean every row"
            ),
            Kind::Check(problems) => {
                f.write_str("the schema of the database does not fit the touch rules")?;
                problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
            }
            Kind::Bypass(message) => write!(f, "{BYPASS}{message}"),
            Kind::Unpublished(message) => write!(f, "{UNPUBLISHED}{message}"),
            Kind::Cache(failure) => failure.fmt(f),
            #[cfg(feature = "lease")]
            Kind::Lease(failure) => failure.fmt(f),
            #[cfg(feature = "reactive")]
            Kind::Reactive(failure) => failure.fmt(f),
            #[cfg(feature = "refresh")]
            Kind::Refresh(failure) => failure.fmt(f),
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
            #[cfg(feature = "reactive")]
            Kind::Reactive(failure) => failure.source(),
            #[cfg(feature = "feed")]
            Kind::Feed(failure) => failure.source(),
            _ => self.db_err().map(|source| source as _),
        }
    }
}
