//! Messages that wait for the commit: announced right before it, told right after.

use std::{collections::HashSet, fmt, sync::Arc};

use futures_core::future::BoxFuture;
use sea_orm::{DatabaseTransaction, Value};

use super::publisher::Publisher;
use crate::{
    error::Result,
    touch::{Moved, finish},
};

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

    /// The stream, as entities name it.
    fn stream(&self) -> &str;

    /// What to say of a row that changes.
    fn letter(&self, table: &'static str, key: &[Value]) -> Result<Letter>;

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
pub(crate) struct Messages(Vec<Bundle>);

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

    /// Adds the rows of published entities.
    ///
    /// # Errors
    /// When nobody tells of them.
    pub(crate) fn add_moved(&mut self, publisher: &Publisher, moved: &[Moved]) -> Result<()> {
        for Moved { schema, keys } in moved.iter().filter(|moved| publisher.tells(moved.schema)) {
            let outlet = publisher.outlet_of(schema)?;
            for key in keys {
                self.add(Arc::clone(outlet), outlet.letter(schema.name, key)?);
            }
        }
        Ok(())
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

    /// Commits a transaction of the library's own, with what comes before and after it; rolls it back when it has failed.
    pub(crate) async fn finish<T>(self, tx: DatabaseTransaction, done: Result<T>) -> Result<T> {
        let announced = match done {
            Ok(value) => self.announce(&tx).await.map(|remaining| (value, remaining)),
            Err(error) => Err(error),
        };
        let (value, remaining) = finish(tx, announced).await?;
        remaining.tell().await;
        Ok(value)
    }

    pub(super) async fn tell(self) {
        for bundle in self.0 {
            bundle.outlet.tell(&bundle.letters).await;
        }
    }
}
