//! The ways to write a value over another.

use std::{collections::HashMap, str::FromStr};

use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ColumnTrait, DbErr, EntityTrait, IntoActiveModel, Iterable,
    PrimaryKeyToColumn, PrimaryKeyTrait, QueryFilter, Value,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use touchable::{TouchMany, Touchable};
use touchable_tests::{Level, Stage, Switch, World, at};

/// An entity of samples.
pub trait Sample:
    EntityTrait<
        Model: IntoActiveModel<Self::ActiveModel>,
        ActiveModel: ActiveModelBehavior + Send,
        PrimaryKey: PrimaryKeyTrait<ValueType = i32>,
    > + Touchable
{
}

impl<E> Sample for E where
    E: EntityTrait<
            Model: IntoActiveModel<Self::ActiveModel>,
            ActiveModel: ActiveModelBehavior + Send,
            PrimaryKey: PrimaryKeyTrait<ValueType = i32>,
        > + Touchable
{
}

/// A sample: what it holds at first, and what it is set to.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: i32,
    pub stored: Value,
    pub set: Value,
}

/// A way to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A bulk update without the library: what the database makes of it.
    Without,
    /// Each record is loaded, changed and saved.
    Saves(Level),
    /// One `update_many().touching()` for each value.
    Bulk(Level),
    /// One `Entity::update(..).touching()` for each record.
    Ones(Level),
    /// One upsert of all records.
    Upsert(Level),
}

use Level::{Connection, TouchConnection, TouchTransaction, Transaction};

impl Way {
    /// With the library.
    pub const ALL: [Self; 10] = [
        Self::Saves(Connection),
        Self::Saves(Transaction),
        Self::Saves(TouchConnection),
        Self::Saves(TouchTransaction),
        Self::Bulk(Connection),
        Self::Bulk(Transaction),
        Self::Bulk(TouchConnection),
        Self::Bulk(TouchTransaction),
        Self::Ones(TouchConnection),
        Self::Upsert(Connection),
    ];

    const fn level(self) -> Level {
        match self {
            Self::Without => Connection,
            Self::Saves(level) | Self::Bulk(level) | Self::Ones(level) | Self::Upsert(level) => level,
        }
    }

    /// Sets a column of all these samples.
    pub async fn write<E: Sample>(self, world: &World, column: &str, rows: &[Row]) -> Result<(), DbErr> {
        let stage = Stage::on(world, self.level());
        let column = of::<E>(column);
        let write = async {
            match self {
                Self::Without => Box::pin(without::<E>(world, column, rows)).await,
                Self::Saves(_) => Box::pin(saves::<E>(&stage, column, rows)).await,
                Self::Bulk(_) => Box::pin(bulk::<E>(&stage, column, rows)).await,
                Self::Ones(_) => Box::pin(ones::<E>(&stage, column, rows)).await,
                Self::Upsert(_) => Box::pin(upsert::<E>(&stage, column, rows)).await,
            }
        };
        let (written, committed) = stage.try_act(Box::pin(write)).await;
        written.and(committed)
    }
}

/// A column by its name.
pub fn of<E: EntityTrait>(column: &str) -> E::Column {
    E::Column::from_str(column).unwrap_or_else(|_| panic!("no column {column}"))
}

/// A sample as it is seeded.
pub fn seed<E: Sample>(column: E::Column, id: i32, value: Value) -> E::ActiveModel {
    let mut sample = <E::ActiveModel as ActiveModelTrait>::default();
    sample.set(of::<E>("id"), id.into());
    sample.set(of::<E>("show_id"), id.into());
    sample.set(of::<E>("updated_at"), at(2).into());
    sample.set(column, value);
    sample
}

fn change<E: Sample>(column: E::Column, value: &Value) -> E::ActiveModel {
    let mut change = <E::ActiveModel as ActiveModelTrait>::default();
    change.set(column, value.clone());
    change
}

