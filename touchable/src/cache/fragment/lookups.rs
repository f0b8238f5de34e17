//! Which fragments a piece of work has asked for.

use std::cell::RefCell;

/// A fragment that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Its whole key in the store, with the versions.
    pub key: String,
    /// Whether it was rendered for this; otherwise it was in the store, or somebody else was rendering it already.
    pub rendered: bool,
}

tokio::task_local! {
    static LOOKUPS: RefCell<Vec<Lookup>>;
}

/// Runs a future and says which fragments it asked for, in the order in which they became ready: the inner ones first.
///
/// For tests that promise what a page renders anew, and for a look behind a page. A task that the future spawns is not
/// seen, nor one that observes itself.
pub async fn observe<F: Future>(future: F) -> (F::Output, Vec<Lookup>) {
    LOOKUPS
        .scope(RefCell::default(), async {
            let output = future.await;
            (output, LOOKUPS.with(RefCell::take))
        })
        .await
}

/// Notes a fragment, if somebody observes.
pub(super) fn note(key: &str, rendered: bool) {
    let _ = LOOKUPS.try_with(|lookups| {
        lookups.borrow_mut().push(Lookup {
            key: key.to_owned(),
            rendered,
        });
    });
}
