//! `Last-Modified` and `If-Modified-Since` (RFC 9110, 8.8.2 and 13.1.3), in whole seconds.

use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderValue, header};

use crate::clock::Stamp;

/// The last second of the year 9999, beyond which there is no HTTP date.
const LAST_SECOND: u64 = 253_402_300_799;

/// A second since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Second(u64);

impl Second {
    /// The second in which a moment lies; `None` before 1970 and after 9999.
    pub(super) fn of(stamp: Stamp) -> Option<Self> {
        let second = u64::try_from(stamp.as_micros()).ok()? / 1_000_000;
        (second < LAST_SECOND).then_some(Self(second))
    }

    /// From this second on all stamps of the second of `stamp` are in the past: two of one second could otherwise not
    /// be told apart.
    pub(super) fn after(stamp: Stamp) -> Option<Self> {
        Self::of(stamp).map(|Self(second)| Self(second + 1))
    }

    pub(super) fn to_header(self) -> Option<HeaderValue> {
        let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(self.0));
        HeaderValue::try_from(date).ok()
    }
}

/// The date of `If-Modified-Since`; one that is no date, or not one date, counts for nothing.
pub(super) fn if_modified_since(headers: &HeaderMap) -> Option<Second> {
    let mut values = headers.get_all(header::IF_MODIFIED_SINCE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let date = httpdate::parse_http_date(value.to_str().ok()?).ok()?;
    let since = date.duration_since(UNIX_EPOCH).ok()?;
    Some(Second(since.as_secs()))
}
