//! What a response says of its state.

use http::{HeaderMap, HeaderValue, header};

use super::{
    Freshness,
    date::{self, Second},
    entity_tag,
};
use crate::{
    cache::{CacheKey, Version, Versioned, key::KeyWriter},
    clock::{Clock, Stamp},
    error::Result,
};

/// The state of a page: what its `ETag` and its `Last-Modified` are made from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "validators do nothing until a request is checked against them"]
pub struct Validators {
    version: Version,
    touched_at: Option<Stamp>,
}

impl Validators {
    /// Of a page that shows one record, or several, and nothing else that changes.
    ///
    /// # Errors
    /// When a record has no version.
    pub fn of<V: Versioned + ?Sized>(record: &V) -> Result<Self> {
        let key = record.cache_key_with_version()?;
        Ok(Self {
            version: Version::digest(key.as_bytes()),
            touched_at: record.touched_at(),
        })
    }

    /// The page also depends on this: the signed-in user, the language, the [template](crate::cache::Template).
    ///
    /// There is no `Last-Modified` then, since no moment tells one user's page from another's.
    ///
    /// # Errors
    /// When a record among it has no version.
    pub fn and<K: CacheKey + ?Sized>(self, also: &K) -> Result<Self> {
        let both = KeyWriter::spell(|key| (self.version, also).write_to(key))?;
        Ok(Self {
            version: Version::digest(both.as_bytes()),
            touched_at: None,
        })
    }

    /// Whether the client of a GET or HEAD request has this page (RFC 9110, 13.2.2): `If-None-Match` decides where it
    /// stands, else `If-Modified-Since`.
    pub fn check(&self, headers: &HeaderMap) -> Freshness {
        let now = Stamp::from_micros(Clock::current().now());
        let is_fresh = entity_tag::if_none_match(headers, &self.version.to_string())
            .unwrap_or_else(|| self.is_unmodified_since(headers, now));
        Freshness::new(is_fresh, self.to_headers(now))
    }

    /// `ETag` and `Last-Modified`.
    ///
    /// The tag is weak: the version speaks of the records, and not of the bytes, which a compression on the way
    /// or another template changes.
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        self.to_headers(Stamp::from_micros(Clock::current().now()))
    }

    fn to_headers(&self, now: Stamp) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(2);
        if let Ok(tag) = HeaderValue::try_from(format!("W/\"{}\"", self.version)) {
            headers.insert(header::ETAG, tag);
        }
        if let Some(date) = self.last_modified(now).and_then(Second::to_header) {
            headers.insert(header::LAST_MODIFIED, date);
        }
        headers
    }

    /// The beginning of the next second, or the running one while that has not come: a date in the future is forbidden,
    /// and the date that a client got in the middle of a second must not fit what is written in the rest of it.
    fn last_modified(&self, now: Stamp) -> Option<Second> {
        Some(Second::after(self.touched_at?)?.min(Second::of(now)?))
    }

    fn is_unmodified_since(&self, headers: &HeaderMap, now: Stamp) -> bool {
        let touched = self.touched_at.and_then(Second::after);
        match (date::if_modified_since(headers), touched, Second::of(now)) {
            // A date in the future is none that this page was sent with.
            (Some(since), Some(touched), Some(now)) => touched <= since && since <= now,
            _ => false,
        }
    }
}
