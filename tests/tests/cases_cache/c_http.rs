//! C: the answers to conditional requests.

use http::{HeaderMap, Response, StatusCode, header};
use sea_orm::TryIntoModel;
use touchable::http::fresh_when;
use touchable_tests::entities::board;

use crate::support::here;

/// A client that keeps it would be told later that it has the page.
async fn c_a_rendered_404_has_no_validators() {
    let task = board::task(1, None, None).try_into_model().unwrap();
    for status in [StatusCode::NOT_FOUND, StatusCode::INTERNAL_SERVER_ERROR] {
        let freshness = fresh_when(&task, &HeaderMap::new()).unwrap();
        let response = freshness.respond(|| {
            let mut response = Response::new("something went wrong");
            *response.status_mut() = status;
            response
        });
        assert_eq!(response.status(), status);
        for name in [header::ETAG, header::LAST_MODIFIED] {
            assert!(!response.headers().contains_key(&name), "a {status} has {name}");
        }
    }
}

/// RFC 9110, 15.4.5: a 304 has the `Vary` and the `Cache-Control` that the page would have.
async fn c_a_304_has_the_pages_fields() {
    let task = board::task(1, None, None).try_into_model().unwrap();
    let page = || {
        Response::builder()
            .header(header::VARY, "accept-language")
            .header(header::CACHE_CONTROL, "private")
            .body("a page")
            .unwrap()
    };
    let first = fresh_when(&task, &HeaderMap::new()).unwrap().respond(page);
    let mut headers = HeaderMap::new();
    headers.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
    let second = fresh_when(&task, &headers).unwrap().respond(page);
    assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
    for name in [header::VARY, header::CACHE_CONTROL] {
        assert_eq!(
            second.headers().get(&name),
            first.headers().get(&name),
            "a 304 without the page's {name}"
        );
    }
}

here!(c_a_rendered_404_has_no_validators, c_a_304_has_the_pages_fields);
