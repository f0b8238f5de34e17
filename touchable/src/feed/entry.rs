//! Messages as Redis hands them out.

use ::redis::{ErrorKind, RedisError, Value};

use super::StreamId;

/// The field that holds the JSON.
pub(super) const PAYLOAD: &str = "payload";

/// The entries of one stream in an answer, taken apart by who reads the messages: the next page is asked for before that.
#[derive(Debug, Default)]
pub(super) struct Entries(Vec<Value>);

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: StreamId,
    /// `None` for what others have written into the stream.
    pub(super) payload: Option<Vec<u8>>,
}

impl Entries {
    /// The entries in the answer to XREAD.
    pub(super) fn of_xread(answer: Value) -> Result<Self, RedisError> {
        let entries = match answer {
            Value::Nil => return Ok(Self::default()),
            Value::Array(mut streams) if streams.len() == 1 => match streams.pop() {
                Some(Value::Array(mut named)) => named.pop(),
                _ => None,
            },
            // The same with the third version of the protocol.
            Value::Map(mut streams) if streams.len() == 1 => streams.pop().map(|(_, entries)| entries),
            _ => None,
        };
        match entries {
            Some(Value::Array(entries)) => Ok(Self(entries)),
            _ => Err(unexpected()),
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// Where they begin and end; `None` when there are none.
    pub(super) fn ends(&self) -> Result<Option<(StreamId, StreamId)>, RedisError> {
        let (Some(first), Some(last)) = (self.0.first(), self.0.last()) else {
            return Ok(None);
        };
        Ok(Some((id(first)?, id(last)?)))
    }

    /// Keeps the first one alone.
    pub(super) fn keep_first(&mut self) {
        self.0.truncate(1);
    }

    pub(super) fn read(self) -> impl ExactSizeIterator<Item = Result<Entry, RedisError>> {
        self.0.into_iter().map(Entry::of)
    }
}

fn id(entry: &Value) -> Result<StreamId, RedisError> {
    let Value::Array(parts) = entry else {
        return Err(unexpected());
    };
    StreamId::of_value(parts.first().ok_or_else(unexpected)?)
}

impl Entry {
    fn of(value: Value) -> Result<Self, RedisError> {
        let id = id(&value)?;
        let Value::Array(parts) = value else {
            return Err(unexpected());
        };
        let payload = match parts.into_iter().nth(1) {
            Some(Value::Array(fields)) => payload(fields),
            _ => None,
        };
        Ok(Self { id, payload })
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
