//! How a column is bumped.

use sea_orm::{
    Value,
    sea_query::{Alias, ColumnType, DynIden, Expr, ExprTrait, IntoIden},
};

/// How a column is bumped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    /// A time with a zone: `DateTimeUtc`, `DateTimeWithTimeZone`, `OffsetDateTime`.
    Zoned,
    /// A time without a zone, read as UTC.
    Naive,
    Integer,
    /// Equal values can be written in several ways, unless the column has a scale: `1.0` and `1.00`.
    Decimal,
    /// Equal values can be written in several ways: `0.0` and `-0.0`.
    Float,
    /// Compared byte by byte, since collations call different texts equal.
    Text,
    /// Compared like text; a type of its own on PostgreSQL.
    Enum,
    /// Equal documents can be written in several ways.
    Json,
    /// A time of day.
    Time,
    /// A decimal with a scale; a type of its own on PostgreSQL.
    Money,
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
            ColumnType::Char(_) | ColumnType::String(_) | ColumnType::Text => Self::Text,
            ColumnType::Money(_) => Self::Money,
            ColumnType::Enum { .. } => Self::Enum,
            ColumnType::Json | ColumnType::JsonBinary => Self::Json,
            ColumnType::Time => Self::Time,
            ColumnType::Custom(_)
            | ColumnType::Array(_)
            | ColumnType::Interval(..)
            | ColumnType::Vector(_) => Self::Opaque,
            ColumnType::Decimal(_) => Self::Decimal,
            ColumnType::Float | ColumnType::Double => Self::Float,
            _ => Self::Other,
        }
    }
}

/// The type that PostgreSQL has to be told for a value, where the driver says `text` and the column is not.
pub(crate) type Cast = Option<DynIden>;

/// Types of extensions whose values are sent as text, and that compare in ways of their own.
const EXTENSIONS: [&str; 2] = ["citext", "ltree"];

pub(super) fn cast(column: &ColumnType) -> Cast {
    match column {
        ColumnType::Enum { name, .. } => Some(name.clone()),
        ColumnType::Custom(name) => {
            let name = name.to_string().to_lowercase();
            EXTENSIONS
                .contains(&name.as_str())
                .then(|| Alias::new(name).into_iden())
        }
        _ => None,
    }
}

/// A value in the type that it has to be cast to, if it has to.
pub(crate) fn typed(value: Value, cast: Option<&Cast>) -> Expr {
    match cast {
        Some(Some(name)) => Expr::val(value).as_enum(name.clone()),
        _ => Expr::val(value),
    }
}
