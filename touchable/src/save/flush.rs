//! Sending the touches of a save now, on whatever connection it has.

use sea_orm::ConnectionTrait;

use crate::{
    connection::{Messages, Scope, Session, ask, begin_writing},
    entity::Schema,
    error::Result,
    touch::{Entry, Except, Touched, Tries, in_transaction, ours, plan_and_carry_out, take_turn},
};

/// Plans and carries out what these entries set in motion, on a [`TouchConnection`](crate::TouchConnection) in a
/// transaction of its own. Counts the rows of `of`, and leaves out the rows that were `saved`.
pub(crate) async fn flush<C: ConnectionTrait>(
    db: &C,
    entries: Vec<Entry>,
    of: &'static Schema,
    saved: &Except,
) -> Result<Touched> {
    if entries.is_empty() {
        return Ok(Touched::default());
    }
    let session = match ask(db) {
        Some(Scope::Connection(session)) => session,
        Some(Scope::Transaction(open)) => {
            let published = !open.session().publisher.is_silent();
            let (touched, moved) = ours(plan_and_carry_out(db, entries, Some(of), saved, published)).await?;
            open.publish_moved(&moved)?;
            return Ok(touched);
        }
        None => {
            let (touched, _) = ours(plan_and_carry_out(db, entries, Some(of), saved, false)).await?;
            return Ok(touched);
        }
    };
    let mut tries = Tries::default();
    loop {
        let done = flush_apart(&session, entries.clone(), of, saved, tries.is_crowded()).await;
        if !tries.again(&done).await {
            return done;
        }
    }
}

async fn flush_apart(
    session: &Session,
    entries: Vec<Entry>,
    of: &'static Schema,
    saved: &Except,
    crowded: bool,
) -> Result<Touched> {
    let published = !session.publisher.is_silent();
    let tx = begin_writing(session.inner()).await?;
    if crowded {
        take_turn(&tx, of).await?;
    }
    let mut messages = Messages::default();
    let done = plan_and_carry_out(&tx, entries, Some(of), saved, published).await;
    let done = done.and_then(|(touched, moved)| {
        messages.add_moved(&session.publisher, &moved)?;
        Ok(touched)
    });
    messages.finish(tx, done).await
}

/// The tries of what is a transaction of its own on this connection: inside another one there is one try.
pub(super) fn tries_of<C: ConnectionTrait>(db: &C) -> Tries {
    if is_within(db) {
        Tries::once()
    } else {
        Tries::default()
    }
}

/// Whether this is a transaction.
pub(super) fn is_within<C: ConnectionTrait>(db: &C) -> bool {
    in_transaction::<C>() && !matches!(ask(db), Some(Scope::Connection(_)))
}
