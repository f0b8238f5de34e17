//! What can go wrong on the way to a page, and the page that says so.

use std::{error::Error, fmt, sync::Arc};

use askama::Template;
use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use sea_orm::DbErr;

/// Why there is no page.
#[derive(Clone, Debug)]
pub enum Failure {
    /// There is nothing under this address, or not any more.
    NotFound,
    /// The database, the cache or a template failed.
    Broken(Arc<dyn Error + Send + Sync>),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("there is nothing under this address"),
            Self::Broken(error) => error.fmt(f),
        }
    }
}

impl Error for Failure {}

impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Self {
        match error {
            // Somebody else has deleted the row between the look at it and the save.
            DbErr::RecordNotUpdated | DbErr::RecordNotFound(_) => Self::NotFound,
            error => Self::Broken(Arc::new(error)),
        }
    }
}

impl From<touchable::Error> for Failure {
    fn from(error: touchable::Error) -> Self {
        // A renderer's failure comes back inside the cache's.
        let renderers = error.source().and_then(<dyn Error>::downcast_ref::<Self>);
        match renderers {
            Some(failure) => failure.clone(),
            None if error.is_record_not_found() => Self::NotFound,
            None => Self::Broken(Arc::new(error)),
        }
    }
}

impl From<askama::Error> for Failure {
    fn from(error: askama::Error) -> Self {
        Self::Broken(Arc::new(error))
    }
}

#[derive(Template)]
#[template(path = "failure.html")]
struct Page {
    title: &'static str,
    text: &'static str,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, page) = match self {
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                Page {
                    title: "Nothing here",
                    text: "There is nothing under this address, or somebody has deleted it.",
                },
            ),
            Self::Broken(error) => {
                eprintln!("{error}");
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    Page {
                        title: "This did not work",
                        text: "The database or the cache did not answer as it should. What was to be saved may not \
                               be saved: go back, and try again.",
                    },
                )
            }
        };
        let html = page.render().unwrap_or_else(|_| page.text.to_owned());
        (status, Html(html)).into_response()
    }
}
