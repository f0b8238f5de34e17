//! How a hook learns which connection it runs on.
//!
//! A hook gets `&impl ConnectionTrait`, which says nothing about itself. But it can be asked for its backend, and that
//! call is synchronous: the hook raises a flag that only this thread sees, asks, and one of our connections answers by
//! leaving what it is beside the flag. There is no `await` in between, so nobody else can answer.

use std::{cell::RefCell, sync::Arc};

use sea_orm::ConnectionTrait;

use super::{intent::Intents, open::Open, session::Session};

/// One of our connections, as a hook sees it.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    /// Outside a transaction.
    Connection(Arc<Session>),
    /// Inside one.
    Transaction(Arc<Open>),
}

impl Scope {
    pub(crate) fn session(&self) -> &Session {
        match self {
            Self::Connection(session) => session,
            Self::Transaction(open) => open.session(),
        }
    }

    pub(crate) fn intents(&self) -> &Intents {
        match self {
            Self::Connection(session) => &session.intents,
            Self::Transaction(open) => &open.intents,
        }
    }
}

#[derive(Debug, Default)]
enum Slot {
    #[default]
    Idle,
    Asked,
    Answered(Scope),
}

thread_local! {
    static SLOT: RefCell<Slot> = const { RefCell::new(Slot::Idle) };
}

/// Asks a connection what it is; `None` for one that is not ours.
pub(crate) fn ask<C: ConnectionTrait>(db: &C) -> Option<Scope> {
    SLOT.set(Slot::Asked);
    let _ = db.get_database_backend();
    match SLOT.take() {
        Slot::Answered(scope) => Some(scope),
        Slot::Idle | Slot::Asked => None,
    }
}

/// Answers a hook that has asked; does nothing when none has.
pub(super) fn answer(scope: impl FnOnce() -> Scope) {
    SLOT.with_borrow_mut(|slot| {
        if matches!(slot, Slot::Asked) {
            *slot = Slot::Answered(scope());
        }
    });
}
