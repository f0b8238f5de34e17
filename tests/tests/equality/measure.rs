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
        measured.push(Box::pin(one::<E>(world, samples, ways)).await);
    }
    measured
}

/// One column by all these ways.
pub async fn one<E: Sample>(world: &World, samples: Samples, ways: &[Way]) -> Measured {
    let column = samples.column;
    let rows = over_each_other(&samples.values);
    let before = Box::pin(attempt::<E>(world, column, &rows, None)).await.0;
    let (plain, refused) = Box::pin(attempt::<E>(world, column, &rows, Some(Way::Without))).await;
    assert_eq!(refused, None, "{column}: values that the database refuses");
    let mut faults = Vec::new();
    let mut first: Option<BTreeMap<i32, Outcome>> = None;
    for way in ways {
        let (outcomes, refused) = Box::pin(attempt::<E>(world, column, &rows, Some(*way))).await;
        if let Some(error) = refused {
            faults.push(format!("{column}, {way:?}: {error}"));
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
            if earlier != expected && !outcome.touched {
                faults.push(format!("not touched: {what}"));
            }
            let others = first
                .as_ref()
                .map_or(outcome.touched, |first| first[&row.id].touched);
            // An upsert reads what was stored, and is never in doubt. Its statement stamps the row before that.
            let (touched, stamped) = match way {
                Way::Upsert(_) => (
                    earlier != expected,
                    outcome.touched || (others && outcome.stamped),
                ),
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
        faults,
    }
}

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
