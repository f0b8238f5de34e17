//! Messages that wait for the commit: announced right before it, told right after.

use std::{collections::HashSet, fmt, sync::Arc};

use futures_core::future::BoxFuture;
use sea_orm::DatabaseTransaction;

use crate::Result;

/// A message, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Letter {
    pub(crate) key: String,
    pub(crate) payload: Vec<u8>,
}

/// Where messages go.
pub(crate) trait Outlet: fmt::Debug + Send + Sync {
    /// Two with one name are the same.
    fn name(&self) -> &str;

    /// Before the commit. Whether they have still to be told after it.
    fn announce<'a>(
        &'a self,
        transaction: &'a DatabaseTransaction,
        letters: &'a [Letter],
    ) -> BoxFuture<'a, Result<bool>>;

    /// After the commit. What fails here is told by others later.
    fn tell<'a>(&'a self, letters: &'a [Letter]) -> BoxFuture<'a, ()>;
}

/// The messages of a transaction, each once.
#[derive(Debug, Default)]
pub(super) struct Messages(Vec<Bundle>);

#[derive(Debug)]
struct Bundle {
    outlet: Arc<dyn Outlet>,
    letters: Vec<Letter>,
    seen: HashSet<Letter>,
}

impl Messages {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, outlet: Arc<dyn Outlet>, letter: Letter) {
        let place = self
            .0
            .iter()
            .position(|bundle| bundle.outlet.name() == outlet.name());
        let bundle = match place {
            Some(place) => &mut self.0[place],
            None => {
                self.0.push(Bundle {
                    outlet,
                    letters: Vec::new(),
                    seen: HashSet::new(),
                });
                let last = self.0.len() - 1;
                &mut self.0[last]
            }
        };
        if bundle.seen.insert(letter.clone()) {
            bundle.letters.push(letter);
        }
    }

    /// Takes over what a released savepoint has left.
    pub(super) fn absorb(&mut self, other: Self) {
        for bundle in other.0 {
            for letter in bundle.letters {
                self.add(Arc::clone(&bundle.outlet), letter);
            }
        }
    }

    /// Announces all; what remains has still to be told.
    pub(super) async fn announce(self, transaction: &DatabaseTransaction) -> Result<Self> {
        let mut remaining = Vec::new();
        for bundle in self.0 {
            if bundle.outlet.announce(transaction, &bundle.letters).await? {
                remaining.push(bundle);
            }
        }
        Ok(Self(remaining))
    }

    pub(super) async fn tell(self) {
        for bundle in self.0 {
            bundle.outlet.tell(&bundle.letters).await;
        }
    }
}
