//! What a save on a connection of ours leaves for its `after_save`.

use sea_orm::ConnectionTrait;

use super::{
    form::Form,
    intent::{Intents, Write},
    spelling::Verb,
};
/// Leaves word that a save has its touches, where `after_save` will ask.
pub(super) fn settle<S: Form, C: ConnectionTrait>(
    intents: &Intents,
    db: &C,
    write: &Write,
    sent: &S::Output,
) {
    // Where no row can come back SeaORM reads it in a moment; where one can, and does not, nobody asks.
    let asked = S::found(sent) && (S::READS || !db.support_returning());
    if asked && write.verb != Verb::Delete {
        intents.settle(write);
    }
}
