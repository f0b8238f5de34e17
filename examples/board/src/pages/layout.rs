//! What is around the middle of every page: this view's fragments, and the last save.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use askama::Template;
use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};

use crate::{
    badges::{self, Seen, State},
    board::Board,
    failure::Failure,
    fragments,
    saves::Save,
};

/// The middle of a page.
pub struct Middle {
    pub title: String,
    /// The page's entry in the navigation.
    pub section: &'static str,
    pub html: String,
    /// Whether the page shows what is wrong with a form.
    pub bad: bool,
}

#[derive(Template)]
#[template(path = "layout.html")]
struct Layout {
    middle: Middle,
    seen: Vec<Seen>,
    save: Option<Arc<Save>>,
    fragments_in: &'static str,
    took: Duration,
}

impl Layout {
    fn count(&self, state: State) -> usize {
        self.seen.iter().filter(|seen| seen.state == state).count()
    }

    fn milliseconds(&self) -> String {
        format!("{:.1}", self.took.as_secs_f64() * 1_000.0)
    }
}

/// Makes the middle, and a page of it.
pub async fn page(
    board: &Board,
    middle: impl Future<Output = Result<Middle, Failure>>,
) -> Result<Response, Failure> {
    let began = Instant::now();
    let (middle, seen) = fragments::observe(middle).await;
    let middle = middle?;
    let status = if middle.bad {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let layout = Layout {
        seen: badges::once_each(seen, &middle.html),
        middle,
        save: board.saves.last(),
        fragments_in: board.fragments.place(),
        took: began.elapsed(),
    };
    let html = badges::fill(&layout.render()?, &layout.seen);
    Ok((status, Html(html)).into_response())
}
