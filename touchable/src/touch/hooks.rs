//! The four hooks, called by generated code.
//!
//! They say themselves that their futures are `Send`: rustc then proves it once, here, and not again for every entity.

use std::slice;

use sea_orm::{ActiveModelTrait, ActiveValue, ConnectionTrait, DbErr, ModelTrait, sea_query::LockType};

use super::{
    ahead::lock_ahead,
    announce,
    flush::flush,
    plan::{Entry, Except, Key, Start, Values},
    publish,
    row::{
        ModelOf, is_given, key_of_active, key_of_model, primary_key_of_active, primary_key_of_model, read,
    },
    schema::CompiledRule,
    stamping,
    suppress::is_suppressed,
    ticket::{self, Fired, Found, Note},
    update, version,
};
use crate::{
    Clock, Error, Result, Touchable,
    connection::{Scope, ask},
    observe,
    touch::Event,
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
            before_insert(&mut am, db).await?;
        } else {
            update::before_update(&mut am, db).await?;
        }
        Ok(am)
    }
}

async fn before_insert<A, C>(am: &mut A, db: &C) -> Result<()>
where
    A: ActiveModelTrait + Send,
    A::Entity: Touchable,
    C: ConnectionTrait,
{
    let schema = A::Entity::schema();
    let ticket = stamping::stamp_insert(am, Clock::current().stamp())?;
    ticket::leave(ticket, schema.name, None, Note::default());
    // A key that is left to the database is known only when the row comes back.
    let known = created::<A::Entity>().all(|rule| rule.key().all(|column| is_given(am, &column)));
    let key = schema
        .feed
        .and_then(|_| key_of_active(am, schema.primary_key.iter().map(ToString::to_string)));
    announce::insert::<A::Entity, C>(db, ticket, known, new_parents(am), key).await
}

/// The rules that an insert fires: a new row has parents and no children.
fn created<E: Touchable>() -> impl Iterator<Item = &'static CompiledRule> {
    active_rules::<E>(Event::Create)
        .map(|(_, rule)| rule)
        .filter(|rule| rule.belongs_to())
}

/// The rows that a new one belongs to, as far as it names them.
pub(super) fn new_parents<A>(am: &A) -> Vec<(&'static CompiledRule, Key)>
where
    A: ActiveModelTrait,
    A::Entity: Touchable,
{
    created::<A::Entity>()
        .filter_map(|rule| Some((rule, key_of_active(am, rule.key())?)))
        .collect()
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
        observe::saved(schema, 1);
        let key = primary_key_of_model(&model);
        if insert && schema.feed.is_some() {
            publish::announce(ask(db).as_ref(), schema, slice::from_ref(&key))?;
        }
        let stamp = A::Entity::value_stamp(&model.get(A::Entity::TOUCH_COLUMN));
        let fired = match ticket::take(stamp, schema.name, &key) {
            Found::Coarse => return Err(Error::coarse_column(schema.name, schema.touch).into()),
            Found::Nothing => return Ok(model),
            Found::Note(note) if note.done => return Ok(model),
            _ if insert => active_rules::<A::Entity>(Event::Create)
                .filter(|(_, rule)| rule.belongs_to())
                .map(|(rule, _)| Fired { rule, former: None })
                .collect(),
            Found::Note(note) => note.fired,
            Found::Lost(waiting) => active_rules::<A::Entity>(Event::Update)
                .map(|(rule, _)| Fired { rule, former: None })
                .chain(waiting)
                .collect(),
        };
        let entries = fired.into_iter().map(|Fired { rule, former }| {
            let rule = &schema.rules[rule];
            let values = Values {
                row: Some(key.clone()),
                row_table: Some(schema),
                current: key_of_model(&model, rule.key()).into_iter().collect(),
                former: former.into_iter().collect(),
            };
            (rule, values)
        });
        announce::touch_or_defer(db, known::<A::Entity>(entries), schema, &Except::Row(key.clone())).await?;
        if !insert {
            version::increment(&mut model, db, &key).await?;
        }
        Ok(model)
    }
}

