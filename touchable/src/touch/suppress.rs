//! Scopes in which saves touch nobody.

use std::ptr;

use super::Schema;
use crate::Touchable;

tokio::task_local! {
    static SCOPE: Scope;
}

#[derive(Clone, Debug, Default)]
struct Scope {
    all: bool,
    targets: Vec<&'static Schema>,
}

/// Runs a future in which no save touches anything but its own row.
///
/// The scope holds across `.await`, nests, and does not reach tasks spawned inside it.
///
/// # Example: an import that touches once, at its end
///
/// ```no_run
/// # async fn import() {}
/// # async fn run() {
/// touchable::no_touching(import()).await;
/// # }
/// ```
pub async fn no_touching<F: Future>(future: F) -> F::Output {
    let mut scope = current();
    scope.all = true;
    SCOPE.scope(scope, future).await
}

/// Runs a future in which no save touches rows of `E`, nor what lies behind them.
///
/// See [`no_touching`].
pub async fn no_touching_on<E: Touchable, F: Future>(future: F) -> F::Output {
    let mut scope = current();
    scope.targets.push(E::schema());
    SCOPE.scope(scope, future).await
}

fn current() -> Scope {
    SCOPE.try_with(Clone::clone).unwrap_or_default()
}

/// Whether rows of this entity may not be touched here.
pub(crate) fn is_suppressed(schema: &Schema) -> bool {
    SCOPE
        .try_with(|scope| scope.all || scope.targets.iter().any(|target| ptr::eq(*target, schema)))
        .unwrap_or_default()
}

/// Whether any rows may not be touched here.
pub(crate) fn is_suppressing() -> bool {
    SCOPE.try_with(|_| ()).is_ok()
}
