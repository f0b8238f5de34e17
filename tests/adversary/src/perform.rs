//! Writes of one entity, by data: what a generic function cannot say to SeaORM is said here once.

use std::{
    any::Any,
    collections::BTreeMap,
    fmt,
    marker::PhantomData,
    sync::atomic::{AtomicI64, Ordering::Relaxed},
};

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ColumnTrait, Condition, DbBackend, DbErr, EntityTrait, IdenStatic,
    IntoActiveModel, Iterable, QueryFilter, QuerySelect, Schema, Value,
    sea_query::{Expr, MysqlQueryBuilder, OnConflict},
};
use touchable::{TouchAll, TouchGraph, TouchMany, TouchRecord, Touchable, no_touching_on};

use crate::{
    history::{From, How, Row, Set, Stamp, What},
    link::Link,
    raw,
    schema::Table,
};

/// What a writer has read, by row.
pub type Memory = BTreeMap<Row, Box<dyn Any + Send + Sync>>;

/// What is to be written, and on what.
pub struct Call<'a> {
    /// The connection.
    pub db: &'a Link,
    /// The table of the entity.
    pub table: &'a Table,
    /// The write.
    pub what: &'a What,
    /// What the writer has read so far.
    pub memory: &'a mut Memory,
    /// What it notes.
    pub token: &'a str,
    /// Whether it is written as SeaORM writes without any hook: the control.
    pub hookless: bool,
}

/// An entity, whatever its type.
pub trait Entity: fmt::Debug + Send + Sync {
    /// The table's name.
    fn table_name(&self) -> &'static str;
    /// The statement that creates the table.
    fn create(&self, backend: DbBackend) -> String;
    /// Inserts a row as it is, without a hook.
    fn seed<'a>(&'a self, db: &'a Link, table: &'a Table, number: u8, note: &'a str) -> Outcome<'a>;
    /// Reads a row into memory.
    fn load<'a>(&'a self, db: &'a Link, table: &'a Table, row: Row, memory: &'a mut Memory) -> Outcome<'a>;
    /// Saves a row without a change.
    fn idle<'a>(&'a self, db: &'a Link, table: &'a Table, row: Row) -> Outcome<'a>;
    /// Locks a row, as an application does.
    fn lock<'a>(&'a self, db: &'a Link, table: &'a Table, row: Row) -> Outcome<'a>;
    /// Writes.
    fn write<'a>(&'a self, call: Call<'a>) -> Outcome<'a>;
    /// Its rules.
    fn graph(&self) -> TouchGraph;
    /// Runs something while this entity is not touched.
    fn quietly<'a>(&'a self, action: Outcome<'a>) -> Outcome<'a>;
}

/// The end of a write.
pub type Outcome<'a> = BoxFuture<'a, Result<(), DbErr>>;

/// An entity of this type.
pub struct Typed<E>(PhantomData<fn() -> E>);

/// The entity `E`.
#[must_use]
pub fn entity<E: Touchable>() -> Box<dyn Entity>
where
    Typed<E>: Entity,
{
    Box::new(Typed::<E>(PhantomData))
}

impl<E> fmt::Debug for Typed<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::any::type_name::<E>())
    }
}

