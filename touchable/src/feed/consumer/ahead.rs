//! Reading the next page while one is handled.

use tokio::task::{JoinSet, yield_now};

use crate::feed::{
    StreamId,
    tail::{Page, Tail},
};

/// A page on its way, in a task of its own: an answer of a thousand messages takes a while to be taken apart. Dropped, it
/// is not read any further.
pub(super) struct ReadAhead(JoinSet<(Tail, Option<Page>)>);

impl ReadAhead {
    pub(super) async fn begin(mut tail: Tail, after: StreamId, count: usize) -> Self {
        let mut task = JoinSet::new();
        task.spawn(async move {
            // What goes wrong comes up again with the next read.
            let page = tail.read(after, count).await.ok();
            (tail, page.filter(|page| !page.entries.is_empty()))
        });
        // What a task wakes waits for its thread: the page would be asked for when the one before is handled.
        yield_now().await;
        Self(task)
    }

    /// The page, if there is one, and who has read it, unless the runtime has ended the task.
    pub(super) async fn end(mut self) -> (Option<Tail>, Option<Page>) {
        match self.0.join_next().await {
            Some(Ok((tail, page))) => (Some(tail), page),
            _ => (None, None),
        }
    }
}
