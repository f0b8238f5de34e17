//! What every page needs.

use std::sync::Arc;

use touchable::TouchConnection;

use crate::{fragments::Fragments, saves::Saves};

/// The board: cheap to clone, one for each request.
#[derive(Clone)]
pub struct Board(Arc<Parts>);

/// What the clones share.
pub struct Parts {
    pub db: TouchConnection,
    pub fragments: Fragments,
    pub saves: Saves,
}

impl Board {
    pub fn new(db: TouchConnection, fragments: Fragments) -> Self {
        let saves = Saves::default();
        Self(Arc::new(Parts { db, fragments, saves }))
    }
}

impl std::ops::Deref for Board {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
