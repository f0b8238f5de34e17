//! Values of each column, among them those that look alike and those that are called equal.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use sea_orm::{
    ActiveEnum, Value,
    prelude::{Decimal, Uuid},
};
use serde_json::json;
use touchable_tests::Backend::{self, MariaDb, Postgres, Sqlite};

use crate::entities::Mood;

/// The values of a column.
#[derive(Clone, Debug)]
pub struct Samples {
    pub column: &'static str,
    pub values: Vec<Value>,
    /// In what two values differ, by their places.
    pub pairs: Vec<(&'static str, usize, usize)>,
}

/// Values by their column.
#[derive(Default)]
struct Collected(BTreeMap<&'static str, Samples>);

impl Collected {
    fn entry(&mut self, column: &'static str) -> &mut Samples {
        self.0.entry(column).or_insert_with(|| Samples {
            column,
            values: Vec::new(),
            pairs: Vec::new(),
        })
    }

    /// Values that differ in the usual way.
    fn plain<V: Into<Value>>(&mut self, column: &'static str, values: impl IntoIterator<Item = V>) {
        let samples = self.entry(column);
        for value in values {
            place(&mut samples.values, value.into());
        }
    }

    /// Two values that differ in this.
    fn pair<V: Into<Value>>(&mut self, column: &'static str, differ_in: &'static str, one: V, other: V) {
        let samples = self.entry(column);
        let one = place(&mut samples.values, one.into());
        let other = place(&mut samples.values, other.into());
        samples.pairs.push((differ_in, one, other));
    }
}

/// Where a value stands, or is put. Values that are equal can be spelled in two ways.
fn place(values: &mut Vec<Value>, value: Value) -> usize {
    let spelled = format!("{value:?}");
    values
        .iter()
        .position(|other| format!("{other:?}") == spelled)
        .unwrap_or_else(|| {
            values.push(value);
            values.len() - 1
        })
}

/// The values of all columns that a backend has.
pub fn of(backend: Backend) -> Vec<Samples> {
    let mut all = Collected::default();
    texts(&mut all, backend);
    bytes(&mut all);
    integers(&mut all, backend);
    numbers(&mut all, backend);
    times(&mut all, backend);
    documents(&mut all);
    if backend == Postgres {
        of_postgres(&mut all);
    }
    all.0.into_values().collect()
}

fn texts(all: &mut Collected, backend: Backend) {
    for column in ["char", "string", "text", "folded", "custom"] {
        all.pair(column, "case", "ab", "AB");
        all.pair(column, "blanks at the end", "ab", "ab ");
        all.pair(column, "accents", "ab", "áb");
        all.pair(column, "the spelling of an accent", "áb", "a\u{301}b");
        all.plain(column, ["", "1.0"]);
    }
    all.plain("enumeration", [Mood::Glad, Mood::Sad].map(Mood::into_value));
    if backend == MariaDb {
        all.plain("year", [1999_u16, 2000]);
        all.plain("bit", [5_u64, 6]);
        all.plain("var_bit", [5_u64, 6]);
    }
}

fn bytes(all: &mut Collected) {
    for column in ["blob", "binary", "var_binary"] {
        let bytes = |text: &str| text.as_bytes().to_vec();
        all.pair(column, "zero bytes at the end", bytes("ab"), bytes("ab\0"));
        all.plain(
            column,
            [bytes("AB"), bytes("abcdefgh"), bytes(""), vec![0xff, 0xfe]],
        );
    }
    all.plain("uuid", [Uuid::from_u128(1), Uuid::from_u128(2)]);
}

fn integers(all: &mut Collected, backend: Backend) {
    all.plain("small_integer", [1, 2, i16::MIN, i16::MAX]);
    all.plain("integer", [1, 2, i32::MIN, i32::MAX]);
    all.plain("big_integer", [1, i64::MAX, i64::MAX - 1, i64::MIN]);
    all.plain("boolean", [false, true]);
    if backend == Postgres {
        all.plain("tiny_integer", [1_i16, -1]);
        all.plain("tiny_unsigned", [1_i16, 255]);
        all.plain("small_unsigned", [1, 65_535]);
        all.plain("unsigned", [1_i64, 4_294_967_295]);
    } else {
        all.plain("tiny_integer", [1, -1, i8::MAX]);
        all.plain("tiny_unsigned", [1, u8::MAX]);
        all.plain("small_unsigned", [1, u16::MAX]);
        all.plain("unsigned", [1, u32::MAX]);
    }
    if backend == MariaDb {
        all.plain("big_unsigned", [1, u64::MAX, u64::MAX - 1]);
    } else {
        all.plain("big_unsigned", [1, i64::MAX, i64::MAX - 1]);
    }
}

fn numbers(all: &mut Collected, backend: Backend) {
    all.pair("float", "the sign of zero", 0.0_f32, -0.0);
    all.pair("float", "the last bit", 0.1_f32, 0.1_f32.next_up());
    all.plain("float", [1.0_f32, 16_777_216.0, f32::MIN_POSITIVE]);
    all.pair("double", "the sign of zero", 0.0, -0.0);
    all.pair("double", "the last bit", 0.3, 0.1 + 0.2);
    all.plain(
        "double",
        [1.0, 9_007_199_254_740_992.0, f64::MAX, f64::MIN_POSITIVE],
    );
    if backend != MariaDb {
        all.plain("float", [f32::INFINITY, f32::NEG_INFINITY, f32::NAN]);
        all.plain("double", [f64::INFINITY, f64::NEG_INFINITY, f64::NAN]);
    }
    if backend == MariaDb {
        all.pair("narrow", "bits beyond an `f32`", 0.1, f64::from(0.1_f32));
        all.pair("narrow", "the sign of zero", 0.0, -0.0);
    }
    let zeros = "zeros at the end";
    for column in ["scaled", "decimal", "money"] {
        all.pair(column, zeros, decimal("1.5"), decimal("1.50"));
        all.pair(column, "the sign of zero", decimal("0"), decimal("-0"));
        all.plain(column, [decimal("2"), decimal("-1.5"), decimal("12345678.91")]);
    }
    for column in ["scaled", "money"] {
        all.pair(
            column,
            "digits beyond the scale",
            decimal("1.01"),
            decimal("1.014"),
        );
    }
    all.pair(
        "decimal",
        "the twentieth digit",
        decimal("1.2345678901234567890"),
        decimal("1.2345678901234567891"),
    );
}

fn decimal(text: &str) -> Decimal {
    let mut decimal: Decimal = text.parse().expect("a decimal");
    decimal.set_sign_negative(text.starts_with('-'));
    decimal
}

fn times(all: &mut Collected, backend: Backend) {
    let nanoseconds = "nanoseconds";
    let times = [
        "08:00:00.123456",
        "08:00:00.123456499",
        "08:00:00.123457",
        "08:00:00",
    ];
    all.plain("date_time", times.map(naive));
    all.pair("date_time", nanoseconds, naive(times[0]), naive(times[1]));
    if backend == MariaDb {
        let moments = times.map(|time| naive(time).and_utc());
        all.plain("timestamp", moments);
        all.pair("timestamp", nanoseconds, moments[0], moments[1]);
    } else {
        all.plain("timestamp", times.map(naive));
        all.pair("timestamp", nanoseconds, naive(times[0]), naive(times[1]));
    }
    let column = "timestamp_with_time_zone";
    all.pair(column, "the offset", zoned("10:00:00+02:00"), zoned("08:00:00Z"));
    all.pair(
        column,
        nanoseconds,
        zoned("08:00:00.123456Z"),
        zoned("08:00:00.123456499Z"),
    );
    all.plain(column, [zoned("08:00:00+02:00")]);
    all.pair(
        "time",
        nanoseconds,
        hour("08:00:00.123456"),
        hour("08:00:00.123456499"),
    );
    all.plain(
        "time",
        [hour("08:00:00"), hour("23:59:59.999999"), hour("00:00:00")],
    );
    let day = |day| NaiveDate::from_ymd_opt(2024, 2, day).expect("a day");
    all.plain("date", [day(1), day(29)]);
    if backend != Sqlite {
        all.pair(
            "coarse",
            "fractions of a second",
            naive("08:00:00"),
            naive("08:00:00.4"),
        );
        all.plain("coarse", [naive("08:00:01"), naive("08:00:00.6")]);
    }
}

fn naive(time: &str) -> NaiveDateTime {
    format!("2024-02-03T{time}").parse().expect("a moment")
}

fn zoned(time: &str) -> DateTime<chrono::FixedOffset> {
    DateTime::parse_from_rfc3339(&format!("2024-02-03T{time}")).expect("a moment")
}

fn hour(time: &str) -> NaiveTime {
    time.parse().expect("a time of day")
}

fn documents(all: &mut Collected) {
    for column in ["json", "json_binary"] {
        all.pair(
            column,
            "the order of keys",
            r#"{"a": 1, "b": 2}"#,
            r#"{"b": 2, "a": 1}"#,
        );
        all.pair(column, "blanks", r#"{"a": 1, "b": 2}"#, r#"{"a":1,"b":2}"#);
        all.pair(
            column,
            "a key that comes twice",
            r#"{"a": 1}"#,
            r#"{"a": 0, "a": 1}"#,
        );
        all.pair(column, "`1` and `1.0`", r#"{"a": 1}"#, r#"{"a": 1.0}"#);
        all.plain(column, ["null", "[]", r#""A""#, r#""a""#]);
    }
}

fn of_postgres(all: &mut Collected) {
    all.pair("interval", "a month and thirty days", "1 mon", "30 days");
    all.pair("interval", "the spelling", "1 mon", "1 month");
    all.plain(
        "interval",
        ["720 hours", "1 day", "24:00:00", "00:00:00.0000001", "0"],
    );
    all.plain("bit", ["0101", "0110"]);
    all.pair("var_bit", "zero bits at the end", "01", "010");
    let decimals = |all: &[&str]| all.iter().map(|text| decimal(text)).collect::<Vec<_>>();
    all.pair(
        "array",
        "zeros at the end of an element",
        decimals(&["1.5"]),
        decimals(&["1.50"]),
    );
    all.pair("array", "the order", decimals(&["1", "2"]), decimals(&["2", "1"]));
    all.plain("array", [decimals(&[])]);
    let words = |all: &[&str]| all.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    all.plain(
        "array_of_text",
        [
            words(&["a", "b"]),
            words(&["a,b"]),
            words(&["A", "b"]),
            words(&[""]),
            words(&[]),
        ],
    );
    all.plain(
        "array_of_json",
        [
            vec![json!({"a": 1})],
            vec![json!({"a": 1.0})],
            vec![json!(null)],
            vec![],
        ],
    );
    all.plain("cidr", ["10.0.0.0/24", "10.0.0.0/25"]);
    all.pair("inet", "the spelling", "::1", "0:0:0:0:0:0:0:1");
    all.pair("inet", "the netmask", "10.0.0.1", "10.0.0.1/24");
    all.plain("inet", ["10.0.0.1/32", "10.0.0.2/24"]);
    all.pair("mac_addr", "the spelling", "08:00:2b:01:02:03", "08002B-010203");
    all.plain("mac_addr", ["08:00:2b:01:02:04"]);
    all.pair("l_tree", "case", "a.b", "A.B");
    all.plain("l_tree", ["a.b.c"]);
}
