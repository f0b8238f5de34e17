//! Telling a connection of ours what the next statement is for, so that it can add the touches.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, sea_query::Query};

use super::{
    Schema,
    ahead::lock_parents,
    flush::flush,
    plan::{Entry, Except, Key},
    publish,
    schema::CompiledRule,
    stamping,
};
use crate::{
    Result, Stamp, Touchable,
    connection::{Change, Intent, Mark, Open, Scope, Session, ask},
};

/// Before an insert whose parents are these; `known` unless a foreign key is left to the database. So may its own `key`.
pub(super) async fn insert<E: Touchable, C: ConnectionTrait>(
    db: &C,
    ticket: Stamp,
    known: bool,
    parents: Vec<(&'static CompiledRule, Key)>,
    key: Option<Key>,
) -> Result<()> {
    let schema = E::schema();
    let mark = Mark::Stamp(E::stamp_value(ticket));
    let scope = ask(db);
    publish::announce(scope.as_ref(), schema, key.as_slice())?;
    match scope {
        Some(Scope::Connection(session)) => {
            let told = session.publisher.tells(schema);
            let parents = if known { parents } else { Vec::new() };
            let intent = if told || !parents.is_empty() {
                let rules = parents.iter().map(|(rule, _)| *rule).collect();
                Intent::Together {
                    schema,
                    rules,
                    change: Change::Insert { parents, known, key },
                }
            } else {
                Intent::Alone
            };
            session.intents.announce(mark, intent);
        }
        Some(Scope::Transaction(open)) => {
            lock_parents(db, parents.clone()).await?;
            let entries = parents
                .into_iter()
                .map(|(rule, key)| Entry::parent(schema, rule, key));
            let intent = if known {
                Intent::Later {
                    schema,
                    insert: true,
                    entries: entries.collect(),
                }
            } else {
                Intent::Alone
            };
            open.intents.announce(mark, intent);
        }
        None => lock_parents(db, parents).await?,
    }
    Ok(())
}

/// Before an update outside a transaction that these rules may be fired by.
pub(super) fn update<E: Touchable>(
    session: &Arc<Session>,
    key: &Key,
    update: &stamping::Change,
    rules: Vec<&'static CompiledRule>,
    always: bool,
) {
    let schema = E::schema();
    let told = session.publisher.tells(schema);
    let intent = if rules.is_empty() && schema.version.is_none() && !told {
        Intent::Alone
    } else {
        Intent::Together {
            schema,
            rules,
            change: Change::Update {
                key: key.clone(),
                always,
                explicit: update.touched,
            },
        }
    };
    session
        .intents
        .announce(Mark::Stamp(E::stamp_value(update.stamp)), intent);
}

/// Before an update inside a transaction that leads to these touches.
pub(super) fn update_later<E: Touchable>(open: &Arc<Open>, ticket: Stamp, entries: Option<Vec<Entry>>) {
    let intent = match entries {
        Some(entries) => Intent::Later {
            schema: E::schema(),
            insert: false,
            entries,
        },
        None => Intent::Alone,
    };
    open.intents.announce(Mark::Stamp(E::stamp_value(ticket)), intent);
}

/// Before a delete outside a transaction.
pub(super) fn delete(
    session: &Arc<Session>,
    schema: &'static Schema,
    key: Key,
    rules: Vec<&'static CompiledRule>,
) {
    let mark = delete_mark(session.inner(), schema, &key);
    let intent = if rules.is_empty() && !session.publisher.tells(schema) {
        Intent::Alone
    } else {
        Intent::Together {
            schema,
            rules,
            change: Change::Delete { key },
        }
    };
    session.intents.announce(mark, intent);
}

/// Before a delete inside a transaction.
pub(super) fn delete_later(open: &Arc<Open>, schema: &'static Schema, key: &Key, entries: Vec<Entry>) {
    let mark = delete_mark(open.session().inner(), schema, key);
    open.intents.announce(
        mark,
        Intent::Later {
            schema,
            insert: true,
            entries,
        },
    );
}

fn delete_mark<C: ConnectionTrait>(db: &C, schema: &Schema, key: &Key) -> Mark {
    let delete = Query::delete().from_table(schema.table.clone()).to_owned();
    let beginning = format!("{} WHERE ", db.get_database_backend().build(&delete).sql);
    Mark::Delete {
        beginning,
        key: key.clone(),
    }
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
