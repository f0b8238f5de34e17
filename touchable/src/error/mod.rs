//! One error for the whole library.

pub(crate) mod cache;
mod context;
mod convert;
mod display;
#[cfg(feature = "feed")]
pub(crate) mod feed;
#[cfg(feature = "lease")]
pub(crate) mod lease;
mod make;
mod near;
mod predicates;
mod problem;
#[cfg(feature = "reactive")]
pub(crate) mod reactive;
#[cfg(feature = "refresh")]
pub(crate) mod refresh;
mod trouble;

use sea_orm::DbErr;

pub use problem::{Fault, Problem};
pub(crate) use trouble::{Trouble, Troubled, is_read_only, is_refusal, rolls_back, trouble_of};

use self::cache::Failure;

/// A result with touchable's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, and with which entity, rule or key.
///
/// The hooks of an `ActiveModel` must return SeaORM's `DbErr`. What the database has said stays what it is there: the
/// driver's own error with its type and its code, so that `DbErr::sql_err` and layers that repeat transactions know it, and
/// the entity and the rules in its message. Everything else becomes `DbErr::Custom` with the same message.
/// `touchable::Error::from(db_err)` leads back.
///
/// # Example: what to do with a failed save
///
/// ```
/// # fn example(db_err: sea_orm::DbErr) {
/// let error = touchable::Error::from(db_err);
/// if error.is_retryable() {
///     // repeat the transaction, or let `TouchConnection::transaction_retrying` do it
/// } else if let Some(table) = error.table() {
///     eprintln!("`{table}` was not touched: {error}");
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Error(Kind);

#[derive(Debug)]
enum Kind {
    /// The database refused a statement that touchable did not add anything to.
    Database(DbErr),
    /// A touch failed of something that is no answer of the database.
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
    /// A name that somebody has typed and that nothing has.
    UnknownName(String),
    /// A condition of a repair that says nothing.
    BlankCondition {
        table: &'static str,
    },
    /// The schema of the database does not fit the rules.
    Check(Vec<Problem>),
    Bypass(String),
    /// A published row would change and not be published.
    Unpublished(String),
    Cache(Failure),
    #[cfg(feature = "lease")]
    Lease(lease::Failure),
    #[cfg(feature = "reactive")]
    Reactive(reactive::Failure),
    #[cfg(feature = "refresh")]
    Refresh(refresh::Failure),
    #[cfg(feature = "feed")]
    Feed(feed::Failure),
}

/// How the message of [`Error::is_after_commit`] begins, by which it is known again behind a `DbErr`.
const AFTER_COMMIT: &str = "the transaction is committed, but work after it failed: ";
/// The same for [`Error::is_bypass`].
const BYPASS: &str = "a write bypasses the touch rules of ";
/// The same for [`Error::is_unpublished`].
const UNPUBLISHED: &str = "a change would not be published: ";
