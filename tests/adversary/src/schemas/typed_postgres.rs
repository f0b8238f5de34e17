//! Types that PostgreSQL alone knows, and whose `=` is not what is stored: jsonb, intervals, text without case, arrays
//! of numbers, moments in whole seconds.
//!
//! ```text
//! paper ──every column──► copies
//! ```

use chrono::DateTime;
use sea_orm::prelude::{DateTimeUtc, Decimal};
use touchable_tests::Backend;

use super::nothing;
use crate::{
    perform::entity,
    schema::{Column, Hop, Rule, Schema, Table},
};

const PAPER: usize = 0;
const COPY: usize = 1;

/// The schema.
#[must_use]
pub fn schema(_: Backend) -> Schema {
    let watched = [
        "document", "raw", "period", "nick", "numbers", "words", "prices", "second",
    ];
    let copy = vec![
        Column::of("paper_id", [Some(1), Some(2), None])
            .seeds([0, 1])
            .leads(),
        Column::note(),
    ];
    Schema {
        name: "typed_postgres",
        backends: &[Backend::Postgres],
        tables: vec![
            Table::new(entity::<paper::Entity>(), "id", [1, 2, 3], columns()),
            Table::new(entity::<copy::Entity>(), "id", [1, 2, 3], copy),
        ],
        rules: vec![Rule::only(PAPER, watched, vec![Hop::to(COPY, "id", "paper_id")])],
        before: citext,
        after: nothing,
    }
}

/// The type of text in which case does not count.
pub(super) fn citext(_: Backend) -> Vec<String> {
    vec!["CREATE EXTENSION IF NOT EXISTS citext".to_owned()]
}

fn columns() -> Vec<Column> {
    let decimal = |(digits, scale)| Decimal::new(digits, scale);
    vec![
        Column::of(
            "document",
            [
                r#"{"a": 1, "b": 2}"#,
                r#"{"b":2, "a":1}"#,
                r#"{"a": 1.0, "b": 2}"#,
                r#"{"a": 1, "a": 1, "b": 2}"#,
            ],
        ),
        // The text is stored as it is written.
        Column::of("raw", [r#"{"a":1}"#, r#"{"a": 1}"#, r#"{"a":1}"#]),
        Column::of("period", ["30 days", "1 mon", "720 hours", "1 month"]),
        Column::of("nick", ["a", "A", "a ", "b"]),
        Column::of("numbers", [vec![1, 2], vec![2, 1], vec![]]),
        Column::of(
            "words",
            [vec!["a", "b"], vec!["A", "b"], vec!["a,b"], vec![""]]
                .map(|words| words.into_iter().map(str::to_owned).collect::<Vec<_>>()),
        ),
        Column::of(
            "prices",
            [vec![(15, 1)], vec![(150, 2)], vec![]]
                .map(|prices| prices.into_iter().map(decimal).collect::<Vec<_>>()),
        ),
        // Rounded to the second: the first two are one.
        Column::of("second", ["08:00:01", "08:00:00.6", "08:00:00"].map(moment)),
        Column::note(),
    ]
}

fn moment(time: &str) -> DateTimeUtc {
    let moment = DateTime::parse_from_rfc3339(&format!("2024-02-03T{time}Z"));
    moment.expect("a moment").to_utc()
}

mod paper {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "papers")]
    #[touch(copies, on_fields = [document, raw, period, nick, numbers, words, prices, second])]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        #[sea_orm(column_type = "JsonBinary", select_as = "text", save_as = "jsonb")]
        pub document: String,
        #[sea_orm(column_type = "Json", select_as = "text", save_as = "json")]
        pub raw: String,
        #[sea_orm(
            column_type = "Interval(None, None)",
            select_as = "text",
            save_as = "interval"
        )]
        pub period: String,
        #[sea_orm(column_type = "custom(\"citext\")")]
        pub nick: String,
        pub numbers: Vec<i32>,
        pub words: Vec<String>,
        pub prices: Vec<Decimal>,
        #[sea_orm(column_type = "custom(\"timestamptz(0)\")")]
        pub second: DateTimeUtc,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(has_many)]
        pub copies: HasMany<super::copy::Entity>,
    }
}

mod copy {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "copies")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub paper_id: Option<i32>,
        pub note: String,
        pub updated_at: DateTimeUtc,
        #[sea_orm(belongs_to, from = "paper_id", to = "id")]
        pub paper: BelongsTo<Option<super::paper::Entity>>,
    }
}