fn key<E: Sample>() -> E::Column {
    let key = E::PrimaryKey::iter().next().expect("a primary key");
    key.into_column()
}

/// The samples that are set to the same value.
fn by_value(rows: &[Row]) -> Vec<(&Value, Vec<i32>)> {
    let mut groups: Vec<(&Value, Vec<i32>)> = Vec::new();
    for row in rows {
        let spelled = format!("{:?}", row.set);
        match groups
            .iter_mut()
            .find(|(value, _)| format!("{value:?}") == spelled)
        {
            Some((_, ids)) => ids.push(row.id),
            None => groups.push((&row.set, vec![row.id])),
        }
    }
    groups
}

async fn without<E: Sample>(world: &World, column: E::Column, rows: &[Row]) -> Result<(), DbErr> {
    for (value, ids) in by_value(rows) {
        E::update_many()
            .set(change::<E>(column, value))
            .filter(key::<E>().is_in(ids))
            .exec(&world.db)
            .await?;
    }
    Ok(())
}

async fn saves<E: Sample>(stage: &Stage<'_, Switch>, column: E::Column, rows: &[Row]) -> Result<(), DbErr> {
    let models = E::find().all(&stage.db).await?;
    let mut samples: HashMap<i32, E::ActiveModel> = models
        .into_iter()
        .map(|model| {
            let sample = model.into_active_model();
            let id = sample.get(key::<E>()).into_value().expect("a key");
            (id.unwrap(), sample)
        })
        .collect();
    for row in rows {
        let mut sample = samples.remove(&row.id).expect("a seeded sample");
        sample.set(column, row.set.clone());
        Box::pin(sample.update(&stage.db)).await?;
    }
    Ok(())
}

async fn bulk<E: Sample>(stage: &Stage<'_, Switch>, column: E::Column, rows: &[Row]) -> Result<(), DbErr> {
    for (value, ids) in by_value(rows) {
        E::update_many()
            .set(change::<E>(column, value))
            .filter(key::<E>().is_in(ids))
            .touching()
            .exec(&stage.db)
            .await?;
    }
    Ok(())
}

async fn ones<E: Sample>(stage: &Stage<'_, Switch>, column: E::Column, rows: &[Row]) -> Result<(), DbErr> {
    for row in rows {
        let mut change = change::<E>(column, &row.set);
        change.set(key::<E>(), row.id.into());
        Box::pin(E::update(change).touching().exec(&stage.db)).await?;
    }
    Ok(())
}

async fn upsert<E: Sample>(stage: &Stage<'_, Switch>, column: E::Column, rows: &[Row]) -> Result<(), DbErr> {
    let samples = rows.iter().map(|row| seed::<E>(column, row.id, row.set.clone()));
    let onto = OnConflict::column(key::<E>()).update_column(column).to_owned();
    E::insert_many(samples)
        .on_conflict(onto)
        .touching()
        .exec_without_returning(&stage.db)
        .await?;
    Ok(())
}

/// How a column is read as it is stored: in a spelling that tells any two stored values apart.
pub fn stored<E: EntityTrait>(world: &World, column: &str) -> Expr {
    use touchable_tests::Backend::{MariaDb, Postgres, Sqlite};
    let is_float = ["float", "double", "narrow"].contains(&column);
    let name = Expr::col(of::<E>(column));
    let sql = match world.backend {
        Postgres => return name.cast_as("text"),
        Sqlite => "typeof(?) || CASE typeof(?) WHEN 'text' THEN hex(?) ELSE quote(?) END",
        // The angle tells the two zeros apart.
        MariaDb if is_float => "CONCAT(CAST(CAST(? AS DOUBLE) AS CHAR), ' ', ATAN2(?, -1))",
        MariaDb => "HEX(CAST(? AS BINARY))",
    };
    let places = sql.matches('?').count();
    Expr::cust_with_exprs(sql, vec![name; places])
}