impl<E> Entity for Typed<E>
where
    E: Touchable,
    E::Model: IntoActiveModel<E::ActiveModel> + Sync + Send + Clone + 'static,
    E::ActiveModel: ActiveModelBehavior + Send + Sync + 'static,
{
    fn table_name(&self) -> &'static str {
        E::default().table_name()
    }

    fn create(&self, backend: DbBackend) -> String {
        let statement = Schema::new(backend).create_table_from_entity(E::default());
        if backend != DbBackend::MySql {
            return backend.build(&statement).to_string();
        }
        // SeaORM's own columns keep whole seconds there.
        statement
            .to_string(MysqlQueryBuilder)
            .replace("` timestamp", "` timestamp(6)")
            .replace("` datetime", "` datetime(6)")
    }

    fn seed<'a>(&'a self, db: &'a Link, table: &'a Table, number: u8, note: &'a str) -> Outcome<'a> {
        Box::pin(async move {
            let mut row = new_row::<E>(table, number, &[], note, Stamp::No, true);
            row.set(E::TOUCH_COLUMN, E::stamp_value(seed_stamp()));
            E::insert(row).exec_without_returning(db).await.map(drop)
        })
    }

    fn load<'a>(&'a self, db: &'a Link, table: &'a Table, row: Row, memory: &'a mut Memory) -> Outcome<'a> {
        Box::pin(async move {
            match one::<E>(db, table, row.1).await? {
                Some(model) => memory.insert(row, Box::new(model)),
                None => memory.remove(&row),
            };
            Ok(())
        })
    }

    fn idle<'a>(&'a self, db: &'a Link, table: &'a Table, row: Row) -> Outcome<'a> {
        Box::pin(async move {
            let model = one::<E>(db, table, row.1).await?.ok_or_else(gone)?;
            model.into_active_model().update(db).await.map(drop)
        })
    }

    fn lock<'a>(&'a self, db: &'a Link, table: &'a Table, row: Row) -> Outcome<'a> {
        Box::pin(async move {
            let rows = E::find().filter(is_row::<E>(table, row.1));
            rows.lock_exclusive().one(db).await.map(drop)
        })
    }

    fn write<'a>(&'a self, call: Call<'a>) -> Outcome<'a> {
        write::<E>(call)
    }

    fn graph(&self) -> TouchGraph {
        TouchGraph::of::<(E,)>()
    }

    fn quietly<'a>(&'a self, action: Outcome<'a>) -> Outcome<'a> {
        Box::pin(no_touching_on::<E, _>(action))
    }
}

