//! The answer to a conditional request.

use http::{HeaderMap, Response, StatusCode};

/// Whether a client has the current page.
#[derive(Clone, Debug)]
#[must_use = "the client waits for a page, or for a 304"]
pub struct Freshness {
    is_fresh: bool,
    headers: HeaderMap,
}

impl Freshness {
    pub(super) const fn new(is_fresh: bool, headers: HeaderMap) -> Self {
        Self { is_fresh, headers }
    }

    /// Whether it has: the answer is 304 Not Modified, with [`headers`](Self::headers) and without a body.
    #[must_use]
    pub const fn is_fresh(&self) -> bool {
        self.is_fresh
    }

    /// `ETag` and `Last-Modified`, which belong to either answer.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// 304 Not Modified, or what `render` returns, with the headers.
    pub fn respond<B: Default>(self, render: impl FnOnce() -> Response<B>) -> Response<B> {
        let mut response = if self.is_fresh {
            let mut response = Response::new(B::default());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            render()
        };
        response.headers_mut().extend(self.headers);
        response
    }
}
