//! Who runs a save.

use std::thread::{self, ThreadId};

use tokio::task;

/// Who runs a save: its hooks and its statement are polled by one task, or, outside of tokio's tasks, mostly by one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runner {
    Task(task::Id),
    Thread(ThreadId),
}

impl Runner {
    pub(crate) fn current() -> Self {
        task::try_id().map_or_else(|| Self::Thread(thread::current().id()), Self::Task)
    }

    /// Whether this may be the other one: another runtime's task is seen on now this thread and now that.
    pub(crate) const fn may_be(self, other: Self) -> bool {
        matches!((self, other), (Self::Thread(_), Self::Thread(_)))
    }
}
