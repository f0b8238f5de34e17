//! Telling the feed which rows of published entities change.

use sea_orm::ConnectionTrait;

use crate::{
    connection::{Scope, ask},
    dialect,
    entity::{Key, Schema},
    error::{Error, Result},
    touch::{Moved, is_suppressed, is_suppressing},
};

/// Asks, before anything is written, whether the database is known, and whether somebody tells of all rows that a write of this entity can move.
///
/// # Errors
/// When somebody should and nobody does: there is no producer, or no connection of ours, which alone knows of commits.
pub(super) fn check<C: ConnectionTrait>(db: &C, schema: &'static Schema) -> Result<()> {
    dialect::check(db.get_database_backend())?;
    if schema.published().is_empty() {
        return Ok(());
    }
    let scope = ask(db);
    let allowed = |published: &Schema| match &scope {
        Some(scope) => scope.session().publisher.allows(published),
        None => false,
    };
    let moved = if is_suppressing() {
        schema.published_but(is_suppressed)
    } else {
        schema.published().to_vec()
    };
    match moved.into_iter().find(|published| !allowed(published)) {
        Some(published) => Err(Error::unpublished(
            schema.name,
            published.name,
            published.feed.unwrap_or_default(),
        )),
        None => Ok(()),
    }
}

/// Whether changes of this entity's rows are published.
pub(super) fn is_published(scope: Option<&Scope>, schema: &Schema) -> bool {
    scope.is_some_and(|scope| scope.session().publisher.publishes(schema))
}

/// Lets the commit of a transaction of ours tell that these rows change; nothing anywhere else.
///
/// # Errors
/// When what is to be published cannot be written.
pub(super) fn rows(scope: Option<&Scope>, schema: &'static Schema, keys: &[Key]) -> Result<()> {
    match scope {
        Some(Scope::Transaction(open)) if open.session().publisher.publishes(schema) => {
            let keys = keys.to_vec();
            open.publish_moved(&[Moved { schema, keys }])
        }
        _ => Ok(()),
    }
}
