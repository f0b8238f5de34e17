//! Panics of the application's own code, as values.

use std::{
    any::Any,
    future::poll_fn,
    mem::forget,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

/// The output of a future, or the message with which it panicked.
///
/// What the future shares with others is seen by them as the panic left it, just as after a panic in a task of its own.
pub(crate) async fn caught<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => {
                let message = message(&*panic);
                // What it panicked with is the application's too.
                if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
                    forget(panic);
                }
                Poll::Ready(Err(message))
            }
        },
    )
    .await
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "(no message)".to_owned())
}
