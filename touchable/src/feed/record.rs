//! What a message says.

use std::{
    borrow::Cow,
    fmt::{self, Write},
    slice,
};

use sea_orm::{ModelTrait, Value};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, SeqAccess, Visitor},
};

use crate::entity::{Touchable, display_key, primary_key_of_model};

/// What can be sent: anything that `serde` writes as JSON, with a key.
pub trait Record: Serialize {
    /// What the message is about. Messages of one key keep their order; with [shards](super::StreamBuilder::shards), only
    /// these do. It must be the same text for the same record in every version of the application.
    fn key(&self) -> Cow<'_, str>;
}

impl<R: Record> Record for &R {
    fn key(&self) -> Cow<'_, str> {
        (**self).key()
    }
}

/// A record has changed, or is gone: `{"id": 5}`.
///
/// ```
/// use touchable::feed::Change;
///
/// assert_eq!(serde_json::to_string(&Change::of(5))?, r#"{"id":5}"#);
/// assert_eq!(serde_json::to_string(&Change::of(("eu", 7)))?, r#"{"id":["eu",7]}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Change {
    /// Which one.
    pub id: Id,
    /// Of which table, in messages of entities whose stream has a name of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
}

impl Change {
    /// Of the record with this primary key.
    pub fn of(id: impl Into<Id>) -> Self {
        Self {
            id: id.into(),
            table: None,
        }
    }

    /// Of this record of a published entity (`#[touchable(feed)]`): what its own saves tell.
    #[must_use]
    pub fn of_record<M>(record: &M) -> Self
    where
        M: ModelTrait,
        M::Entity: Touchable,
    {
        let schema = M::Entity::schema();
        Self::of_row(
            schema.name,
            &primary_key_of_model(record),
            schema.feed.unwrap_or(schema.name),
        )
    }

    /// Of a row, on this stream.
    pub(super) fn of_row(table: &str, key: &[Value], stream: &str) -> Self {
        Self {
            id: Id::of_key(key),
            table: (stream != table).then(|| table.to_owned()),
        }
    }
}

impl Record for Change {
    fn key(&self) -> Cow<'_, str> {
        self.id.text()
    }
}

/// A primary key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Id {
    /// An integer of any width up to 64 bits, with its sign.
    Int(i64),
    /// One above those.
    Uint(u64),
    /// Text, and everything that is written as text, such as a UUID.
    Text(String),
    /// The columns of a composite key, in their order.
    Composite(Vec<Id>),
}

impl Id {
    /// Of the columns of a primary key.
    pub(crate) fn of_key(key: &[Value]) -> Self {
        match key {
            [only] => Self::of_value(only),
            columns => Self::Composite(columns.iter().map(Self::of_value).collect()),
        }
    }

    fn of_value(value: &Value) -> Self {
        match value {
            Value::TinyInt(Some(number)) => (*number).into(),
            Value::SmallInt(Some(number)) => (*number).into(),
            Value::Int(Some(number)) => (*number).into(),
            Value::BigInt(Some(number)) => (*number).into(),
            Value::TinyUnsigned(Some(number)) => (*number).into(),
            Value::SmallUnsigned(Some(number)) => (*number).into(),
            Value::Unsigned(Some(number)) => (*number).into(),
            Value::BigUnsigned(Some(number)) => (*number).into(),
            Value::Char(Some(letter)) => Self::Text(letter.to_string()),
            Value::Bytes(Some(bytes)) => Self::Text(hex(bytes)),
            other => Self::Text(display_key(slice::from_ref(other))),
        }
    }

    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            other => Cow::Owned(other.to_string()),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => number.fmt(f),
            Self::Uint(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
            Self::Composite(parts) => parts.iter().enumerate().try_for_each(|(place, part)| {
                let comma = if place == 0 { "" } else { "," };
                write!(f, "{comma}{part}")
            }),
        }
    }
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl From<$type> for Id {
            fn from(number: $type) -> Self {
                Self::Int(i64::from(number))
            }
        }
    )*};
}
integers!(i8, i16, i32, i64, u8, u16, u32);

impl From<u64> for Id {
    fn from(number: u64) -> Self {
        i64::try_from(number).map_or(Self::Uint(number), Self::Int)
    }
}

impl From<&str> for Id {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Id {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<A: Into<Self>, B: Into<Self>> From<(A, B)> for Id {
    fn from((a, b): (A, B)) -> Self {
        Self::Composite(vec![a.into(), b.into()])
    }
}

impl<A: Into<Self>, B: Into<Self>, C: Into<Self>> From<(A, B, C)> for Id {
    fn from((a, b, c): (A, B, C)) -> Self {
        Self::Composite(vec![a.into(), b.into(), c.into()])
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Uint(number) => serializer.serialize_u64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Composite(parts) => parts.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Parts)
    }
}

struct Parts;

impl<'de> Visitor<'de> for Parts {
    type Value = Id;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer, text, or an array of these")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Id, E> {
        Ok(number.into())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Id, E> {
        Ok(number.into())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Id, E> {
        Ok(text.into())
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Id, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Id, A::Error> {
        let mut all = Vec::new();
        while let Some(part) = parts.next_element()? {
            all.push(part);
        }
        Ok(Id::Composite(all))
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::Value;

    use super::Change;

    fn json(key: &[Value]) -> String {
        serde_json::to_string(&Change::of_row("users", key, "users")).unwrap()
    }

    #[test]
    fn keys_of_all_types() {
        let day = chrono::NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
        for (key, id) in [
            (Value::from(-5_i8), "-5"),
            (5_i64.into(), "5"),
            (5_u64.into(), "5"),
            (u64::MAX.into(), "18446744073709551615"),
            ("it's \"x\"".into(), r#""it's \"x\"""#),
            ("'quoted'".into(), r#""'quoted'""#),
            ('x'.into(), r#""x""#),
            (vec![0_u8, 255].into(), r#""00ff""#),
            (day.into(), r#""2026-11-24""#),
        ] {
            assert_eq!(json(&[key]), format!("{{\"id\":{id}}}"));
        }
        assert_eq!(json(&["eu".into(), 7.into()]), r#"{"id":["eu",7]}"#);
    }

    #[test]
    fn tables_that_share_a_stream_are_named() {
        let change = Change::of_row("users", &[5.into()], "people");
        let text = r#"{"id":5,"table":"users"}"#;
        assert_eq!(serde_json::to_string(&change).unwrap(), text);
        assert_eq!(serde_json::from_str::<Change>(text).unwrap(), change);
        assert_eq!(
            serde_json::from_str::<Change>(r#"{"id":5}"#).unwrap(),
            Change::of(5)
        );
    }
}
