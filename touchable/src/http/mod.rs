//! Conditional requests: a page whose records have not changed is not sent again.
//!
//! ```
//! # mod task {
//! #     use sea_orm::entity::prelude::*;
//! #     use touchable::Touchable;
//! #     #[sea_orm::model]
//! #     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
//! #     #[sea_orm(table_name = "tasks")]
//! #     pub struct Model {
//! #         #[sea_orm(primary_key)]
//! #         pub id: i32,
//! #         pub title: String,
//! #         pub updated_at: DateTimeUtc,
//! #     }
//! # }
//! use http::{HeaderMap, Response, StatusCode, header};
//! use touchable::http::fresh_when;
//!
//! fn show(task: &task::Model, headers: &HeaderMap) -> touchable::Result<Response<String>> {
//!     let freshness = fresh_when(task, headers)?;
//!     Ok(freshness.respond(|| Response::new(format!("<h1>{}</h1>", task.title))))
//! }
//!
//! # fn main() -> touchable::Result<()> {
//! # let updated_at = "2026-01-01T00:00:00.000001Z".parse().unwrap();
//! let task = task::Model { id: 5, title: "Write".to_owned(), updated_at };
//! let first = show(&task, &HeaderMap::new())?;
//! assert_eq!(first.status(), StatusCode::OK);
//!
//! let mut headers = HeaderMap::new();
//! headers.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
//! let second = show(&task, &headers)?;
//! assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
//! assert_eq!(second.body(), "");
//! # Ok(())
//! # }
//! ```
//!
//! In axum the handler takes the same [`HeaderMap`] and returns the same [`Response`](http::Response):
//!
//! ```text
//! async fn show(State(db): State<TouchConnection>, Path(id): Path<i32>, headers: HeaderMap) -> Result<Response, AppError> {
//!     let task = find(&db, id).await?;
//!     Ok(fresh_when(&task, &headers)?.respond(|| Html(render(&task)).into_response()))
//! }
//! ```
//!
//! What else a page shows belongs to its validators: [`Validators::and`].
//!
//! A page that is not there yet is [`accepted`] or [`unavailable`], with `Retry-After`.

mod date;
mod entity_tag;
mod freshness;
mod retry;
mod validators;

pub use freshness::Freshness;
#[cfg(feature = "reactive")]
pub use retry::respond;
pub use retry::{accepted, unavailable};
pub use validators::Validators;

use http::HeaderMap;

use crate::{cache::Versioned, error::Result};

/// Whether the client of a GET or HEAD request has the current page of a record, of several, or of a
/// [query](crate::cache::VersionedSelect).
///
/// # Errors
/// When a record has no version.
pub fn fresh_when<V: Versioned + ?Sized>(record: &V, headers: &HeaderMap) -> Result<Freshness> {
    Ok(Validators::of(record)?.check(headers))
}
