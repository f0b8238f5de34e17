//! The four hooks, called by generated code.
//!
//! They say themselves that their futures are `Send`: rustc then proves it once, here, and not again for every entity. What only some
//! saves need is boxed, so that the others do not move its state around.

#![expect(
    clippy::manual_async_fn,
    reason = "an `async fn` leaves the proof that its future is `Send` to each caller"
)]

use std::slice;

use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, ModelTrait, sea_query::LockType};

use super::{
    coarse,
    delete::{children_of, parents_of},
    flush::flush,
    insert::before_insert,
    note::{self, Note, Place},
    publish,
    read::read,
    register,
    update::before_update,
    version,
};
use crate::{
    connection::{Scope, ask},
    entity::{
        CompiledRule, Event, ModelOf, Touchable, key_of_model, primary_key_of_active, primary_key_of_model,
    },
    error::Result,
    touch::{Entry, Except, Fired, Start, Values, in_transaction, is_suppressed, lock_ahead, saved, sides},
};

/// `ActiveModelBehavior::before_save`.
///
/// # Errors
/// When the stored row cannot be read, or an update lacks its primary key.
pub fn before_save<A, C>(mut am: A, db: &C, insert: bool) -> impl Future<Output = Result<A, DbErr>> + Send
where
    A: ActiveModelTrait + Send,
    A::Entity: Touchable,
    C: ConnectionTrait,
{
    async move {
        publish::check(db, A::Entity::schema())?;
        if insert {
            Box::pin(before_insert(&mut am, db)).await?;
        } else {
            before_update(&mut am, db).await?;
        }
        Ok(am)
    }
}

/// `ActiveModelBehavior::after_save`.
///
/// # Errors
/// When a touch fails, or the touch column turns out to keep too few digits.
pub fn after_save<A, C>(
    mut model: ModelOf<A>,
    db: &C,
    insert: bool,
) -> impl Future<Output = Result<ModelOf<A>, DbErr>> + Send
where
    A: ActiveModelTrait + Send,
    A::Entity: Touchable,
    C: ConnectionTrait,
{
    async move {
        let schema = A::Entity::schema();
        saved(schema, 1);
        let key = primary_key_of_model(&model);
        let scope = ask(db);
        if insert && schema.feed.is_some() {
            publish::rows(scope.as_ref(), schema, slice::from_ref(&key))?;
        }
        let row = Some(&key).filter(|_| !insert);
        let found = A::Entity::value_stamp(&model.get(A::Entity::TOUCH_COLUMN));
        let note = match &scope {
            Some(scope) => scope.intents().take_settled(schema, row).map(|settled| Note {
                stamp: settled.stamp,
                ..Note::default()
            }),
            None => note::take(&Place::of(db, schema.name, row), found),
        };
        let written = note.as_ref().and_then(|note| note.stamp);
        coarse::check(db, schema, written, found).await?;
        let (fired, formerly) = match note {
            // The connection has seen to everything.
            Some(_) if scope.is_some() => return Ok(model),
            // Nothing was written.
            Some(Note { stamp: None, .. }) => return Ok(model),
            Some(note) => (note.fired, note.entries),
            // It is not known what the save was: every rule may be concerned.
            None => {
                let fired: Vec<Fired> = if insert {
                    let rules = active_rules::<A::Entity>(Event::Create);
                    rules.filter(|rule| rule.belongs_to()).map(Fired::whole).collect()
                } else {
                    updated_rules::<A::Entity>().map(Fired::whole).collect()
                };
                (fired, Vec::new())
            }
        };
        let entries = fired.into_iter().map(|Fired { rule, former, .. }| {
            let values = Values {
                row: Some(key.clone()),
                row_table: Some(schema),
                current: key_of_model(&model, rule.key()).into_iter().collect(),
                former: former.into_iter().collect(),
            };
            (rule, values)
        });
        let mut entries = known::<A::Entity>(entries);
        entries.extend(formerly);
        let saved = Except::Row(key.clone());
        if !entries.is_empty() {
            Box::pin(register::touch_or_defer(db, entries, schema, &saved)).await?;
        }
        if !insert && schema.version.is_some() {
            Box::pin(version::increment(&mut model, db, &key)).await?;
        }
        Ok(model)
    }
}

