//! Before an update: what really changes, and which rules that fires.

use std::slice;

use sea_orm::{
    ActiveModelTrait, ActiveValue, ConnectionTrait, EntityTrait, IdenStatic, ModelTrait, sea_query::LockType,
};

use super::{
    flush::flush,
    hooks::{active_rules, known},
    note::{self, Fired, Note, Place},
    publish,
    read::read,
    register, sides,
    stamping::{Change, explicit_stamp, stamp_update},
};
use crate::{
    connection::{Counts, Rest, Scope, Verb, Write, ask},
    entity::{
        CompiledRule, Dirty, Event, Key, ModelOf, Schema, Touchable, key_of_model, key_of_saved,
        primary_key_of_active, same, set_columns,
    },
    error::Result,
    touch::{Entry, Except, Values, in_transaction, lock_ahead, lock_parents},
};

/// Compares, stamps, and leaves a note of the rules to fire.
pub(super) async fn before_update<A, C>(am: &mut A, db: &C) -> Result<()>
where
    A: ActiveModelTrait + Send,
    A::Entity: Touchable,
    C: ConnectionTrait,
{
    let schema = A::Entity::schema();
    let key = primary_key_of_active(am)?;
    let scope = ask(db);
    let told = publish::is_told(scope.as_ref(), schema);
    let reading = match scope {
        Some(Scope::Connection(_)) => Reading::Later,
        _ if told => Reading::Told,
        _ => Reading::Needed,
    };
    let Some(decision) = decide(am, db, &key, reading).await? else {
        leave_idle(db, scope.as_ref(), schema, key);
        return Ok(());
    };
    let Decision {
        change,
        fired,
        stored,
    } = decision;
    publish::announce(scope.as_ref(), schema, slice::from_ref(&key))?;
    let write = Write {
        verb: Verb::Update,
        schema,
        key: Some(key.clone()),
        stamp: am.get(A::Entity::TOUCH_COLUMN).into_value(),
    };
    let counts = Counts {
        always: A::Entity::DIRTY == Dirty::Assigned,
        explicit: change.touched,
    };
    if let Some(Scope::Connection(session)) = &scope {
        // Which of them fire is asked when the statement comes: the application's own hook may still set other columns.
        let rules = active_rules::<A::Entity>(Event::Update).map(|(_, rule)| rule);
        register::update(session, write, &key, counts, rules.collect());
        return Ok(());
    }
    let stored = match stored {
        // What it is associated with is asked of the stored row, never of the caller's copy.
        None if !fired.is_empty() && in_transaction::<C>() => {
            read::<A::Entity, C>(db, &key, Some(LockType::Update)).await?
        }
        stored => stored,
    };
    let entries = stored
        .as_ref()
        .map(|stored| entries(am, stored, &key, &fired))
        .unwrap_or_default();
    let is_stored = stored.is_some();
    if let Some(Scope::Transaction(open)) = &scope {
        let moved = moved_parents(am, stored.as_ref(), &fired);
        drop(stored);
        let entries = sides::find(db, entries).await?;
        lock_parents(db, moved).await?;
        let rest = if is_stored || fired.is_empty() {
            Rest::Nothing
        } else {
            Rest::Row(key.clone(), rules_of::<A::Entity>(&fired))
        };
        register::update_later(open, write, counts, entries, rest);
        return Ok(());
    }
    drop(stored);
    let mut note = Note {
        stamp: Some(change.stamp),
        ..Note::default()
    };
    if is_stored && in_transaction::<C>() {
        // In a transaction before the row is written, under its lock, so that nothing is left to do afterwards.
        flush(db, entries, schema, &Except::Row(key.clone())).await?;
    } else {
        // The new side is asked of the row once it is written.
        let formerly = fired.iter().filter(|fired| fired.moved);
        let formerly = formerly
            .map(|fired| &schema.rules[fired.rule])
            .filter(|rule| rule.is_conditional())
            .map(|rule| sides::stored(schema, rule, &key));
        note.entries = sides::find(db, formerly.collect()).await?;
        note.fired = fired;
    }
    note::leave(Place::of(db, schema.name, Some(&key)), note);
    Ok(())
}

