//! Work that waits for the outermost commit.

use std::{error::Error as StdError, fmt};

use futures_core::future::BoxFuture;
use sea_orm::{ConnectionTrait, DbErr};

use super::handshake::{Scope, ask};
use crate::error::{Error, Result};

/// Something to do once, after the commit.
pub(super) struct Work(Box<dyn FnOnce() -> BoxFuture<'static, Result<(), Failure>> + Send>);

type Failure = Box<dyn StdError + Send + Sync>;

impl Work {
    pub(super) fn new<F, E>(work: impl FnOnce() -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<Failure>,
    {
        Self(Box::new(move || {
            let work = work();
            Box::pin(async move { work.await.map_err(Into::into) })
        }))
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Work")
    }
}

/// Runs all work in the order in which it was registered, also when some of it fails.
pub(super) async fn run(all: Vec<Work>) -> Result<(), DbErr> {
    let mut failures = Vec::new();
    for work in all {
        if let Err(failure) = (work.0)().await {
            tracing::error!(%failure, "work after a commit failed");
            failures.push(failure.to_string());
        }
    }
    if failures.is_empty() {
        Ok(())
    } else {
        Err(Error::after_commit(failures.join("; ")).into())
    }
}

/// Runs `work` once the transaction that `db` belongs to has committed, at once when there is none.
///
/// Inside a savepoint it waits for the outermost commit; a rollback of the transaction, or of the savepoint, drops it.
/// Work runs in the order of its registration. When some of it fails the rest still runs, and the commit returns an
/// error that says so ([`Error::is_after_commit`]) although the transaction is committed: do not repeat it.
///
/// # Errors
/// When `db` is not one of ours ([`connect`](crate::connect)), since no commit could be waited for; outside a
/// transaction the error of the work.
///
/// # Example: tell somebody
///
/// ```no_run
/// # async fn tell() -> Result<(), std::io::Error> { Ok(()) }
/// # async fn run(tx: touchable::TouchTransaction) -> touchable::Result<()> {
/// touchable::after_commit(&tx, || tell()).await?;
/// # Ok(())
/// # }
/// ```
pub async fn after_commit<C, W, F, E>(db: &C, work: W) -> Result<()>
where
    C: ConnectionTrait,
    W: FnOnce() -> F + Send + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    match ask(db) {
        Some(Scope::Transaction(open)) => {
            open.register(Work::new(work));
            Ok(())
        }
        Some(Scope::Connection(_)) => Ok(run(vec![Work::new(work)]).await?),
        None => Err(Error::not_a_touch_connection()),
    }
}
