//! A record and everything its renderer reads, from one snapshot of the database.

use std::{error, fmt};

use sea_orm::{
    AccessMode, ConnectionTrait, DbBackend, DbErr, EntityTrait, IsolationLevel, Select, TransactionSession,
    TransactionTrait,
};

use super::{FragmentCache, Rendered};
use crate::{
    cache::{
        CacheKey, Text, Versioned,
        load::{LoadError, loader_failed},
        store::Store,
    },
    error::{Error, Result},
};

/// How often a fragment is begun anew because the record has moved between its lookup and its snapshot. Then it is
/// rendered and not stored.
const ATTEMPTS: usize = 5;

impl<S: Store> FragmentCache<S> {
    /// The fragment `name` of the record that a query finds, mostly `Entity::find_by_id(id)`; `None` when it finds none.
    ///
    /// On a miss the record is read again in a transaction of its own, which shows one snapshot of the database
    /// (`REPEATABLE READ` on PostgreSQL, MariaDB and MySQL; on SQLite every transaction does), and `render` reads
    /// everything else through it. So what is stored under a version is what the database held when the record had that
    /// version, whatever is committed meanwhile.
    ///
    /// [`fetch`](Self::fetch) cannot promise this: a renderer that loads tasks, is overtaken by a commit, and stores
    /// them under a version of the event that was read later, would show the old tasks until the event is touched
    /// again.
    ///
    /// The renderer has to read through the connection it is given, and nowhere else.
    ///
    /// # Errors
    /// When the database refuses, or `render` returns an error; nothing is stored then.
    pub async fn fetch_consistent<E, C, N, F, T>(
        &self,
        db: &C,
        select: Select<E>,
        name: N,
        render: F,
    ) -> Result<Option<Text>>
    where
        E: EntityTrait,
        E::Model: Versioned,
        C: ConnectionTrait + TransactionTrait,
        N: CacheKey,
        F: AsyncFnOnce(&C::Transaction, &E::Model) -> T,
        T: Rendered,
    {
        let mut render = Some(render);
        for _ in 0..ATTEMPTS {
            let Some(record) = select.clone().one(db).await? else {
                return Ok(None);
            };
            let key = self.key(&record, &name)?;
            let fetched = self
                .rendered(&key, async || {
                    let snapshot = snapshot(db).await?;
                    let stored = select.clone().one(&snapshot).await?;
                    let same = stored.filter(|stored| self.key(stored, &name).is_ok_and(|now| now == key));
                    let record = same.ok_or(Moved)?;
                    let render = render.take().ok_or(Moved)?;
                    render_in(snapshot, &record, render).await
                })
                .await;
            match fetched {
                Err(error) if is_moved(&error) => {}
                fetched => return fetched.map(Some),
            }
        }
        self.uncached(db, select, render).await
    }

    /// For a record that moves faster than it can be rendered: nobody would find its fragment again.
    async fn uncached<E, C, F, T>(&self, db: &C, select: Select<E>, render: Option<F>) -> Result<Option<Text>>
    where
        E: EntityTrait,
        E::Model: Versioned,
        C: ConnectionTrait + TransactionTrait,
        F: AsyncFnOnce(&C::Transaction, &E::Model) -> T,
        T: Rendered,
    {
        let snapshot = snapshot(db).await?;
        let (Some(record), Some(render)) = (select.one(&snapshot).await?, render) else {
            return Ok(None);
        };
        let rendered = render_in(snapshot, &record, render).await;
        let failed = |source| Ok(loader_failed(&record.cache_key()?, source).into());
        rendered.map(Some).or_else(|source| failed(source).and_then(Err))
    }
}

async fn render_in<X, M, T>(
    snapshot: X,
    record: &M,
    render: impl AsyncFnOnce(&X, &M) -> T,
) -> Result<Text, LoadError>
where
    X: TransactionSession,
    T: Rendered,
{
    let text = render(&snapshot, record).await.rendered()?;
    // There is nothing to commit.
    snapshot.rollback().await?;
    Ok(text)
}

/// A transaction that shows one state of the database from its first query on.
async fn snapshot<C: ConnectionTrait + TransactionTrait>(db: &C) -> Result<C::Transaction, DbErr> {
    match db.get_database_backend() {
        DbBackend::Sqlite => db.begin().await,
        _ => {
            db.begin_with_config(Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly))
                .await
        }
    }
}

/// Between its lookup and its snapshot the record got another version, or went.
#[derive(Debug)]
struct Moved;

impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the record was written to while its fragment was begun")
    }
}

impl error::Error for Moved {}

fn is_moved(error: &Error) -> bool {
    error::Error::source(error).is_some_and(<dyn error::Error>::is::<Moved>)
}
