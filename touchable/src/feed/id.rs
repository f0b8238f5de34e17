//! The ids of messages, compared as numbers.

use std::{fmt, str::FromStr};

use ::redis::{ErrorKind, RedisError, Value};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, feed::Failure};

/// The id of a message: the milliseconds of the Redis server that took it, and a number within them.
///
/// ```
/// use touchable::feed::StreamId;
///
/// let nine: StreamId = "1700000000000-9".parse()?;
/// let ten: StreamId = "1700000000000-10".parse()?;
/// assert!(nine < ten);
/// # Ok::<(), touchable::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// Milliseconds since the Unix epoch.
    pub ms: u64,
    /// Counts the messages of one millisecond.
    pub seq: u64,
}

impl StreamId {
    /// Before every message.
    pub const START: Self = Self { ms: 0, seq: 0 };
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

impl FromStr for StreamId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::read(text).ok_or_else(|| Failure::Id(text.to_owned()).into())
    }
}

impl StreamId {
    fn read(text: &str) -> Option<Self> {
        let number = |digits: &str| {
            // `parse` would take a sign.
            digits
                .bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| digits.parse().ok())?
        };
        let (ms, seq) = text.split_once('-')?;
        Some(Self {
            ms: number(ms)?,
            seq: number(seq)?,
        })
    }
}

impl StreamId {
    /// The id in an answer of Redis.
    pub(super) fn of_value(value: &Value) -> Result<Self, RedisError> {
        let id = match value {
            Value::BulkString(id) => str::from_utf8(id).ok().and_then(Self::read),
            _ => None,
        };
        id.ok_or_else(|| (ErrorKind::UnexpectedReturnType, "not the id of an entry").into())
    }
}

impl Serialize for StreamId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StreamId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::StreamId;

    fn id(text: &str) -> StreamId {
        text.parse().unwrap()
    }

    #[test]
    fn ids_are_numbers() {
        assert!(id("1-9") < id("1-10"));
        assert!(id("9-0") < id("10-0"));
        assert!(id("1-18446744073709551615") < id("2-0"));
        assert_eq!(id("007-01"), id("7-1"));
        assert_eq!(id("7-1").to_string(), "7-1");
    }

    #[test]
    fn other_text_is_no_id() {
        for text in [
            "",
            "1",
            "-",
            "1-",
            "-1",
            "1-2-3",
            "+1-2",
            "1-+2",
            " 1-2",
            "1-2 ",
            "a-b",
            "$",
            "18446744073709551616-0",
        ] {
            let error = text.parse::<StreamId>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")), "{error}");
        }
    }
}
