//! Asking a client to come again.

use std::time::Duration;

use http::{HeaderValue, Response, StatusCode, header::RETRY_AFTER};

/// 202 Accepted: it is being worked on, ask again after this time. `Retry-After` counts in whole seconds, so it is rounded up,
/// and is one at least.
///
/// ```
/// use std::time::Duration;
/// use http::{Response, header::RETRY_AFTER};
/// use touchable::http::accepted;
///
/// let response: Response<String> = accepted(Duration::from_millis(1_200));
/// assert_eq!(response.status(), 202);
/// assert_eq!(response.headers()[RETRY_AFTER], "2");
/// ```
#[must_use]
pub fn accepted<B: Default>(poll_after: Duration) -> Response<B> {
    come_again(StatusCode::ACCEPTED, poll_after)
}

/// 503 Service Unavailable: it cannot be served now, and is tried again after this time.
#[must_use]
pub fn unavailable<B: Default>(retry_in: Duration) -> Response<B> {
    come_again(StatusCode::SERVICE_UNAVAILABLE, retry_in)
}

fn come_again<B: Default>(status: StatusCode, after: Duration) -> Response<B> {
    let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
    let mut response = Response::new(B::default());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    response
}

/// The answer for a [reading](crate::reactive::Reading): what is rendered of a value, fresh or stale; 202 while nothing was
/// computed yet; 503 when nothing can be served.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use http::Response;
/// use touchable::{http::respond, reactive::Reading};
///
/// let render = |status: &String| Response::new(status.clone());
/// let fresh = Reading::Fresh { value: Arc::new("running".to_owned()), age: Duration::ZERO };
/// assert_eq!(respond(&fresh, render).body(), "running");
/// let pending = Reading::Pending { poll_after: Duration::from_secs(1) };
/// assert_eq!(respond(&pending, render).status(), 202);
/// ```
#[cfg(feature = "reactive")]
pub fn respond<V, B: Default>(
    reading: &crate::reactive::Reading<V>,
    render: impl FnOnce(&V) -> Response<B>,
) -> Response<B> {
    use crate::reactive::Reading;
    match reading {
        Reading::Fresh { value, .. } | Reading::Stale { value, .. } => render(value),
        Reading::Pending { poll_after } => accepted(*poll_after),
        Reading::Failed { retry_in, .. } => unavailable(*retry_in),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_seconds_and_one_at_least() {
        let seconds = |after| {
            let response: Response<()> = unavailable(after);
            response.headers()[RETRY_AFTER]
                .to_str()
                .unwrap_or_default()
                .to_owned()
        };
        assert_eq!(seconds(Duration::ZERO), "1");
        assert_eq!(seconds(Duration::from_secs(3)), "3");
        assert_eq!(seconds(Duration::from_millis(3_001)), "4");
    }
}
