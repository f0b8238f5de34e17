//! Before an update: what really changes, and which rules that fires.

use std::slice;

use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, DbBackend, IdenStatic, sea_query::Expr,
};

use super::{
    flush::flush,
    hooks::updated_rules,
    note::{self, Note, Place},
    register,
    stamping::{explicit_stamp, stamp_update},
};
use crate::{
    clock::Stamp,
    connection::{Counts, Scope, Verb, Write, ask, become_writer},
    entity::{CompiledRule, Dirty, Key, Touchable, primary_key_of_active, set_columns},
    error::Result,
    touch::{Assigned, Assignment, Except, Fired, Judged, in_transaction, lock_ahead, sides},
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
    leave_version_out(am);
    if let Some(scope) = ask(db) {
        return announce(am, db, &scope, key);
    }
    let rules = updated::<A::Entity>();
    let assigned = assigned(am, db.get_database_backend());
    if assigned.columns.is_empty() {
        note::leave(Place::of(db, schema.name, Some(&key)), Note::default());
        return Ok(());
    }
    if needs_stored(&assigned, &rules, in_transaction::<C>()) {
        return Box::pin(before_watched(am, db, key, assigned, rules)).await;
    }
    let note = Note {
        fired: assigned.change(None).fires(&rules, None, schema),
        stamp: settle(am, &assigned, None)?,
        ..Note::default()
    };
    note::leave(Place::of(db, schema.name, Some(&key)), note);
    Ok(())
}

/// Before an update on a plain connection that has to be judged by the stored row.
async fn before_watched<A, C>(
    am: &mut A,
    db: &C,
    key: Key,
    assigned: Assigned,
    rules: Vec<&'static CompiledRule>,
) -> Result<()>
where
    A: ActiveModelTrait + Send,
    A::Entity: Touchable,
    C: ConnectionTrait,
{
    let schema = A::Entity::schema();
    let judged = judge(&assigned, db, &key, &rules).await?;
    let fired = assigned
        .change(judged.as_ref())
        .fires(&rules, judged.as_ref(), schema);
    let mut note = Note {
        stamp: settle(am, &assigned, judged.as_ref())?,
        ..Note::default()
    };
    match judged {
        Some(judged) if in_transaction::<C>() => {
            // In a transaction before the row is written, under its lock, so that nothing is left to do afterwards.
            let entries = assigned.fired(&key, &judged, &fired);
            flush(db, entries, schema, &Except::Row(key.clone())).await?;
        }
        judged => {
            // The new side is asked of the row once it is written.
            let unreadable = judged.is_some_and(|judged| judged.is_unreadable());
            let formerly = fired
                .iter()
                .filter(|fired| fired.moved && (unreadable || fired.rule.is_conditional()));
            let formerly = formerly.map(|fired| sides::stored(schema, fired.rule, &key));
            note.entries = sides::find(db, formerly.collect()).await?;
            note.fired = fired;
        }
    }
    note::leave(Place::of(db, schema.name, Some(&key)), note);
    Ok(())
}

/// On a connection of ours, which judges the update when its statement comes: the application's own hook may still set other
/// columns.
fn announce<A, C>(am: &mut A, db: &C, scope: &Scope, key: Key) -> Result<()>
where
    A: ActiveModelTrait,
    A::Entity: Touchable,
    C: ConnectionTrait,
{
    let schema = A::Entity::schema();
    let explicit = explicit_stamp(am);
    let mut write = Write {
        verb: Verb::Update,
        schema,
        key: Some(key),
        stamp: None,
    };
    if stamp_update(am, None, explicit)?.is_none() {
        // SeaORM sends no UPDATE, and asks for the row.
        scope.intents().settle(&write);
        return Ok(());
    }
    write.stamp = am.get(A::Entity::TOUCH_COLUMN).into_value();
    let counts = Counts {
        always: A::Entity::DIRTY == Dirty::Assigned,
        explicit: explicit.is_some(),
    };
    register::update(
        scope,
        db.get_database_backend(),
        write,
        counts,
        updated::<A::Entity>(),
    );
    Ok(())
}

