//! What a save on a connection of ours leaves for its `after_save`.

use super::{atomic::Save, form::Form, session::Session, spelling::Verb};
use crate::{Clock, Stamp};

impl Save {
    /// The stamp that the statement writes.
    pub(super) fn stamp(&self) -> Stamp {
        self.given_stamp().unwrap_or_else(|| Clock::current().stamp())
    }

    pub(super) fn given_stamp(&self) -> Option<Stamp> {
        self.write.given_stamp()
    }

    /// Leaves word, where `after_save` will follow.
    pub(super) fn settle<S: Form>(&self, session: &Session, sent: &S::Output) {
        let follows = match self.write.verb {
            Verb::Delete => false,
            // MySQL returns no row; SeaORM reads it in a moment.
            Verb::Insert | Verb::Update => S::found(sent),
        };
        if follows {
            session.intents.settle(&self.write);
        }
    }
}
