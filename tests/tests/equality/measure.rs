//! Writes every value of a column over every other, and null, and compares what is stored and touched.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, EntityTrait, FromQueryResult, QuerySelect, Set, Value};
use touchable_tests::{Backend, World, at};

use crate::{
    entities::{self, mariadb, postgres, show, sqlite},
    on_every_database,
    samples::{self, Samples},
    ways::{Row, Sample, Way, of, seed, stored},
};

/// What became of a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// As the database spells it; `None` is null.
    pub stored: Option<String>,
    /// The show was touched.
    pub touched: bool,
    /// The sample's own touch column has risen.
    pub stamped: bool,
}

/// A value that was written over another.
#[derive(Clone, Debug)]
pub struct Written {
    pub row: Row,
    /// The database stores it in another way.
    pub differs: bool,
    /// By the first way with the library; the others agree.
    pub touched: bool,
}

/// A column's values over each other.
#[derive(Debug)]
pub struct Measured {
    pub samples: Samples,
    pub written: Vec<Written>,
    /// The error without the library.
    pub refused: Option<String>,
    pub faults: Vec<String>,
}

/// All columns that a backend has, by all these ways.
pub async fn all(world: &World, ways: &[Way]) -> Vec<Measured> {
    match world.backend {
        Backend::Sqlite => Box::pin(each::<sqlite::Entity>(world, ways)).await,
        Backend::Postgres => Box::pin(each::<postgres::Entity>(world, ways)).await,
        Backend::MariaDb => Box::pin(each::<mariadb::Entity>(world, ways)).await,
    }
}

async fn each<E: Sample>(world: &World, ways: &[Way]) -> Vec<Measured> {
    Box::pin(entities::create::<E>(world)).await;
    let mut measured = Vec::new();
    for samples in samples::of(world.backend) {
        let rows = over_each_other(&samples.values);
        let one = Box::pin(each_over::<E>(world, samples, rows, ways)).await;
        assert_eq!(
            one.refused, None,
            "{}: samples that are refused",
            one.samples.column
        );
        measured.push(one);
    }
    measured
}

/// Rows of one column by all these ways. What the database refuses without the library is refused in every way.
pub async fn each_over<E: Sample>(world: &World, samples: Samples, rows: Vec<Row>, ways: &[Way]) -> Measured {
    let column = samples.column;
    let before = Box::pin(attempt::<E>(world, column, &rows, None)).await.0;
    let (plain, refused) = Box::pin(attempt::<E>(world, column, &rows, Some(Way::Without))).await;
    let mut faults = Vec::new();
    let mut first: Option<BTreeMap<i32, Outcome>> = None;
    for way in ways {
        let (outcomes, error) = Box::pin(attempt::<E>(world, column, &rows, Some(*way))).await;
        if error.is_some() != refused.is_some() {
            faults.push(format!(
                "{column}, {way:?}: {error:?} where it is {refused:?} without the library, {rows:?}"
            ));
            continue;
        }
        for row in &rows {
            let outcome = &outcomes[&row.id];
            let (earlier, expected) = (&before[&row.id].stored, &plain[&row.id].stored);
            let what = format!(
                "{column}, {way:?}: {:?} over {:?}, stored as {expected:?} over {earlier:?}, {outcome:?}",
                row.set, row.stored
            );
            if outcome.stored != *expected {
                faults.push(format!("lost: {what}"));
            }
            let differs = !are_read_alike(earlier.as_deref(), expected.as_deref());
            if differs && !outcome.touched {
                faults.push(format!("not touched: {what}"));
            }
            if refused.is_some() {
                // On plain connections the touches go ahead of the save, and stay when it fails.
                let is_ahead = matches!(way, Way::Saves(level) if !level.is_touch());
                if outcome.stamped || outcome.touched && !is_ahead {
                    faults.push(format!("moved by a write that failed: {what}"));
                }
                continue;
            }
            let others = first
                .as_ref()
                .map_or(outcome.touched, |first| first[&row.id].touched);
            // An upsert reads what was stored, and is never in doubt. Its statement stamps the row before that.
            let (touched, stamped) = match way {
                Way::Upsert(_) => (differs, outcome.touched || (others && outcome.stamped)),
                _ => (others, outcome.touched),
            };
            if outcome.touched != touched {
                faults.push(format!("unlike {:?}: {what}", ways[0]));
            }
            if outcome.stamped != stamped {
                faults.push(format!("its own stamp: {what}"));
            }
        }
        first.get_or_insert(outcomes);
    }
    let written = rows.into_iter().map(|row| Written {
        differs: before[&row.id].stored != plain[&row.id].stored,
        touched: first.as_ref().is_some_and(|first| first[&row.id].touched),
        row,
    });
    Measured {
        samples,
        written: written.collect(),
        refused,
        faults,
    }
}

