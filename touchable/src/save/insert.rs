//! Before an insert: its stamp, and the rows that the new one belongs to.

use sea_orm::{ActiveModelTrait, ConnectionTrait, sea_query::LockType};

use super::{
    flush::flush,
    hooks::active_rules,
    note::{self, Note, Place},
    read::read,
    register::{self, Insert},
    stamping,
};
use crate::{
    clock::Clock,
    connection::{Scope, ask, become_writer},
    entity::{CompiledRule, Event, Key, Schema, Touchable, is_given, key_of_active},
    error::Result,
    touch::{Entry, Except, Fired, in_transaction, lock_parents},
};

/// Stamps the row, and leaves word of what it belongs to.
pub(super) async fn before_insert<A, C>(am: &mut A, db: &C) -> Result<()>
where
    A: ActiveModelTrait + Send,
    A::Entity: Touchable,
    C: ConnectionTrait,
{
    let schema = A::Entity::schema();
    let stamp = stamping::stamp_insert(am, Clock::current().stamp())?;
    let key = key_of_active(am, schema.primary_key.iter().map(ToString::to_string));
    let scope = ask(db);
    let in_transaction = in_transaction::<C>() && !matches!(scope, Some(Scope::Connection(_)));
    let mut rules: Vec<_> = created::<A::Entity>().collect();
    let mut parents = new_parents(am);
    if let Some(key) = key.as_ref().filter(|_| in_transaction && is_link(schema, &rules))
        && is_there::<A::Entity, C>(db, key).await?
    {
        // Nested saves insert links that are there already, and the database does nothing.
        rules.clear();
        parents.clear();
    }
    // A key that is left to the database is known only when the row comes back.
    let known = rules
        .iter()
        .all(|rule| !rule.is_conditional() && rule.key().all(|column| is_given(am, &column)));
    let insert = Insert {
        key,
        stamp: am.get(A::Entity::TOUCH_COLUMN).into_value(),
        rules,
        parents,
        known,
    };
    if let Some(scope) = scope {
        return register::insert(db, &scope, schema, insert).await;
    }
    let mut note = Note {
        stamp: Some(stamp),
        ..Note::default()
    };
    if known && in_transaction {
        // In a transaction before the row, so that nothing is left to do once it is written.
        let entries = insert
            .parents
            .into_iter()
            .map(|(rule, key)| Entry::parent(schema, rule, key));
        flush(db, entries.collect(), schema, &Except::Nobody).await?;
    } else {
        lock_parents(db, insert.parents).await?;
        note.fired = active_rules::<A::Entity>(Event::Create)
            .filter(|rule| rule.belongs_to())
            .map(Fired::whole)
            .collect();
    }
    note::leave(Place::of(db, schema.name, None), note);
    Ok(())
}

/// Whether a row is a link between others: its key is, or contains, that of a row that it belongs to.
fn is_link(schema: &Schema, rules: &[&'static CompiledRule]) -> bool {
    let in_key = |column: String| schema.primary_key.contains(&column.as_str());
    rules.iter().any(|rule| rule.key().all(in_key))
}

/// Whether a row is stored, and stays so. It is locked only when it was seen: `InnoDB` would lock the gap where it is not.
async fn is_there<E: Touchable, C: ConnectionTrait>(db: &C, key: &Key) -> Result<bool> {
    become_writer(db, E::schema()).await?;
    Ok(read::<E, C>(db, key, None).await?.is_some()
        && read::<E, C>(db, key, Some(LockType::Update)).await?.is_some())
}

/// The rules that an insert fires: a new row has parents and no children.
fn created<E: Touchable>() -> impl Iterator<Item = &'static CompiledRule> {
    active_rules::<E>(Event::Create).filter(|rule| rule.belongs_to())
}

/// The rows that a new one belongs to, as far as it names them.
pub(crate) fn new_parents<A>(am: &A) -> Vec<(&'static CompiledRule, Key)>
where
    A: ActiveModelTrait,
    A::Entity: Touchable,
{
    created::<A::Entity>()
        .filter_map(|rule| Some((rule, key_of_active(am, rule.key())?)))
        .collect()
}
