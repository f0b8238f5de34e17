//! How a column is bumped.

use sea_orm::sea_query::ColumnType;

/// How a column is bumped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    /// A time with a zone: `DateTimeUtc`, `DateTimeWithTimeZone`, `OffsetDateTime`.
    Zoned,
    /// A time without a zone, read as UTC.
    Naive,
    Integer,
    /// Equal values can be written in several ways: `1.0` and `1.00`, `0.0` and `-0.0`.
    Number,
    /// Compared byte by byte, since collations call different texts equal.
    Text,
    /// Equal documents can be written in several ways.
    Json,
    /// A type that some backend cannot compare.
    Opaque,
    Other,
}

impl ColumnKind {
    pub(crate) fn of(column: &ColumnType) -> Self {
        match column {
            ColumnType::TimestampWithTimeZone => Self::Zoned,
            ColumnType::DateTime | ColumnType::Timestamp => Self::Naive,
            ColumnType::TinyInteger
            | ColumnType::SmallInteger
            | ColumnType::Integer
            | ColumnType::BigInteger
            | ColumnType::TinyUnsigned
            | ColumnType::SmallUnsigned
            | ColumnType::Unsigned
            | ColumnType::BigUnsigned => Self::Integer,
            ColumnType::Char(_) | ColumnType::String(_) | ColumnType::Text | ColumnType::Enum { .. } => {
                Self::Text
            }
            ColumnType::Json | ColumnType::JsonBinary => Self::Json,
            ColumnType::Custom(_) | ColumnType::Array(_) => Self::Opaque,
            ColumnType::Float | ColumnType::Double | ColumnType::Decimal(_) | ColumnType::Money(_) => {
                Self::Number
            }
            _ => Self::Other,
        }
    }
}