/// The driver of MariaDB reads its date of zeros as null: nobody can show the difference.
fn are_read_alike(one: Option<&str>, other: Option<&str>) -> bool {
    let read = |form: Option<&str>| {
        form.filter(|form| !form.starts_with(ZERO_DATE))
            .map(str::to_owned)
    };
    read(one) == read(other)
}

/// `0000-00-00`, as `HEX` spells it.
const ZERO_DATE: &str = "303030302D30302D3030";

/// Each value over each, null among them.
fn over_each_other(values: &[Value]) -> Vec<Row> {
    let null = values.first().expect("a value").as_null();
    let all: Vec<&Value> = values.iter().chain([&null]).collect();
    let pairs = all
        .iter()
        .flat_map(|stored| all.iter().map(move |set| (*stored, *set)));
    (1..)
        .zip(pairs)
        .map(|(id, (stored, set))| Row {
            id,
            stored: stored.clone(),
            set: set.clone(),
        })
        .collect()
}

/// Seeds the samples anew, writes, and reads what became of them.
pub async fn attempt<E: Sample>(
    world: &World,
    column: &str,
    rows: &[Row],
    way: Option<Way>,
) -> (BTreeMap<i32, Outcome>, Option<String>) {
    for table in ["samples", "shows"] {
        let sql = format!("DELETE FROM {table}");
        world.db.execute_unprepared(&sql).await.expect("empty tables");
    }
    world
        .seed(rows.iter().map(|row| show::ActiveModel {
            id: Set(row.id),
            updated_at: Set(at(1)),
        }))
        .await;
    let seeds = rows
        .iter()
        .map(|row| seed::<E>(of::<E>(column), row.id, row.stored.clone()));
    Box::pin(world.seed(seeds)).await;
    let refused = match way {
        Some(way) => Box::pin(way.write::<E>(world, column, rows)).await.err(),
        None => None,
    };
    (
        outcomes::<E>(world, column).await,
        refused.map(|error| error.to_string()),
    )
}

#[derive(FromQueryResult)]
struct Stored {
    id: i32,
    form: Option<String>,
    updated_at: sea_orm::prelude::DateTimeUtc,
}

async fn outcomes<E: Sample>(world: &World, column: &str) -> BTreeMap<i32, Outcome> {
    let shows = show::Entity::find().all(&world.db).await.expect("shows");
    let touched: BTreeMap<i32, bool> = shows
        .into_iter()
        .map(|show| (show.id, show.updated_at > at(1)))
        .collect();
    let samples = E::find()
        .select_only()
        .columns([of::<E>("id"), of::<E>("updated_at")])
        .expr_as(stored::<E>(world, column), "form")
        .into_model::<Stored>()
        .all(&world.db)
        .await
        .expect("samples");
    samples
        .into_iter()
        .map(|sample| {
            let outcome = Outcome {
                stored: sample.form,
                touched: touched[&sample.id],
                stamped: sample.updated_at > at(2),
            };
            (sample.id, outcome)
        })
        .collect()
}

/// No write is lost that the database would have stored differently, and all ways agree.
async fn b38_no_write_is_lost_by_any_way(world: &World) {
    let measured = all(world, &Way::ALL).await;
    let faults: Vec<String> = measured.into_iter().flat_map(|column| column.faults).collect();
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

on_every_database!(b38_no_write_is_lost_by_any_way);
