//! Statements of the library's own.

tokio::task_local! {
    static OURS: ();
}

/// Runs a future whose writes are the library's own.
pub(crate) async fn ours<F: Future>(future: F) -> F::Output {
    OURS.scope((), future).await
}

/// Whether this task sends a statement of the library's own.
pub(crate) fn is_ours() -> bool {
    OURS.try_with(|()| ()).is_ok()
}
