//! What a statement sets in motion, once it is known what it has written.

use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use super::{
    form::Form,
    intent::{Rest, Write},
};
use crate::{
    entity::{CompiledRule, Key, Schema},
    error::{Error, Result},
    touch::{Entry, Start, Values},
};

/// What a statement sets in motion that has been answered.
#[derive(Debug)]
pub(super) enum Later {
    /// It has failed, or written nothing.
    Nothing,
    /// What was registered before it was sent.
    Registered,
    Others(Vec<Entry>),
}

/// Looks at what the statement of these saves has written.
///
/// # Errors
/// When a new row cannot be read.
pub(super) async fn find<S: Form, C: ConnectionTrait>(
    db: &C,
    sent: &S::Output,
    saves: &[(Write, Rest)],
) -> Result<Later> {
    let Some((write, rest)) = saves.first() else {
        return Ok(Later::Nothing);
    };
    match rest {
        // Rows that were there already do not come back; their own saves may have known, and fire nothing.
        Rest::Parents { .. } if S::READS => {
            Ok(Later::Others(parents(write.schema, fired(saves), S::rows(sent))?))
        }
        Rest::Nothing | Rest::Parents { known: true, .. } => Ok(Later::Registered),
        Rest::Parents { rules, .. } => {
            let found = new_parents::<S, _>(db, sent, write.schema, write.key.as_ref(), rules);
            Ok(Later::Others(found.await?))
        }
    }
}

/// The rules that inserts of one statement fire: those of any that fires some, since all are of one entity.
fn fired(saves: &[(Write, Rest)]) -> &[&'static CompiledRule] {
    let rules = saves.iter().filter_map(|(_, rest)| match rest {
        Rest::Parents { rules, .. } => Some(rules.as_slice()),
        Rest::Nothing => None,
    });
    rules.max_by_key(|rules| rules.len()).unwrap_or_default()
}

/// The rows that a new one belongs to, whose key is `given` or made by the database.
///
/// # Errors
/// When it cannot be read.
pub(super) async fn new_parents<S: Form, C: ConnectionTrait>(
    db: &C,
    sent: &S::Output,
    schema: &'static Schema,
    given: Option<&Key>,
    rules: &[&'static CompiledRule],
) -> Result<Vec<Entry>> {
    if S::READS {
        return Ok(parents(schema, rules, S::rows(sent))?);
    }
    let key = new_key::<S>(schema, given, sent)?;
    let found = schema.find(db.get_database_backend(), &key);
    let row = db.query_one_raw(found).await?;
    Ok(parents(schema, rules, row.as_slice())?)
}

/// The rows that new ones belong to.
fn parents(
    schema: &'static Schema,
    rules: &[&'static CompiledRule],
    rows: &[QueryResult],
) -> Result<Vec<Entry>, DbErr> {
    let mut entries = Vec::new();
    for row in rows {
        entries.extend(entries_of(schema, rules, row)?);
    }
    Ok(entries)
}

/// What these rules name from a stored row.
fn entries_of(
    schema: &'static Schema,
    rules: &[&'static CompiledRule],
    row: &QueryResult,
) -> Result<Vec<Entry>, DbErr> {
    let mut entries = Vec::new();
    for rule in rules {
        let Some(key) = schema.association(row, rule)? else {
            continue;
        };
        let mut values = Values {
            row: Some(schema.key_of(row)?),
            row_table: Some(schema),
            current: vec![key],
            former: Vec::new(),
        };
        entries.push(if rule.is_conditional() || !rule.belongs_to() {
            Entry::fired(schema, rule, Start::Values(values))
        } else {
            Entry::parent(schema, rule, values.current.remove(0))
        });
    }
    Ok(entries)
}

/// The key of a new row, given or made by the database.
///
/// # Errors
/// When the database keeps it to itself.
pub(super) fn new_key<S: Form>(
    schema: &'static Schema,
    given: Option<&Key>,
    sent: &S::Output,
) -> Result<Key> {
    if let Some(key) = given {
        return Ok(key.clone());
    }
    if let Some(row) = S::row(sent) {
        return Ok(schema.key_of(row)?);
    }
    match (S::last_insert_id(sent), schema.primary_key.as_slice()) {
        (Some(id), [_]) => Ok(vec![id.into()]),
        _ => Err(Error::unpublished_key(schema.name)),
    }
}

/// Everything that an update can set in motion of a row that nobody has compared.
pub(super) async fn row_that_came<C: ConnectionTrait>(
    db: &C,
    schema: &'static Schema,
    key: &Key,
    rules: &[&'static CompiledRule],
) -> Result<Vec<Entry>> {
    let found = schema.find(db.get_database_backend(), key);
    let Some(row) = db.query_one_raw(found).await? else {
        return Ok(Vec::new());
    };
    Ok(entries_of(schema, rules, &row)?)
}
