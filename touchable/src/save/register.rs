//! Telling a connection of ours what the next statement is for, so that it can add the touches.

use sea_orm::{ConnectionTrait, DbBackend, Value};

use super::{flush::flush, publish};
use crate::{
    connection::{Counts, Intent, Open, Rest, Scope, Session, Verb, Write, ask},
    entity::{CompiledRule, Key, Schema},
    error::Result,
    touch::{Entry, Except, lock_parents},
};

/// A new row, as its hook knows it.
pub(super) struct Insert {
    /// Its key, unless that is left to the database.
    pub key: Option<Key>,
    /// The stamp that it is given.
    pub stamp: Option<Value>,
    /// The rules that it fires.
    pub rules: Vec<&'static CompiledRule>,
    /// The rows that it belongs to, as far as it names them.
    pub parents: Vec<(&'static CompiledRule, Key)>,
    /// No foreign key is left to the database.
    pub known: bool,
}

/// Before an insert on a connection of ours.
pub(super) async fn insert<C: ConnectionTrait>(
    db: &C,
    scope: &Scope,
    schema: &'static Schema,
    insert: Insert,
) -> Result<()> {
    if schema.feed.is_some() {
        publish::rows(Some(scope), schema, insert.key.as_slice())?;
    }
    let write = Write {
        verb: Verb::Insert,
        schema,
        key: insert.key.clone(),
        stamp: insert.stamp,
    };
    let intent = match scope {
        Scope::Connection(session) => {
            let published = session.publisher.publishes(schema);
            if published || !insert.rules.is_empty() {
                Intent::Insert {
                    rules: insert.rules,
                    parents: insert.parents,
                    known: insert.known,
                }
            } else {
                Intent::Alone
            }
        }
        Scope::Transaction(_) => {
            lock_parents(db, insert.parents.clone()).await?;
            let entries = insert
                .parents
                .into_iter()
                .map(|(rule, key)| Entry::parent(schema, rule, key))
                .collect();
            Intent::Later {
                before: Vec::new(),
                entries,
                rest: Rest::Parents {
                    rules: insert.rules,
                    known: insert.known,
                },
            }
        }
    };
    scope.intents().register(write, db.get_database_backend(), intent);
    Ok(())
}

/// Before an update that these rules may be fired by.
pub(super) fn update(
    scope: &Scope,
    backend: DbBackend,
    write: Write,
    counts: Counts,
    rules: Vec<&'static CompiledRule>,
) {
    scope
        .intents()
        .register(write, backend, Intent::Update { counts, rules });
}

/// Before a delete outside a transaction.
pub(super) fn delete(
    session: &Session,
    schema: &'static Schema,
    key: Key,
    rules: Vec<&'static CompiledRule>,
) {
    let intent = if rules.is_empty() && !session.publisher.publishes(schema) {
        Intent::Alone
    } else {
        Intent::Delete { rules }
    };
    let backend = session.inner().get_database_backend();
    session
        .intents
        .register(Write::delete(schema, key), backend, intent);
}

/// Before a delete inside a transaction: the children cannot be found once the row is gone.
pub(super) fn delete_later(
    open: &Open,
    schema: &'static Schema,
    key: Key,
    children: Vec<Entry>,
    parents: Vec<Entry>,
) {
    let intent = Intent::Later {
        before: children,
        entries: parents,
        rest: Rest::Nothing,
    };
    let backend = open.session().inner().get_database_backend();
    open.intents.register(Write::delete(schema, key), backend, intent);
}

/// Touches now, or, inside a transaction of ours, before its commit.
pub(super) async fn touch_or_defer<C: ConnectionTrait>(
    db: &C,
    entries: Vec<Entry>,
    schema: &'static Schema,
    saved: &Except,
) -> Result<()> {
    if let Some(Scope::Transaction(open)) = ask(db) {
        open.defer(entries);
        return Ok(());
    }
    flush(db, entries, schema, saved).await.map(drop)
}