fn write<E>(call: Call<'_>) -> Outcome<'_>
where
    E: Touchable,
    E::Model: IntoActiveModel<E::ActiveModel> + Sync + Send + Clone + 'static,
    E::ActiveModel: ActiveModelBehavior + Send + Sync + 'static,
{
    Box::pin(async move {
        let Call {
            db,
            table,
            what,
            memory,
            token,
            hookless,
        } = call;
        match what {
            What::Update(row, from, how, sets, stamp) => {
                let stamp = if hookless { Stamp::No } else { *stamp };
                let active = changed::<E>(db, table, *row, *from, sets, token, stamp, memory).await?;
                match how {
                    _ if hookless => E::update(active).exec_without_returning(db).await.map(drop),
                    How::Update => active.update(db).await.map(drop),
                    How::Save => active.save(db).await.map(drop),
                    How::WithoutReturning => active.update_without_returning(db).await.map(drop),
                }
            }
            What::Insert(..) | What::InsertMany(..) if table.closed => Err(DbErr::RecordNotInserted),
            What::Insert(row, sets, stamp) => {
                let active = new_row::<E>(table, row.1, sets, token, *stamp, hookless);
                if hookless {
                    return E::insert(active).exec_without_returning(db).await.map(drop);
                }
                active.insert(db).await.map(drop)
            }
            What::Delete(row, from) => {
                let model = memory.get(row).and_then(|model| model.downcast_ref::<E::Model>());
                let model = match (from, model) {
                    (From::Loaded | From::Reset, Some(model)) => Some(model.clone()),
                    (From::Partial, _) => None,
                    _ => Some(one::<E>(db, table, row.1).await?.ok_or_else(gone)?),
                };
                let active = match model {
                    Some(model) => model.into_active_model(),
                    None => keyed::<E>(table, row.1),
                };
                if hookless {
                    return E::delete(active).exec(db).await.map(drop);
                }
                active.delete(db).await.map(drop)
            }
            What::InsertMany(_, rows, conflict) => {
                let rows = rows
                    .iter()
                    .map(|(number, sets)| new_row::<E>(table, *number, sets, token, Stamp::No, hookless));
                let mut insert = E::insert_many(rows);
                if let Some(columns) = conflict {
                    let key = table.columns[..table.key].iter().map(|key| column::<E>(key.name));
                    let columns = columns.iter().map(|at| updated::<E>(table, *at));
                    insert = insert.on_conflict(OnConflict::columns(key).update_columns(columns).to_owned());
                }
                if hookless {
                    return insert.exec_without_returning(db).await.map(drop);
                }
                insert.touching().exec(db).await.map(drop).map_err(Into::into)
            }
            What::UpdateMany(_, rows, sets) => {
                let update = assigned::<E>(table, rows, sets, token);
                if hookless {
                    return update.exec(db).await.map(drop);
                }
                update.touching().exec(db).await.map(drop).map_err(Into::into)
            }
            What::DeleteMany(_, rows) => {
                let delete = E::delete_many().filter(are_rows::<E>(table, rows));
                if hookless {
                    return delete.exec(db).await.map(drop);
                }
                delete.touching().exec(db).await.map(drop).map_err(Into::into)
            }
            What::Touch(row) => {
                let model = one::<E>(db, table, row.1).await?.ok_or_else(gone)?;
                if hookless {
                    return Ok(());
                }
                model.touch(db).await.map(drop).map_err(Into::into)
            }
            What::TouchAll(_, rows) => {
                let select = E::find().filter(are_rows::<E>(table, rows));
                if hookless {
                    return Ok(());
                }
                E::touch_all(select, db).await.map(drop).map_err(Into::into)
            }
            // Concerns several tables: see `nest`.
            What::Nest(..) => Ok(()),
            What::Raw(row, sets) => raw::send(db, &assigned::<E>(table, &[row.1], sets, token), token).await,
            What::Bypass(row, sets) => assigned::<E>(table, &[row.1], sets, token)
                .exec(db)
                .await
                .map(drop),
        }
    })
}

/// What an application answers that has to save a row and does not find it.
fn gone() -> DbErr {
    DbErr::RecordNotFound("not there to be saved".to_owned())
}

fn column<E: EntityTrait>(name: &str) -> E::Column {
    E::Column::iter()
        .find(|column| column.as_str() == name)
        .unwrap_or_else(|| panic!("no column {name} in {}", E::default().table_name()))
}

/// A column that an upsert updates: the number of one that is written, or any other for the touch column.
fn updated<E: Touchable>(table: &Table, at: u8) -> E::Column {
    table.columns[table.key..]
        .get(at as usize)
        .map_or(E::TOUCH_COLUMN, |found| column::<E>(found.name))
}

fn is_row<E: EntityTrait>(table: &Table, number: u8) -> Condition {
    let keys = &table.keys[number as usize % table.keys.len()];
    let columns = table.columns[..table.key].iter().zip(keys);
    columns.fold(Condition::all(), |all, (key, value)| {
        all.add(column::<E>(key.name).eq(value.clone()))
    })
}

/// These rows; all when there is none.
fn are_rows<E: EntityTrait>(table: &Table, numbers: &[u8]) -> Condition {
    let none = if numbers.is_empty() {
        Condition::all()
    } else {
        Condition::any()
    };
    numbers
        .iter()
        .fold(none, |any, number| any.add(is_row::<E>(table, *number)))
}

/// The row as it is stored.
///
/// # Errors
///
/// When the database refuses.
pub async fn one<E: EntityTrait>(db: &Link, table: &Table, number: u8) -> Result<Option<E::Model>, DbErr> {
    E::find().filter(is_row::<E>(table, number)).one(db).await
}

fn value(table: &Table, (at, number): Set, token: &str) -> (usize, Value) {
    let at = table.key + at as usize % (table.columns.len() - table.key).max(1);
    let column = &table.columns[at.min(table.columns.len() - 1)];
    let value = if column.is_note() {
        Value::from(token)
    } else {
        column.values[number as usize % column.values.len()].clone()
    };
    (at.min(table.columns.len() - 1), value)
}

/// What a write of these sets would give which columns.
#[must_use]
pub fn values(table: &Table, sets: &[Set], token: &str) -> Vec<(usize, Value)> {
    // The last one counts.
    let values: BTreeMap<_, _> = sets.iter().map(|set| value(table, *set, token)).collect();
    values.into_iter().filter(|(at, _)| *at >= table.key).collect()
}

fn assigned<E: EntityTrait>(table: &Table, rows: &[u8], sets: &[Set], token: &str) -> sea_orm::UpdateMany<E> {
    let mut update = E::update_many().filter(are_rows::<E>(table, rows));
    for (at, value) in values(table, sets, token) {
        let column = column::<E>(table.columns[at].name);
        update = update.col_expr(column, column.save_as(Expr::val(value)));
    }
    update
}

fn keyed<E: EntityTrait>(table: &Table, number: u8) -> E::ActiveModel {
    let mut active = <E::ActiveModel as ActiveModelTrait>::default();
    let keys = &table.keys[number as usize % table.keys.len()];
    for (key, value) in table.columns[..table.key].iter().zip(keys) {
        active.set(column::<E>(key.name), value.clone());
    }
    active
}

#[expect(clippy::too_many_arguments, reason = "the parts of one write")]
async fn changed<E>(
    db: &Link,
    table: &Table,
    row: Row,
    from: From,
    sets: &[Set],
    token: &str,
    stamp: Stamp,
    memory: &Memory,
) -> Result<E::ActiveModel, DbErr>
where
    E: Touchable,
    E::Model: IntoActiveModel<E::ActiveModel> + Clone + 'static,
{
    let loaded = memory
        .get(&row)
        .and_then(|model| model.downcast_ref::<E::Model>());
    let mut active = match (from, loaded) {
        (From::Partial, _) => keyed::<E>(table, row.1),
        (From::Loaded, Some(model)) => model.clone().into_active_model(),
        (From::Reset, Some(model)) => model.clone().into_active_model().reset_all(),
        (_, _) => {
            let model = one::<E>(db, table, row.1).await?.ok_or_else(gone)?;
            let active = model.into_active_model();
            if from == From::Reset {
                active.reset_all()
            } else {
                active
            }
        }
    };
    for computed in &table.generated {
        active.not_set(column::<E>(computed));
    }
    set_values::<E>(&mut active, table, sets, token);
    if stamp != Stamp::No {
        active.set(E::TOUCH_COLUMN, moment::<E>(stamp));
    }
    Ok(active)
}

/// Sets what a write sets.
pub fn set_values<E: EntityTrait>(active: &mut E::ActiveModel, table: &Table, sets: &[Set], token: &str) {
    for (at, value) in values(table, sets, token) {
        active.set(column::<E>(table.columns[at].name), value);
    }
}

/// A new row, without stamps.
#[must_use]
pub fn fresh_row<E: EntityTrait>(table: &Table, number: u8, sets: &[Set], token: &str) -> E::ActiveModel {
    let mut active = keyed::<E>(table, number);
    let number = number as usize % table.keys.len();
    for column_of in &table.columns[table.key..] {
        let value = if column_of.is_note() {
            Value::from(token)
        } else {
            let seed = column_of.seeds.get(number).copied().unwrap_or_default();
            column_of.values[seed as usize % column_of.values.len()].clone()
        };
        active.set(column::<E>(column_of.name), value);
    }
    set_values::<E>(&mut active, table, sets, token);
    active
}

fn new_row<E: Touchable>(
    table: &Table,
    number: u8,
    sets: &[Set],
    token: &str,
    stamp: Stamp,
    hookless: bool,
) -> E::ActiveModel {
    let mut active = fresh_row::<E>(table, number, sets, token);
    for other in &table.stamps[1..] {
        active.set(column::<E>(other), moment::<E>(Stamp::Old));
    }
    if hookless {
        active.set(E::TOUCH_COLUMN, moment::<E>(Stamp::Old));
        if let (Some(version), Some(first)) = (E::VERSION_COLUMN, E::first_version()) {
            active.set(version, first);
        }
    } else if stamp != Stamp::No {
        active.set(E::TOUCH_COLUMN, moment::<E>(stamp));
    }
    active
}

/// Another one for each row of each history: no note that a history leaves behind can be met by the next one.
fn seed_stamp() -> touchable::Stamp {
    static NEXT: AtomicI64 = AtomicI64::new(1_690_000_000_000_001);
    touchable::Stamp::from_micros(NEXT.fetch_add(7, Relaxed))
}

/// The application's own stamp, in the type of the touch column.
fn moment<E: Touchable>(stamp: Stamp) -> Value {
    let at = match stamp {
        Stamp::No | Stamp::Now => Utc::now(),
        Stamp::Repeated => "2031-05-06T07:08:09.123456789Z".parse().expect("a moment"),
        Stamp::Old => "2023-05-06T07:08:09.123456Z"
            .parse::<DateTime<Utc>>()
            .expect("a moment"),
    };
    match E::stamp_value(touchable::Stamp::from_micros(at.timestamp_micros())) {
        Value::ChronoDateTimeUtc(_) => at.into(),
        Value::ChronoDateTimeWithTimeZone(_) => at.fixed_offset().into(),
        Value::ChronoDateTime(_) => at.naive_utc().into(),
        other => other,
    }
}
