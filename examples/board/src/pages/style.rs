//! The style sheet, and what browsers are told about every page.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

pub async fn sheet() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/css; charset=utf-8")],
        include_str!("../../templates/style.css"),
    )
}

/// Pages run no scripts, whatever comes into them, and are never shown from the browser's own cache.
pub async fn guard(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'self'; img-src data:; form-action 'self'"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
