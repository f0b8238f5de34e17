//! Before an update: what really changes, and which rules that fires.

use std::slice;

use sea_orm::{
    ActiveModelTrait, ActiveValue, ConnectionTrait, EntityTrait, IdenStatic, ModelTrait, sea_query::LockType,
};

use super::{
    Dirty, Event,
    ahead::{lock_ahead, lock_parents},
    announce,
    hooks::{active_rules, known},
    plan::{Entry, Key, Values},
    publish,
    row::{ModelOf, key_of_model, key_of_saved, primary_key_of_active, read, same, set_columns},
    schema::CompiledRule,
    stamping::{Change, explicit_stamp, stamp_update},
    ticket::{self, Fired, Note},
};
use crate::{
    Result, Touchable,
    connection::{Scope, ask},
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
        ticket::leave_idle(schema.name, &key);
        return Ok(());
    };
    let Decision {
        change,
        fired,
        stored,
    } = decision;
    publish::announce(scope.as_ref(), schema, slice::from_ref(&key))?;
    match scope {
        Some(Scope::Connection(session)) => {
            let rules = fired.iter().map(|fired| &schema.rules[fired.rule]).collect();
            let always = A::Entity::DIRTY == Dirty::Assigned;
            announce::update::<A::Entity>(&session, &key, &change, rules, always);
        }
        Some(Scope::Transaction(open)) => {
            let stored = match stored {
                // What it is associated with is asked of the stored row, never of the caller's copy.
                None if !fired.is_empty() => {
                    read::<A::Entity, C>(db, &key, Some(LockType::NoKeyUpdate)).await?
                }
                stored => stored,
            };
            lock_parents(db, moved_parents(am, stored.as_ref(), &fired)).await?;
            // A row that is not there leads nowhere; one that comes before the statement does is asked by `after_save`.
            let entries = if fired.is_empty() {
                Some(Vec::new())
            } else {
                stored.map(|stored| entries(am, &stored, &key, &fired))
            };
            announce::update_later::<A::Entity>(&open, change.stamp, entries);
        }
        None => lock_parents(db, moved_parents(am, stored.as_ref(), &fired)).await?,
    }
    ticket::leave(change.stamp, schema.name, Some(key), Note { fired, done: false });
    Ok(())
}

/// When the stored row is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
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
pub(super) struct Decision<M> {
    pub change: Change,
    pub fired: Vec<Fired>,
    pub stored: Option<M>,
}

/// Takes back what changes nothing, stamps the rest, and finds the rules that it fires; `None` when nothing is left.
pub(super) async fn decide<A, C>(
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

/// What the fired rules lead to.
pub(super) fn entries<A>(am: &A, stored: &ModelOf<A>, row: &Key, fired: &[Fired]) -> Vec<Entry>
where
    A: ActiveModelTrait,
    A::Entity: Touchable,
{
    let schema = A::Entity::schema();
    let mut all = Vec::new();
    for Fired { rule, former } in fired {
        let rule = &schema.rules[*rule];
        let current = key_of_saved(am, stored, rule.key());
        let values = Values {
            row: Some(row.clone()),
            row_table: Some(schema),
            current: current.into_iter().collect(),
            former: former.clone().into_iter().collect(),
        };
        all.push((rule, values));
    }
    known::<A::Entity>(all.into_iter())
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
    rule.key().any(|column| changed.contains(&column.as_str()))
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
                former: moved.then(former).flatten(),
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