fn rules_of<E: Touchable>(fired: &[Fired]) -> Vec<&'static CompiledRule> {
    fired.iter().map(|fired| &E::schema().rules[fired.rule]).collect()
}

/// Nothing is set: SeaORM sends no UPDATE, and asks for the row.
fn leave_idle<C>(db: &C, scope: Option<&Scope>, schema: &'static Schema, key: Key) {
    match scope {
        Some(scope) => scope.intents().settle(&Write {
            verb: Verb::Update,
            schema,
            key: Some(key),
            stamp: None,
        }),
        None => note::leave(Place::of(db, schema.name, Some(&key)), Note::default()),
    }
}

/// When the stored row is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// When a rule cannot be judged without it, and locked, since it is about to be written.
    Needed,
    /// Locked like that, and compared in any case, since a change is told and nothing else.
    Told,
    /// By a connection of ours, which compares when the statement comes, in the same transaction.
    Later,
    /// In any case, and not locked: nothing will be written.
    Always,
}

/// What an update comes to.
pub(crate) struct Decision<M> {
    pub change: Change,
    pub fired: Vec<Fired>,
    pub stored: Option<M>,
}

/// Takes back what changes nothing, stamps the rest, and finds the rules that it fires; `None` when nothing is left.
pub(crate) async fn decide<A, C>(
    am: &mut A,
    db: &C,
    key: &Key,
    reading: Reading,
) -> Result<Option<Decision<ModelOf<A>>>>
where
    A: ActiveModelTrait + Send,
    A::Entity: Touchable,
    C: ConnectionTrait,
{
    if let Some(version) = A::Entity::VERSION_COLUMN {
        am.not_set(version);
    }
    let set = set_columns(am);
    if set.is_empty() {
        return Ok(None);
    }
    let explicit = explicit_stamp(am);
    let rules: Vec<_> = active_rules::<A::Entity>(Event::Update).collect();
    let names: Vec<&'static str> = set.iter().map(IdenStatic::as_str).collect();
    let needed = match reading {
        Reading::Needed => explicit.is_some() || needs_stored::<A::Entity>(&rules, &names),
        Reading::Told => {
            explicit.is_some()
                || A::Entity::DIRTY == Dirty::Compared
                || needs_stored::<A::Entity>(&rules, &names)
        }
        Reading::Later => explicit.is_some(),
        Reading::Always => true,
    };
    if matches!(reading, Reading::Needed | Reading::Told) {
        let concerned = rules
            .iter()
            .filter(|(_, rule)| names.iter().any(|name| rule.watches(name)) || moves(rule, &names));
        lock_ahead(
            db,
            A::Entity::schema(),
            key,
            concerned.map(|(_, rule)| *rule).collect(),
        )
        .await?;
    }
    let mut stored = None;
    if needed {
        let lock = if affects_children(&rules, &names) {
            LockType::Update
        } else {
            LockType::NoKeyUpdate
        };
        let lock = (reading != Reading::Always).then_some(lock);
        stored = read::<A::Entity, C>(db, key, lock).await?;
        if let Some(stored) = &stored {
            forget_equal(am, stored, &set);
        }
    }
    let Some(change) = stamp_update(am, stored.as_ref(), explicit)? else {
        return Ok(None);
    };
    let fired = fired(&rules, &change, stored.as_ref());
    Ok(Some(Decision {
        change,
        fired,
        stored,
    }))
}

