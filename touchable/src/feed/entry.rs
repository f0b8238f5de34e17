//! A message as Redis hands it out.

use ::redis::{ErrorKind, RedisError, Value};

use super::StreamId;

/// The field that holds the JSON.
pub(super) const PAYLOAD: &str = "payload";

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: StreamId,
    /// `None` for what others have written into the stream.
    pub(super) payload: Option<Vec<u8>>,
}

/// The entries of one stream in the answer to XREAD.
pub(super) fn of_xread(answer: Value) -> Result<Vec<Entry>, RedisError> {
    let entries = match answer {
        Value::Nil => return Ok(Vec::new()),
        Value::Array(mut streams) if streams.len() == 1 => match streams.pop() {
            Some(Value::Array(mut named)) => named.pop(),
            _ => None,
        },
        // The same with the third version of the protocol.
        Value::Map(mut streams) if streams.len() == 1 => streams.pop().map(|(_, entries)| entries),
        _ => None,
    };
    match entries {
        Some(Value::Array(entries)) => entries.into_iter().map(Entry::of).collect(),
        _ => Err(unexpected()),
    }
}

impl Entry {
    fn of(value: Value) -> Result<Self, RedisError> {
        let Value::Array(parts) = value else {
            return Err(unexpected());
        };
        let mut parts = parts.into_iter();
        let id = match parts.next() {
            Some(Value::BulkString(id)) => str::from_utf8(&id).ok().and_then(|id| id.parse().ok()),
            _ => None,
        };
        Ok(Self {
            id: id.ok_or_else(unexpected)?,
            payload: match parts.next() {
                Some(Value::Array(fields)) => payload(fields),
                _ => None,
            },
        })
    }
}

/// The only field, and of the right name: others are not ours.
fn payload(fields: Vec<Value>) -> Option<Vec<u8>> {
    let [Value::BulkString(name), Value::BulkString(value)] = <[Value; 2]>::try_from(fields).ok()? else {
        return None;
    };
    (name == PAYLOAD.as_bytes()).then_some(value)
}

fn unexpected() -> RedisError {
    (ErrorKind::UnexpectedReturnType, "not an answer to XREAD").into()
}
