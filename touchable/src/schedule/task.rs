//! Background tasks that somebody owns: they have a name, they end with their handle, and one bad turn does not end
//! them.

use std::{fmt, sync::Arc, time::Duration};

use tokio::{select, sync::watch, task::JoinHandle, time::sleep};

use super::caught;
#[cfg(feature = "feed")]
use super::longer;

/// Turns of background tasks that panicked, by `task`.
pub const PANICS: &str = "touchable_task_panics_total";

/// How long a task whose handle is gone may take to put away what it holds.
const GRACE: Duration = Duration::from_secs(5);

/// How much longer a wait may be, as a part of itself.
#[cfg(feature = "feed")]
const JITTER: f64 = 0.1;

/// The wait after a turn that panicked.
#[cfg(feature = "feed")]
const AFTER_PANIC: Duration = Duration::from_secs(1);

/// Something that goes on in the background for as long as this handle lives.
///
/// Dropping the handle ends the task at its next await. [`shutdown`](Self::shutdown) lets it finish what it has begun.
#[must_use = "the task ends when its handle is dropped"]
pub struct Task {
    name: Arc<str>,
    stage: watch::Sender<Stage>,
    running: Option<JoinHandle<()>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Running,
    /// Nothing new is begun.
    Finishing,
    /// The handle is gone.
    Gone,
}

impl Task {
    /// Runs `turn` again and again, each time after the wait that the turn before has returned, up to a tenth longer.
    #[cfg(feature = "feed")]
    pub(crate) fn repeat<F, T>(name: impl Into<Arc<str>>, mut turn: F) -> Self
    where
        F: FnMut(Stop) -> T + Send + 'static,
        T: Future<Output = Duration> + Send,
    {
        let name = name.into();
        let label = Arc::clone(&name);
        Self::spawn(name, async move |stop| {
            while !stop.is_requested() {
                let wait = match caught(turn(stop.clone())).await {
                    Ok(wait) => longer(wait, JITTER),
                    Err(message) => {
                        report(&label, &message);
                        AFTER_PANIC
                    }
                };
                if !wait.is_zero() {
                    stop.sleep(wait).await;
                }
            }
        })
    }

    /// Runs a future that ends when it is told to stop.
    pub(crate) fn spawn<F, T>(name: impl Into<Arc<str>>, body: F) -> Self
    where
        F: FnOnce(Stop) -> T,
        T: Future<Output = ()> + Send + 'static,
    {
        let name = name.into();
        let (stage, seen) = watch::channel(Stage::Running);
        let stop = Stop(seen);
        let body = caught(body(stop.clone()));
        let label = Arc::clone(&name);
        let running = tokio::spawn(async move {
            select! {
                done = body => if let Err(message) = done { report(&label, &message) },
                () = async { stop.gone().await; sleep(GRACE).await } => {}
            }
        });
        Self {
            name,
            stage,
            running: Some(running),
        }
    }

    /// What the task is called in logs.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.running.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Lets it finish what it has begun, and waits until it has ended.
    ///
    /// A future that is dropped before that ends the task at once.
    pub async fn shutdown(mut self) {
        self.enter(Stage::Finishing);
        if let Some(running) = &mut self.running {
            // A panic is reported where it happens.
            let _ = running.await;
        }
    }

    fn enter(&self, next: Stage) {
        self.stage.send_if_modified(|stage| {
            let later = next > *stage;
            *stage = next.max(*stage);
            later
        });
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.enter(Stage::Gone);
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("name", &self.name)
            .field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}

/// By which a task learns that it has to end.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<Stage>);

impl Stop {
    /// For work without a handle: it is never told, as long as what is returned with it lives.
    #[cfg(feature = "feed")]
    pub(crate) fn never() -> (impl Sized, Self) {
        let (stage, seen) = watch::channel(Stage::Running);
        (stage, Self(seen))
    }

    #[cfg(feature = "feed")]
    pub(crate) fn is_requested(&self) -> bool {
        *self.0.borrow() > Stage::Running
    }

    /// Until nothing new should be begun.
    pub(crate) async fn requested(&self) {
        self.reached(Stage::Finishing).await;
    }

    /// Until what has been begun should be left.
    pub(crate) async fn gone(&self) {
        self.reached(Stage::Gone).await;
    }

    /// Sleeps, unless it is time to end.
    #[cfg(feature = "feed")]
    pub(crate) async fn sleep(&self, wait: Duration) {
        select! {
            () = sleep(wait) => {}
            () = self.requested() => {}
        }
    }

    async fn reached(&self, stage: Stage) {
        // An error says that the handle is gone.
        let _ = self.0.clone().wait_for(|now| *now >= stage).await;
    }
}

/// Logs and counts a panic of something in the background.
pub(crate) fn report(task: &str, message: &str) {
    tracing::error!(task, message, "a background task panicked");
    metrics::counter!(PANICS, "task" => task.to_owned()).increment(1);
}

#[cfg(all(test, feature = "feed"))]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering::SeqCst},
        },
        time::Duration,
    };

    use tokio::{
        sync::{Notify, oneshot},
        time::{Instant, sleep},
    };

    use super::{GRACE, Task};

    fn counting(count: &Arc<AtomicUsize>, wait: Duration) -> Task {
        let count = Arc::clone(count);
        Task::repeat("count", move |_| {
            let turn = count.fetch_add(1, SeqCst);
            async move {
                assert!(turn != 1, "the second turn is a bad one");
                wait
            }
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_panics_is_not_the_last() {
        let count = Arc::new(AtomicUsize::new(0));
        let _task = counting(&count, Duration::from_secs(10));
        sleep(Duration::from_mins(1)).await;
        // At 0, at 10 and then, each time up to a tenth later, at 11, 21, 31, 41 and 51 seconds.
        assert!((6..=7).contains(&count.load(SeqCst)));
    }

    #[tokio::test(start_paused = true)]
    async fn shutdown_waits_for_what_has_begun() {
        let (begun, done) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        let (started, finished) = (Arc::clone(&begun), Arc::clone(&done));
        let task = Task::repeat("work", move |_| {
            started.notify_one();
            let finished = Arc::clone(&finished);
            async move {
                sleep(Duration::from_secs(30)).await;
                finished.fetch_add(1, SeqCst);
                Duration::ZERO
            }
        });
        begun.notified().await;
        task.shutdown().await;
        assert_eq!(done.load(SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_handle_takes_its_task_along() {
        let (told, heard) = oneshot::channel();
        let task = Task::spawn("listen", |stop| async move {
            stop.gone().await;
            let _ = told.send(());
        });
        drop(task);
        assert!(heard.await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_listen_ends_all_the_same() {
        let (held, released) = oneshot::channel::<()>();
        let task = Task::spawn("deaf", |_| async move {
            let _held = held;
            std::future::pending::<()>().await;
        });
        let begun = Instant::now();
        drop(task);
        assert!(released.await.is_err());
        assert!(begun.elapsed() >= GRACE);
    }
}
