//! Near copies that go when the change feed names their records.

use std::{collections::HashSet, sync::Arc};

use futures_util::FutureExt;
use tokio::{
    select,
    task::{JoinError, spawn_blocking},
};

use super::{Changes, Tiered};
use crate::{
    cache::{
        key::{changed, naming},
        store::{Memory, Store, observe},
    },
    entity::Touchable,
    error::Result,
    feed::{Change, Id, News, Reader, Stream},
    schedule::{Stop, Task},
};

/// Records of one pass at most; what more there is waits in the stream.
const RECORDS: usize = 10_000;

impl<F: Store> Tiered<Memory, F> {
    /// Drops near copies when a stream says that their records have changed: those whose key names the record, with or
    /// without a version, alone or among others.
    ///
    /// ```no_run
    /// # mod task {
    /// #     use sea_orm::entity::prelude::*;
    /// #     #[sea_orm::model]
    /// #     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, touchable::Touchable)]
    /// #     #[sea_orm(table_name = "tasks")]
    /// #     pub struct Model {
    /// #         #[sea_orm(primary_key)]
    /// #         pub id: i32,
    /// #         pub updated_at: DateTimeUtc,
    /// #     }
    /// # }
    /// # async fn run() -> touchable::Result<()> {
    /// use touchable::{cache::store::{Memory, Redis, Tiered}, feed::Feed};
    ///
    /// let tasks = Feed::connect("redis://localhost").await?.stream("tasks").open().await?;
    /// let store = Tiered::new(Memory::new(), Redis::connect("redis://localhost").await?);
    /// let follower = store.follow::<task::Entity>(&tasks).await?;
    /// # follower.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Every message after the return counts; what the near store held before is dropped. So is all of it when messages
    /// were trimmed away unread, when one cannot be read, and when its id does not tell how the key of the record is
    /// spelled: where the primary key is neither an integer, text nor a UUID, and an id of another type than the column.
    /// Keys of more than [`MAX_KEY_BYTES`](crate::cache::key::MAX_KEY_BYTES) no longer show which records they name, and
    /// go with every change.
    ///
    /// The far store is left as it is: a message has to come after the change there, as it does after the work of
    /// [`bulk`](crate::feed::Producer::bulk). While Redis does not answer nothing is dropped, and a near copy can be as
    /// old as [`near_ttl`](Self::near_ttl).
    ///
    /// # Errors
    /// When Redis cannot be reached, or the near store's.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub async fn follow<E: Touchable>(&self, stream: &Stream) -> Result<Task> {
        let reader = stream.reader().start().await?;
        // It may be older than the position that the reader has taken.
        self.clear_near().await?;
        let follower = Follower {
            reader,
            stream: stream.name().to_owned(),
            entity: Followed {
                table: E::default().table_name().to_owned(),
                spell: changed::of::<E>,
            },
            near: self.near.clone(),
            changes: Arc::clone(&self.changes),
        };
        Ok(Task::spawn(format!("follower {}", stream.name()), |stop| {
            follower.run(stop)
        }))
    }
}

struct Follower {
    reader: Reader<Change>,
    stream: String,
    entity: Followed,
    near: Memory,
    changes: Arc<Changes>,
}

/// The entity whose copies are dropped.
struct Followed {
    table: String,
    /// The key of a record.
    spell: fn(&Id) -> Option<String>,
}

/// What a pass over the near store drops.
enum Doomed {
    /// The copies that may show these records.
    Of(HashSet<String>),
    All,
}

impl Follower {
    async fn run(mut self, stop: Stop) {
        loop {
            let news = select! {
                biased;
                () = stop.requested() => return,
                news = self.reader.next() => news,
            };
            let is_over = news.is_none();
            let doomed = news.map_or(Doomed::All, |news| self.gather(&news));
            match self.drop_copies(doomed).await {
                Ok(copies) => observe::evicted_by(&self.stream, copies),
                Err(error) => {
                    return tracing::error!(stream = self.stream, %error, "near copies are no longer dropped");
                }
            }
            if is_over {
                return tracing::error!(
                    stream = self.stream,
                    "near copies are no longer dropped: its reader has ended"
                );
            }
        }
    }

    /// What this message and those that wait behind it doom.
    fn gather(&mut self, first: &News<Change>) -> Doomed {
        let mut doomed = Doomed::Of(HashSet::new()).and(first, &self.entity);
        while doomed.has_room()
            && let Some(Some(news)) = self.reader.next().now_or_never()
        {
            doomed = doomed.and(&news, &self.entity);
        }
        doomed
    }

    /// Looks at every key, which can take a while, away from the threads that serve others.
    async fn drop_copies(&self, doomed: Doomed) -> Result<u64, JoinError> {
        let (near, changes) = (self.near.clone(), Arc::clone(&self.changes));
        spawn_blocking(move || {
            // A copy that is on its way is of a key that this pass does not see.
            changes.mark_all();
            near.remove_where(|key| doomed.includes(key))
        })
        .await
    }
}

impl Doomed {
    fn and(self, news: &News<Change>, entity: &Followed) -> Self {
        match (self, news) {
            (Self::Of(mut records), News::Batch(batch)) if batch.malformed().is_empty() => {
                for change in batch.iter().map(|message| &message.record) {
                    // Several entities can share a stream.
                    if change.table.as_ref().is_some_and(|table| *table != entity.table) {
                        continue;
                    }
                    let Some(record) = (entity.spell)(&change.id) else {
                        return Self::All;
                    };
                    records.insert(record);
                }
                Self::Of(records)
            }
            _ => Self::All,
        }
    }

    fn has_room(&self) -> bool {
        match self {
            Self::Of(records) => records.len() < RECORDS,
            Self::All => false,
        }
    }

    fn includes(&self, key: &str) -> bool {
        match self {
            Self::Of(records) => naming::may_name(key, records),
            Self::All => true,
        }
    }
}