fn leave_version_out<A>(am: &mut A)
where
    A: ActiveModelTrait,
    A::Entity: Touchable,
{
    if let Some(version) = A::Entity::VERSION_COLUMN {
        am.not_set(version);
    }
}

/// The rules that an update can fire here.
fn updated<E: Touchable>() -> Vec<&'static CompiledRule> {
    updated_rules::<E>().collect()
}

/// What an active model sets.
fn assigned<A>(am: &A, backend: DbBackend) -> Assigned
where
    A: ActiveModelTrait,
    A::Entity: Touchable,
{
    let columns = set_columns(am)
        .into_iter()
        .filter_map(|column| match am.get(column) {
            ActiveValue::Set(value) => Some(Assignment {
                column: column.as_str().to_owned(),
                expr: column.save_as(Expr::val(value.clone())),
                value: Some(value),
            }),
            _ => None,
        });
    Assigned {
        schema: A::Entity::schema(),
        backend,
        columns: columns.collect(),
        always: A::Entity::DIRTY == Dirty::Assigned,
    }
}

/// Judges an update on a plain connection; in a transaction under the row's lock.
async fn judge<C: ConnectionTrait>(
    assigned: &Assigned,
    db: &C,
    key: &Key,
    rules: &[&'static CompiledRule],
) -> Result<Option<Judged>> {
    if !in_transaction::<C>() {
        return Ok(assigned.judge(db, key, None).await?);
    }
    become_writer(db, assigned.schema).await?;
    lock_ahead(
        db,
        assigned.schema,
        slice::from_ref(key),
        &assigned.concerned_rules(rules),
    )
    .await?;
    Ok(assigned.judge(db, key, Some(assigned.lock(rules))).await?)
}

/// Whether an update cannot be judged without the stored row. In a transaction its rules are followed before it is written.
fn needs_stored(assigned: &Assigned, rules: &[&'static CompiledRule], in_transaction: bool) -> bool {
    let needed = |Assignment { column, .. }: &Assignment, rule: &CompiledRule| {
        in_transaction || !assigned.always || rule.is_moved_by(column) || rule.is_deleted_by(column)
    };
    assigned.find(assigned.schema.touch).is_some()
        || rules.iter().any(|rule| {
            assigned
                .concerned(rule)
                .any(|assignment| needed(assignment, rule))
        })
}

/// Takes back what changes nothing, and stamps the rest. It is not written either: written, it could undo what another save has
/// just changed, and touch nobody. Returns the stamp, unless nothing is left.
fn settle<A>(am: &mut A, assigned: &Assigned, judged: Option<&Judged>) -> Result<Option<Stamp>>
where
    A: ActiveModelTrait,
    A::Entity: Touchable,
{
    let schema = A::Entity::schema();
    let explicit = explicit_stamp(am);
    let changed = assigned.change(judged);
    for column in set_columns(am) {
        let name = column.as_str();
        if name != schema.touch && !changed.columns.contains(&name) {
            am.not_set(column);
        }
    }
    let before = judged.and_then(|judged| judged.stamp(schema));
    stamp_update(am, before, explicit)
}

/// Judges an update that nobody will send.
///
/// # Errors
/// When the stored row cannot be read.
pub(crate) async fn judge_unsent<A, C>(
    mut am: A,
    db: &C,
    key: &Key,
) -> Result<Option<(Assigned, Judged, Vec<Fired>)>>
where
    A: ActiveModelTrait + Send,
    A::Entity: Touchable,
    C: ConnectionTrait,
{
    leave_version_out(&mut am);
    let assigned = assigned(&am, db.get_database_backend());
    let rules = updated::<A::Entity>();
    let Some(judged) = assigned.judge(db, key, None).await? else {
        return Ok(None);
    };
    let fired = assigned
        .change(Some(&judged))
        .fires(&rules, Some(&judged), A::Entity::schema());
    Ok(Some((assigned, judged, fired)))
}
