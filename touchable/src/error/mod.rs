//! One error for the whole library.

mod convert;
mod display;
mod make;
mod predicates;

use sea_orm::DbErr;

use crate::{cache::Failure, check::Problem};

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
