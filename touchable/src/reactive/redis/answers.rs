//! What scripts answer, and entries hold.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use super::time::time_between;
use crate::reactive::{
    jobs::{Claim, Content, Found, Stored},
    reading::{Cause, ComputeError},
};

/// [`FIELDS`](super::scripts::FIELDS) of an entry.
pub(super) type Fields = (
    Option<Bytes>,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<i64>,
);

/// Key, encoded key, generation, version, failures, and for how many milliseconds it was due.
pub(super) type Claimed = (String, Bytes, u64, Option<String>, u32, u64);

pub(super) fn found(fields: Fields, now: i64) -> Found {
    let (value, of_value, error, due, _) = fields;
    let of_value = of_value.unwrap_or_default();
    let mut of_value = of_value.splitn(3, ' ');
    let mut number = || of_value.next().and_then(|number| number.parse::<i64>().ok());
    let (computed, interval) = (number(), number().unwrap_or(EXPIRED));
    let version = of_value.next().filter(|version| !version.is_empty());
    Found {
        stored: value.map(|bytes| Stored {
            content: Content::Encoded(bytes),
            age: time_between(computed.unwrap_or(now), now),
            interval: time_between(0, interval),
            version: version.map(|version| Arc::new(version.to_owned())),
        }),
        is_expired: interval == EXPIRED,
        error: error.as_deref().and_then(error_of).map(Arc::new),
        due_in: time_between(now, due.unwrap_or(now)),
    }
}

/// Instead of an interval.
const EXPIRED: i64 = -1;

/// Failures in a row, cause and text, as they are stored.
fn error_of(text: &str) -> Option<ComputeError> {
    let mut parts = text.splitn(3, ' ');
    Some(ComputeError {
        failures: parts.next()?.parse().ok()?,
        cause: Cause::of(parts.next()?),
        message: parts.next()?.to_owned(),
    })
}

pub(super) fn claim(claimed: Claimed, token: u64) -> Claim {
    let (key, encoded_key, generation, version, failures, late) = claimed;
    Claim {
        key: key.into(),
        token,
        encoded_key,
        generation,
        version: version.map(Arc::new),
        failures,
        late: Duration::from_millis(late),
    }
}