/// What the fired rules lead to, asked before the row is written.
pub(crate) fn entries<A>(am: &A, stored: &ModelOf<A>, row: &Key, fired: &[Fired]) -> Vec<Entry>
where
    A: ActiveModelTrait,
    A::Entity: Touchable,
{
    let schema = A::Entity::schema();
    let mut known_rows = Vec::new();
    let mut asked = Vec::new();
    for Fired { rule, former, moved } in fired {
        let rule = &schema.rules[*rule];
        if *moved && rule.is_conditional() {
            asked.push(sides::stored(schema, rule, row));
            asked.push(sides::becoming(schema, rule, row, sides::set(am)));
            continue;
        }
        let current = key_of_saved(am, stored, rule.key());
        let values = Values {
            row: Some(row.clone()),
            row_table: Some(schema),
            current: current.into_iter().collect(),
            former: former.clone().into_iter().collect(),
        };
        known_rows.push((rule, values));
    }
    let mut all = known::<A::Entity>(known_rows.into_iter());
    all.extend(asked);
    all
}

/// Whether the rules cannot be judged without the stored row.
fn needs_stored<E: Touchable>(rules: &[(usize, &CompiledRule)], set: &[&str]) -> bool {
    rules.iter().any(|(_, rule)| {
        let moved = moves(rule, set);
        let watched = || {
            set.iter()
                .any(|name| *name != E::schema().touch && rule.watches(name))
        };
        moved || (E::DIRTY == Dirty::Compared && watched())
    })
}

/// Whether a rule could fire whose rows hold the key: only a lock that keeps foreign keys from naming this row keeps
/// new ones from appearing, with the old content on show, between the touch and the commit.
fn affects_children(rules: &[(usize, &CompiledRule)], set: &[&str]) -> bool {
    rules
        .iter()
        .any(|(_, rule)| !rule.belongs_to() && set.iter().any(|name| rule.watches(name)))
}

/// Whether the association itself may change.
fn moves(rule: &CompiledRule, changed: &[&str]) -> bool {
    changed.iter().any(|column| rule.is_moved_by(column))
}

/// Takes back every `Set` that sets what is stored. It is not written either: written, it could undo what another
/// save has just changed, and touch nobody.
fn forget_equal<A>(am: &mut A, stored: &ModelOf<A>, set: &[<A::Entity as EntityTrait>::Column])
where
    A: ActiveModelTrait,
    A::Entity: Touchable,
{
    let assigned = A::Entity::DIRTY == Dirty::Assigned;
    for column in set {
        let is_touch = column.as_str() == A::Entity::TOUCH_COLUMN.as_str();
        if let (ActiveValue::Set(value), false) = (am.get(*column), assigned || is_touch)
            && same(&stored.get(*column), &value)
        {
            am.not_set(*column);
        }
    }
}

fn fired<M: ModelTrait>(rules: &[(usize, &CompiledRule)], change: &Change, stored: Option<&M>) -> Vec<Fired> {
    let watched = |rule: &CompiledRule| {
        change.columns.iter().any(|column| rule.watches(column)) || (change.touched && rule.cascades())
    };
    rules
        .iter()
        .filter_map(|(place, rule)| {
            let moved = moves(rule, &change.columns);
            let former = || key_of_model(stored?, rule.key());
            (moved || watched(rule)).then(|| Fired {
                rule: *place,
                former: (moved && !rule.is_conditional()).then(former).flatten(),
                moved,
            })
        })
        .collect()
}

/// The rows that the update's new foreign keys name, and those that the old ones named.
fn moved_parents<A>(am: &A, stored: Option<&ModelOf<A>>, fired: &[Fired]) -> Vec<(&'static CompiledRule, Key)>
where
    A: ActiveModelTrait,
    A::Entity: Touchable,
{
    fired
        .iter()
        .filter_map(|fired| {
            let former = fired.former.clone()?;
            let rule = Some(&A::Entity::schema().rules[fired.rule]).filter(|rule| rule.belongs_to())?;
            Some(
                [Some(former), key_of_saved(am, stored?, rule.key())]
                    .into_iter()
                    .flatten()
                    .map(move |key| (rule, key)),
            )
        })
        .flatten()
        .collect()
}
