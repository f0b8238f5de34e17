//! Scopes in which saves touch nobody.

use std::ptr;

use crate::entity::{Schema, Touchable};

tokio::task_local! {
    static SCOPE: Suppression;
}

/// What may not be touched.
#[derive(Clone, Debug, Default)]
pub(crate) struct Suppression {
    all: bool,
    targets: Vec<&'static Schema>,
}

impl Suppression {
    /// The one of the scopes around us.
    pub(crate) fn current() -> Self {
        SCOPE.try_with(Clone::clone).unwrap_or_default()
    }

    /// Runs a future under this one, whatever scopes are around it.
    pub(crate) async fn hold<F: Future>(self, future: F) -> F::Output {
        SCOPE.scope(self, future).await
    }

    fn is_empty(&self) -> bool {
        !self.all && self.targets.is_empty()
    }

    fn covers(&self, schema: &Schema) -> bool {
        self.all || self.targets.iter().any(|target| ptr::eq(*target, schema))
    }
}

impl PartialEq for Suppression {
    fn eq(&self, other: &Self) -> bool {
        self.all == other.all
            && self.targets.len() == other.targets.len()
            && self
                .targets
                .iter()
                .all(|target| other.targets.iter().any(|known| ptr::eq(*target, *known)))
    }
}

/// Runs a future in which no save touches anything but its own row.
///
/// The scope holds across `.await`, nests, and does not reach tasks spawned inside it. It is the save that counts: what a
/// transaction's saves have set in motion outside of the scope is touched also when the commit is inside, and the other
/// way round.
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
    let mut scope = Suppression::current();
    scope.all = true;
    SCOPE.scope(scope, future).await
}

/// Runs a future in which no save touches rows of `E`, nor what lies behind them.
///
/// See [`no_touching`].
pub async fn no_touching_on<E: Touchable, F: Future>(future: F) -> F::Output {
    let mut scope = Suppression::current();
    scope.targets.push(E::schema());
    SCOPE.scope(scope, future).await
}

/// Whether rows of this entity may not be touched here.
pub(crate) fn is_suppressed(schema: &Schema) -> bool {
    SCOPE.try_with(|scope| scope.covers(schema)).unwrap_or_default()
}

/// Whether any rows may not be touched here.
pub(crate) fn is_suppressing() -> bool {
    SCOPE.try_with(|scope| !scope.is_empty()).unwrap_or_default()
}
