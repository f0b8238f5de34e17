//! Listening to spans and events on one thread, while other tests run on others.

use std::sync::Once;

use tracing::subscriber::{DefaultGuard, NoSubscriber, set_default, set_global_default};
use tracing_subscriber::{Layer, Registry, layer::SubscriberExt};

/// Shows a layer what happens on this thread, until the guard is dropped.
///
/// The process has a subscriber too, which looks away: were that of one thread the only one, a callsite that another
/// thread meets first would be taken for one that interests nobody, and stay so.
///
/// # Panics
///
/// Panics when somebody else has given the process a subscriber.
#[must_use]
pub fn listen(layer: impl Layer<Registry> + Send + Sync + 'static) -> DefaultGuard {
    static PROCESS: Once = Once::new();
    PROCESS.call_once(|| set_global_default(NoSubscriber::default()).expect("no other subscriber"));
    set_default(Registry::default().with(layer))
}