/// `ActiveModelBehavior::before_delete`: what the row is associated with can be asked for the last time.
///
/// # Errors
/// When the stored row cannot be read or a touch fails.
pub fn before_delete<A, C>(am: A, db: &C) -> impl Future<Output = Result<A, DbErr>> + Send
where
    A: ActiveModelTrait + Send,
    A::Entity: Touchable,
    C: ConnectionTrait,
{
    async move {
        let schema = A::Entity::schema();
        let scope = ask(db);
        let is_alone = schema.rules.is_empty() && schema.feed.is_none();
        // A statement that is alone is registered too: as a deadlock's victim it is tried again.
        if is_alone && !matches!(scope, Some(Scope::Connection(_))) {
            return Ok(am);
        }
        publish::check(db, schema)?;
        let rules: Vec<_> = active_rules::<A::Entity>(Event::Delete).collect();
        let key = primary_key_of_active(&am)?;
        if let Some(Scope::Connection(session)) = &scope {
            register::delete(session, schema, key, rules);
            return Ok(am);
        }
        lock_ahead(db, schema, slice::from_ref(&key), &rules).await?;
        let published = publish::is_published(scope.as_ref(), schema);
        let stored = if rules.is_empty() && !published {
            None
        } else {
            read::<A::Entity, C>(db, &key, Some(LockType::Update)).await?
        };
        let mut entries = stored
            .as_ref()
            .map(|stored| children_of::<A::Entity>(stored, &key))
            .unwrap_or_default();
        let parents = stored
            .as_ref()
            .map(|stored| parents_of::<A::Entity>(stored, &key))
            .unwrap_or_default();
        let is_stored = stored.is_some();
        drop(stored);
        if published && is_stored {
            publish::rows(scope.as_ref(), schema, slice::from_ref(&key))?;
        }
        if let Some(Scope::Transaction(open)) = &scope {
            let parents = sides::find(db, parents).await?;
            register::delete_later(open, schema, key, entries, parents);
            return Ok(am);
        }
        let mut note = Note::default();
        if in_transaction::<C>() {
            entries.extend(parents);
        } else {
            note.entries = sides::find(db, parents).await?;
        }
        flush(db, entries, schema, &Except::Nobody).await?;
        note::leave(Place::of(db, schema.name, Some(&key)), note);
        Ok(am)
    }
}

/// `ActiveModelBehavior::after_delete`: the parents' lists have changed.
///
/// # Errors
/// When a touch fails.
pub fn after_delete<A, C>(am: A, db: &C) -> impl Future<Output = Result<A, DbErr>> + Send
where
    A: ActiveModelTrait + Send,
    A::Entity: Touchable,
    C: ConnectionTrait,
{
    async move {
        let schema = A::Entity::schema();
        saved(schema, 1);
        if ask(db).is_some() {
            return Ok(am);
        }
        let key = primary_key_of_active(&am)?;
        if let Some(note) = note::take(&Place::of(db, schema.name, Some(&key)), None) {
            flush(db, note.entries, schema, &Except::Nobody).await?;
        }
        Ok(am)
    }
}

/// The rules that this event can fire here.
pub(super) fn active_rules<E: Touchable>(event: Event) -> impl Iterator<Item = &'static CompiledRule> {
    E::schema()
        .rules
        .iter()
        .filter(move |rule| rule.events.contains(event) && !is_suppressed((rule.target)()))
}

/// The rules that an update can fire here.
pub(super) fn updated_rules<E: Touchable>() -> impl Iterator<Item = &'static CompiledRule> {
    E::schema()
        .rules
        .iter()
        .filter(|rule| rule.hears_updates() && !is_suppressed((rule.target)()))
}

/// Entries for the rules of which an association is known at all.
pub(super) fn known<E: Touchable>(
    fired: impl Iterator<Item = (&'static CompiledRule, Values)>,
) -> Vec<Entry> {
    fired
        .filter(|(_, values)| !(values.current.is_empty() && values.former.is_empty()))
        .map(|(rule, values)| Entry::fired(E::schema(), rule, Start::Values(values)))
        .collect()
}
