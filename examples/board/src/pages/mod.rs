//! Every address, and what all pages have around them.

mod events;
mod graph;
mod layout;
mod owners;
mod style;
mod tasks;

use axum::{
    Router,
    extract::{FromRequestParts, Path},
    http::request::Parts,
    middleware,
    response::Redirect,
    routing::{get, post},
};

use crate::{board::Board, failure::Failure};

/// The board's addresses. A form that was sent with a mistake shows its page again under its own address, so that
/// one can be asked for too.
pub fn router(board: Board) -> Router {
    Router::new()
        .route("/", get(events::index))
        .route("/events", get(events::index).post(events::create))
        .route("/events/{id}", get(events::show).post(events::update))
        .route("/events/{id}/delete", post(events::delete))
        .route("/events/{id}/tasks", get(events::show).post(tasks::create))
        .route("/tasks/{id}", get(tasks::show).post(tasks::update))
        .route("/tasks/{id}/delete", post(tasks::delete))
        .route("/owners", get(owners::index).post(owners::create))
        .route("/owners/{id}", get(owners::show).post(owners::update))
        .route("/owners/{id}/delete", post(owners::delete))
        .route("/graph", get(graph::show))
        .route("/style.css", get(style::sheet))
        .fallback(async || Failure::NotFound)
        .layer(middleware::map_response(style::guard))
        .with_state(board)
}

/// The number in an address. What is no number names nothing.
struct Id(i32);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        match Path::<i32>::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(Self(id)),
            Err(_) => Err(Failure::NotFound),
        }
    }
}

/// After a save: the page is asked for anew, so that reloading it saves nothing twice.
fn see(path: &str) -> Redirect {
    Redirect::to(path)
}
