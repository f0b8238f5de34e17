//! Where messages wait while Redis is away: a table, written in the transaction of the change.

use std::{sync::Arc, time::Duration};

use sea_orm::{
    ConnectionTrait, DbErr,
    sea_query::{Asterisk, Expr, ExprTrait, Func, Order, Query},
};

use super::Stream;
use crate::{
    connection::OutboxMessage,
    error::{Result, feed::Failure},
    schedule::{Stop, Task},
};

const TABLE: &str = "touchable_outbox";

/// Messages of one statement.
const SLICE: u64 = 250;

/// A message in the table.
pub(super) struct Waiting<'a> {
    key: &'a str,
    payload: &'a str,
}

impl<'a> Waiting<'a> {
    pub(super) fn of(message: &'a OutboxMessage) -> Self {
        Self {
            key: &message.key,
            // It is JSON.
            payload: str::from_utf8(&message.payload).unwrap_or_default(),
        }
    }
}

/// What the table calls a stream: neither part holds a slash.
pub(super) fn name(stream: &Stream) -> String {
    format!("{}/{}", stream.feed.namespace, stream.name)
}

/// Writes messages in the transaction of the changes that they tell.
pub(super) async fn keep<C: ConnectionTrait>(db: &C, stream: &str, all: &[Waiting<'_>]) -> Result<(), DbErr> {
    for some in all.chunks(usize::try_from(SLICE).unwrap_or(1)) {
        let mut insert = Query::insert();
        insert
            .into_table(TABLE)
            .columns(["stream", "record_key", "payload"]);
        for waiting in some {
            insert.values_panic([stream.into(), waiting.key.into(), waiting.payload.into()]);
        }
        db.execute(&insert).await?;
    }
    Ok(())
}

/// Sends what has gathered in the outbox while Redis was away, made by [`Stream::drainer`].
///
/// Several at once may send a message twice, and lose none.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before `run`"]
pub struct Drainer<C> {
    stream: Stream,
    db: Arc<C>,
    interval: Duration,
}

impl Stream {
    /// Sends what has gathered in the outbox of a database. Give it a connection outside of transactions.
    pub fn drainer<C: ConnectionTrait + Send + Sync + 'static>(&self, db: C) -> Drainer<C> {
        Drainer {
            stream: self.clone(),
            db: Arc::new(db),
            interval: Duration::from_secs(5),
        }
    }
}

impl<C: ConnectionTrait + Send + Sync + 'static> Drainer<C> {
    /// How long it sleeps when the outbox is empty or Redis still away; five seconds by default.
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// How many messages wait.
    ///
    /// # Errors
    /// When the database refuses: `manager.feed_outbox().up()` of `touchable-migrations` creates the table.
    pub async fn waiting(&self) -> Result<u64> {
        let mut count = Query::select();
        count
            .expr(Func::count(Expr::col(Asterisk)))
            .from(TABLE)
            .and_where(Expr::col("stream").eq(name(&self.stream)));
        let row = self.db.query_one(&count).await?;
        let count: Option<i64> = row.map(|row| row.try_get_by_index(0)).transpose()?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }

    /// Sends all that waits, and returns how much that was.
    ///
    /// # Errors
    /// When Redis is away still, or the database refuses. What was not sent waits on.
    pub async fn drain(&self) -> Result<u64> {
        self.pass(None).await
    }

    /// Does so in the background.
    ///
    /// # Errors
    /// When the interval is below a millisecond.
    pub fn run(self) -> Result<Task> {
        if self.interval < Duration::from_millis(1) {
            return Err(Failure::Settings(format!(
                "the drainer of `{}` cannot look every {:?}",
                self.stream.name, self.interval
            ))
            .into());
        }
        let label = format!("drainer {}", self.stream.name);
        let drainer = Arc::new(self);
        Ok(Task::repeat(label, move |stop| {
            let drainer = Arc::clone(&drainer);
            async move {
                if let Err(error) = drainer.pass(Some(&stop)).await {
                    tracing::warn!(stream = drainer.stream.name(), %error, "the outbox has to wait");
                }
                drainer.interval
            }
        }))
    }

    async fn pass(&self, stop: Option<&Stop>) -> Result<u64> {
        let mut sent = 0;
        while !stop.is_some_and(Stop::is_requested) {
            let some = self.slice().await?;
            sent += some;
            if some < SLICE {
                break;
            }
        }
        Ok(sent)
    }

    /// Sends the oldest, then takes these very rows away: one with a lower number may be committed meanwhile.
    async fn slice(&self) -> Result<u64> {
        let mut oldest = Query::select();
        oldest
            .columns(["id", "record_key", "payload"])
            .from(TABLE)
            .and_where(Expr::col("stream").eq(name(&self.stream)))
            .order_by("id", Order::Asc)
            .limit(SLICE);
        let mut ids: Vec<i64> = Vec::new();
        let mut messages = Vec::new();
        for row in self.db.query_all(&oldest).await? {
            ids.push(row.try_get("", "id")?);
            messages.push(OutboxMessage {
                key: row.try_get("", "record_key")?,
                payload: row.try_get::<String>("", "payload")?.into_bytes(),
            });
        }
        if ids.is_empty() {
            return Ok(0);
        }
        self.stream.producer().queue_messages(&messages).await?;
        let count = ids.len() as u64;
        let mut delete = Query::delete();
        delete.from_table(TABLE).and_where(Expr::col("id").is_in(ids));
        self.db.execute(&delete).await?;
        Ok(count)
    }
}