/// `ActiveModelBehavior::before_delete`: what the row is associated with can be asked for the last time.
///
/// # Errors
/// When the stored row cannot be read or a touch fails.
pub fn before_delete<A, C>(mut am: A, db: &C) -> impl Future<Output = Result<A, DbErr>> + Send
where
    A: ActiveModelTrait + Send,
    A::Entity: Touchable,
    C: ConnectionTrait,
{
    async move {
        let schema = A::Entity::schema();
        if schema.rules.is_empty() && schema.feed.is_none() {
            return Ok(am);
        }
        publish::check(db, schema)?;
        let rules: Vec<_> = active_rules::<A::Entity>(Event::Delete).collect();
        let key = primary_key_of_active(&am)?;
        let scope = ask(db);
        if let Some(Scope::Connection(session)) = &scope {
            announce::delete(
                session,
                schema,
                key,
                rules.into_iter().map(|(_, rule)| rule).collect(),
            );
            return Ok(am);
        }
        lock_ahead(db, schema, &key, rules.iter().map(|(_, rule)| *rule).collect()).await?;
        let told = publish::is_told(scope.as_ref(), schema);
        let stored = if rules.is_empty() && !told {
            None
        } else {
            read::<A::Entity, C>(db, &key, Some(LockType::Update)).await?
        };
        let children = stored
            .as_ref()
            .map(|stored| children_of::<A::Entity>(stored, &key));
        flush(db, children.unwrap_or_default(), schema, &Except::Nobody).await?;
        let fired = stored.as_ref().map(parents_of::<A::Entity>).unwrap_or_default();
        if told && stored.is_some() {
            publish::announce(scope.as_ref(), schema, slice::from_ref(&key))?;
        }
        if let Some(Scope::Transaction(open)) = &scope {
            announce::delete_later(
                open,
                schema,
                &key,
                known::<A::Entity>(formerly::<A::Entity>(fired)),
            );
            return Ok(am);
        }
        let ticket = Clock::current().stamp();
        ticket::leave(ticket, schema.name, Some(key), Note { fired, done: false });
        am.try_set(A::Entity::TOUCH_COLUMN, A::Entity::stamp_value(ticket))?;
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
        observe::saved(schema, 1);
        let ticket = match am.get(A::Entity::TOUCH_COLUMN) {
            ActiveValue::Set(value) => A::Entity::value_stamp(&value),
            _ => None,
        };
        if let Some(note) = ticket.and_then(|ticket| ticket::take_exact(ticket, schema.name)) {
            flush(
                db,
                known::<A::Entity>(formerly::<A::Entity>(note.fired)),
                schema,
                &Except::Nobody,
            )
            .await?;
        }
        Ok(am)
    }
}

/// What a row that is to be deleted leads to while it is there.
pub(super) fn children_of<E: Touchable>(stored: &E::Model, key: &Key) -> Vec<Entry> {
    let rules = active_rules::<E>(Event::Delete).filter(|(_, rule)| !rule.belongs_to());
    known::<E>(rules.map(|(_, rule)| {
        let values = Values {
            row: Some(key.clone()),
            row_table: Some(E::schema()),
            current: key_of_model(stored, rule.key()).into_iter().collect(),
            former: Vec::new(),
        };
        (rule, values)
    }))
}

/// The rules of a row that is to be deleted whose rows are touched once it is gone.
pub(super) fn parents_of<E: Touchable>(stored: &E::Model) -> Vec<Fired> {
    active_rules::<E>(Event::Delete)
        .filter(|(_, rule)| rule.belongs_to())
        .filter_map(|(place, rule)| {
            let former = Some(key_of_model(stored, rule.key())?);
            Some(Fired { rule: place, former })
        })
        .collect()
}

/// What rows were associated with that are not any more.
pub(super) fn formerly<E: Touchable>(
    fired: Vec<Fired>,
) -> impl Iterator<Item = (&'static CompiledRule, Values)> {
    fired.into_iter().map(|Fired { rule, former }| {
        (
            &E::schema().rules[rule],
            Values {
                former: former.into_iter().collect(),
                ..Values::default()
            },
        )
    })
}

/// The rules that this event can fire here, with their places in the declaration.
pub(super) fn active_rules<E: Touchable>(
    event: Event,
) -> impl Iterator<Item = (usize, &'static CompiledRule)> {
    E::schema()
        .rules
        .iter()
        .enumerate()
        .filter(move |(_, rule)| rule.events.contains(event) && !is_suppressed((rule.target)()))
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
