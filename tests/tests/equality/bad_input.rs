//! Values that a database refuses, cuts off or stores as something else, in the settings in which it does so.
//!
//! What an update without the library comes to is right: the same error with nothing stored and nothing touched, or the
//! same value stored and touched when it differs.

use chrono::NaiveDate;
use sea_orm::{
    ConnectionTrait, Value,
    prelude::{DateTimeWithTimeZone, Decimal},
};
use serde_json::json;
use touchable_tests::{Backend, World};

use crate::{
    entities::{self, mariadb, postgres, sqlite},
    measure, on_every_database,
    samples::{self, Samples},
    ways::{Row, Sample, Way},
};

/// A session or a table unlike the usual one: how it is made, and how it is taken back.
struct Setting {
    name: &'static str,
    set: &'static [&'static str],
    reset: &'static [&'static str],
}

const USUAL: Setting = Setting {
    name: "as usual",
    set: &[],
    reset: &[],
};

const IN_LATIN1: &str = "ALTER TABLE samples MODIFY string varchar(20) CHARACTER SET latin1";
const AS_USUAL: &str = "ALTER TABLE samples MODIFY string varchar(20)";
const LAX: &str = "SET SESSION sql_mode = ''";
const STRICT: &str = "SET SESSION sql_mode = DEFAULT";

fn settings(backend: Backend) -> Vec<Setting> {
    match backend {
        Backend::Sqlite => vec![USUAL],
        Backend::Postgres => vec![
            USUAL,
            Setting {
                name: "a client in latin1",
                set: &["SET client_encoding = 'LATIN1'"],
                reset: &["RESET client_encoding"],
            },
            Setting {
                name: "another zone and style",
                set: &["SET timezone = 'Asia/Kathmandu'", "SET datestyle = 'SQL, DMY'"],
                reset: &["RESET timezone", "RESET datestyle"],
            },
        ],
        Backend::MariaDb => vec![
            USUAL,
            Setting {
                name: "not strict",
                set: &[LAX],
                reset: &[STRICT],
            },
            Setting {
                name: "a client in latin1",
                set: &["SET NAMES latin1"],
                reset: &["SET NAMES utf8mb4"],
            },
            Setting {
                name: "columns in latin1",
                set: &[IN_LATIN1],
                reset: &[AS_USUAL],
            },
            Setting {
                name: "columns in latin1, not strict",
                set: &[IN_LATIN1, LAX],
                reset: &[AS_USUAL, STRICT],
            },
        ],
    }
}

/// A column, and a value that it does not take as it is.
fn values(backend: Backend) -> Vec<(&'static str, Value)> {
    let mut all: Vec<(&'static str, Value)> = vec![
        ("string", "more than twenty characters".into()),
        ("string", "a zero\0byte".into()),
        ("string", "\u{65e5}\u{672c} \u{1f980}".into()),
        ("string", "twenty, then blanks.    ".into()),
        ("char", "more than eight".into()),
        ("text", "a zero\0byte".into()),
        ("binary", b"more than eight".to_vec().into()),
        ("var_binary", b"more than eight".to_vec().into()),
        ("float", f32::NAN.into()),
        ("float", f32::INFINITY.into()),
        ("double", f64::NAN.into()),
        ("double", f64::NEG_INFINITY.into()),
        ("scaled", Decimal::new(9_999_999_999_999, 2).into()),
    ];
    // The driver of MariaDB loses its connection over years below zero, with the library and without.
    let years: &[i32] = if backend == Backend::MariaDb {
        &[12_000, 0]
    } else {
        &[12_000, 0, -1]
    };
    for year in years {
        let day = NaiveDate::from_ymd_opt(*year, 2, 3).expect("a day");
        let moment = day.and_hms_micro_opt(4, 5, 6, 7).expect("a moment");
        all.push(("date", day.into()));
        all.push(("date_time", moment.into()));
        let zoned: DateTimeWithTimeZone = moment.and_utc().fixed_offset();
        all.push(("timestamp_with_time_zone", zoned.into()));
    }
    if backend != Backend::Sqlite {
        // SQLite stores them as floats, which SeaORM cannot read again.
        all.push(("scaled", Decimal::MAX.into()));
        all.push(("decimal", Decimal::MIN.into()));
    }
    match backend {
        Backend::Sqlite => all.push(("json", "{broken".into())),
        Backend::Postgres => all.extend([
            ("json", Value::from("{broken")),
            ("json_binary", "{broken".into()),
            ("json", r#"{"a": "\u0000"}"#.into()),
            ("json_binary", r#"{"a": "\u0000"}"#.into()),
            ("json", r#"{"a": 1e400}"#.into()),
            ("json", r#"{"a": "\ud800"}"#.into()),
            ("array_of_json", vec![json!({"a": "\0"})].into()),
            ("array_of_text", vec!["a zero\0byte".to_owned()].into()),
            ("interval", "a while".into()),
            ("bit", "01".into()),
            ("var_bit", "0101010101".into()),
            ("cidr", "10.0.0.1/24".into()),
            ("inet", "10.0.0.256".into()),
            ("mac_addr", "08".into()),
            ("l_tree", "a..b".into()),
            ("small_unsigned", i32::MIN.into()),
        ]),
        Backend::MariaDb => all.extend([
            ("json", Value::from("{broken")),
            ("year", 12_000_u16.into()),
            ("bit", 99_u64.into()),
            ("narrow", f64::MAX.into()),
        ]),
    }
    all
}

async fn each<E: Sample>(world: &World) {
    Box::pin(entities::create::<E>(world)).await;
    let mut faults = Vec::new();
    for setting in settings(world.backend) {
        send(world, setting.set).await;
        for (column, value) in values(world.backend) {
            for (stored, set) in around(world, column, &value) {
                let row = Row { id: 1, stored, set };
                let samples = Samples {
                    column,
                    values: Vec::new(),
                    pairs: Vec::new(),
                };
                let measured = Box::pin(measure::each_over::<E>(world, samples, vec![row], &Way::ALL)).await;
                faults.extend(
                    measured
                        .faults
                        .iter()
                        .map(|fault| format!("{}: {fault}", setting.name)),
                );
            }
        }
        send(world, setting.reset).await;
    }
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

/// Over an ordinary value, and over null.
fn around(world: &World, column: &str, value: &Value) -> Vec<(Value, Value)> {
    let ordinary = samples::of(world.backend)
        .into_iter()
        .find(|samples| samples.column == column)
        .expect("a column with samples")
        .values;
    let mut stored: Vec<Value> = ordinary.into_iter().take(1).collect();
    stored.push(value.as_null());
    stored.into_iter().map(|stored| (stored, value.clone())).collect()
}

async fn send(world: &World, statements: &[&str]) {
    world
        .db
        .execute_unprepared("DELETE FROM samples")
        .await
        .expect("an empty table");
    for sql in statements {
        world
            .db
            .execute_unprepared(sql)
            .await
            .unwrap_or_else(|e| panic!("{e}: {sql}"));
    }
}

/// Every way comes to what an update without the library comes to.
async fn b38_what_a_database_refuses_or_cuts_off(world: &World) {
    match world.backend {
        Backend::Sqlite => Box::pin(each::<sqlite::Entity>(world)).await,
        Backend::Postgres => Box::pin(each::<postgres::Entity>(world)).await,
        Backend::MariaDb => Box::pin(each::<mariadb::Entity>(world)).await,
    }
}

on_every_database!(b38_what_a_database_refuses_or_cuts_off);
