//! A reading has a column of each type that all databases know. Shows show all of them.
//!
//! Values come in several spellings: what is equal is what the database stores, which rounds, cuts off and pads.
//!
//! ```text
//! reading ──every column──► shows
//! ```

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use sea_orm::prelude::{DateTimeUtc, DateTimeWithTimeZone, Decimal};
use serde_json::json;
use touchable_tests::Backend;

use super::{EVERYWHERE, nothing};
use crate::{
    perform::entity,
    schema::{Column, Hop, Rule, Schema, Table},
};

const READING: usize = 0;
const SHOW: usize = 1;

/// The schema.
#[must_use]
pub fn schema(_: Backend) -> Schema {
    let watched = [
        "price", "ratio", "exact", "small", "flag", "text", "code", "json", "document", "bytes", "moment",
        "zoned", "naive", "day", "hour", "maybe", "word",
    ];
    let reading = Table::new(entity::<reading::Entity>(), "id", [1, 2, 3], columns());
    Schema {
        name: "typed",
        backends: EVERYWHERE,
        tables: vec![reading, show()],
        rules: vec![Rule::only(
            READING,
            watched,
            vec![Hop::to(SHOW, "id", "reading_id")],
        )],
        before: nothing,
        after: nothing,
    }
}

fn columns() -> Vec<Column> {
    let json = [
        json!({"a": 1, "list": [1.5, "b", null]}),
        json!({"a": 1.0, "list": [1.5, "b", null]}),
        json!(1),
        json!(1.0),
    ];
    vec![
        // Two decimals are kept: 1.005 is stored as 1.01.
        Column::of(
            "price",
            [(15, 1), (150, 2), (125, 2), (1005, 3), (101, 2)].map(decimal),
        ),
        Column::of("ratio", [0.1_f32, 0.2, 16_777_216.0]),
        Column::of("exact", [0.3_f64, 0.1 + 0.2, 0.0, -0.0]),
        Column::of("small", [1_i16, -1]),
        Column::of("flag", [false, true]),
        Column::of("text", ["a", "A", "á", "a "]),
        Column::of("code", ["ab", "ab ", "AB"]),
        Column::of("json", json.clone()),
        Column::of("document", json),
        Column::of(
            "bytes",
            [b"a".to_vec(), b"A".to_vec(), b"a\0".to_vec(), b"a ".to_vec()],
        ),
        Column::of(
            "moment",
            ["08:00:00.123456789Z", "08:00:00.123456Z", "08:00:00.123457Z"].map(moment),
        ),
        // The first two are the same moment.
        Column::of("zoned", ["10:00:00+02:00", "08:00:00Z", "08:00:01Z"].map(zoned)),
        Column::of(
            "naive",
            ["08:00:00.123456789", "08:00:00.123456", "08:00:00"].map(naive),
        ),
        Column::of(
            "day",
            [1, 2].map(|day| NaiveDate::from_ymd_opt(2024, 2, day).expect("a day")),
        ),
        Column::of("hour", ["08:00:00", "08:00:00.4", "08:00:00.400001"].map(hour)),
        Column::of("maybe", [None, Some(0), Some(1)]),
        Column::of("word", [None, Some(""), Some("a")]),
        Column::note(),
    ]
}

fn show() -> Table {
    Table::new(
        entity::<show::Entity>(),
        "id",
        [1, 2, 3],
        vec![
            Column::of("reading_id", [Some(1), Some(2), None])
                .seeds([0, 1])
                .leads(),
            Column::note(),
        ],
    )
}

fn decimal((digits, scale): (i64, u32)) -> Decimal {
    Decimal::new(digits, scale)
}

fn moment(time: &str) -> DateTimeUtc {
    zoned(time).to_utc()
}

fn zoned(time: &str) -> DateTimeWithTimeZone {
    DateTime::parse_from_rfc3339(&format!("2024-02-03T{time}")).expect("a moment")
}

fn naive(time: &str) -> NaiveDateTime {
    format!("2024-02-03T{time}").parse().expect("a moment")
}

fn hour(time: &str) -> NaiveTime {
    time.parse().expect("a time of day")
}

mod reading {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "readings")]
    #[touch(
        shows,
        on_fields = [
            price, ratio, exact, small, flag, text, code, json, document, bytes, moment, zoned, naive, day, hour,
            maybe, word
        ]
    )]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        #[sea_orm(column_type = "Decimal(Some((10, 2)))")]
        pub price: Decimal,
        #[sea_orm(column_type = "Float")]
        pub ratio: f32,
        #[sea_orm(column_type = "Double")]
        pub exact: f64,
        pub small: i16,
        pub flag: bool,
        #[sea_orm(column_type = "Text")]
        pub text: String,
        #[sea_orm(column_type = "Char(Some(4))")]
        pub code: String,
        pub json: Json,
        #[sea_orm(column_type = "JsonBinary")]
        pub document: Json,
        pub bytes: Vec<u8>,
        pub moment: DateTimeUtc,
        pub zoned: DateTimeWithTimeZone,
        pub naive: DateTime,
        pub day: Date,
        pub hour: Time,
        pub maybe: Option<i32>,
        pub word: Option<String>,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub shows: HasMany<super::show::Entity>,
    }
}

mod show {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "shows")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub reading_id: Option<i32>,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "reading_id", to = "id")]
        pub reading: BelongsTo<Option<super::reading::Entity>>,
    }
}
