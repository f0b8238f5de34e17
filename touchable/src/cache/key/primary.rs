//! The values of a primary key as text.

use chrono::DateTime;
use sea_orm::Value;

use super::KeyWriter;
use crate::entity::is_null;

/// Appends a value, unless it is null; whether it did. The type is always the same in one column, so that types need not
/// be told apart; a moment is its microseconds, since its zone is not stored everywhere.
pub(super) fn push(key: &mut KeyWriter, value: &Value) -> bool {
    match value {
        Value::TinyInt(Some(number)) => key.digits(*number),
        Value::SmallInt(Some(number)) => key.digits(*number),
        Value::Int(Some(number)) => key.digits(*number),
        Value::BigInt(Some(number)) => key.digits(*number),
        Value::TinyUnsigned(Some(number)) => key.digits(*number),
        Value::SmallUnsigned(Some(number)) => key.digits(*number),
        Value::Unsigned(Some(number)) => key.digits(*number),
        Value::BigUnsigned(Some(number)) => key.digits(*number),
        Value::String(Some(text)) => key.name(text),
        Value::Bytes(Some(bytes)) => key.hex(bytes),
        null if is_null(null) => return false,
        other => match micros(other) {
            Some(micros) => key.digits(micros),
            // Written as SQL writes it.
            None => key.name(other.to_string().trim_matches('\'')),
        },
    }
    true
}

fn micros(value: &Value) -> Option<i64> {
    match value {
        Value::ChronoDateTimeUtc(at) => at.as_ref().map(DateTime::timestamp_micros),
        Value::ChronoDateTimeWithTimeZone(at) => at.as_ref().map(DateTime::timestamp_micros),
        Value::ChronoDateTimeLocal(at) => at.as_ref().map(DateTime::timestamp_micros),
        Value::ChronoDateTime(at) => at.map(|at| at.and_utc().timestamp_micros()),
        _ => None,
    }
}
