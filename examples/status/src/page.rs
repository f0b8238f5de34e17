//! What is shown.

use std::time::Duration;

use askama::Template;
use axum::{
    Router,
    extract::{Form, Path, State},
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use touchable::{
    http::respond,
    reactive::{Reactive, Reading},
};

use crate::{
    cloud::Cloud,
    deployments::{DEPLOYMENTS, Deployments},
};

#[derive(Clone)]
struct App {
    deployments: Reactive<Deployments>,
    cloud: Cloud,
}

pub fn router(deployments: Reactive<Deployments>, cloud: Cloud) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/rows", get(rows))
        .route("/deployments/{deployment}", get(one))
        .route("/deployments/{deployment}/expire", post(expire))
        .route("/service", post(service))
        .with_state(App { deployments, cloud })
}

/// One deployment, as a line of the table.
struct Row {
    deployment: u32,
    outcome: &'static str,
    status: String,
    age: String,
    problem: String,
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

impl Row {
    fn of(deployment: u32, reading: &Reading<String>) -> Self {
        let row = |outcome, status: &str, age: String, problem: String| Self {
            deployment,
            outcome,
            status: status.to_owned(),
            age,
            problem,
        };
        match reading {
            Reading::Fresh { value, age } => row("fresh", value, seconds(*age), String::new()),
            Reading::Stale { value, age, error } => {
                let problem = error.as_ref().map(ToString::to_string).unwrap_or_default();
                row("stale", value, seconds(*age), problem)
            }
            Reading::Pending { .. } => row("pending", "", String::new(), String::new()),
            Reading::Failed { error, retry_in } => {
                let problem = format!("{error}; again in {}", seconds(*retry_in));
                row("failed", "", String::new(), problem)
            }
        }
    }
}

#[derive(Template)]
#[template(path = "rows.html")]
struct Table {
    rows: Vec<Row>,
    asked: u64,
    is_stopped: bool,
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page {
    rows: String,
}

/// What goes wrong here is no fault of the one who asks.
struct Failure(String);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.0).into_response()
    }
}

impl App {
    /// Every reading is a look into memory, or one round trip to Redis.
    async fn rows(&self) -> Result<String, Failure> {
        let mut rows = Vec::new();
        for deployment in DEPLOYMENTS {
            rows.push(Row::of(deployment, &self.deployments.read(&deployment).await?));
        }
        let (asked, is_stopped) = (self.cloud.asked(), self.cloud.is_stopped());
        Ok(Table {
            rows,
            asked,
            is_stopped,
        }
        .render()?)
    }
}

async fn page(State(app): State<App>) -> Result<Html<String>, Failure> {
    let rows = app.rows().await?;
    Ok(Html(Page { rows }.render()?))
}

async fn rows(State(app): State<App>) -> Result<Html<String>, Failure> {
    app.rows().await.map(Html)
}

/// For programs: 200 with the status, 202 with `Retry-After` while there is none, 503 when there cannot be one.
async fn one(State(app): State<App>, Path(deployment): Path<u32>) -> Result<Response, Failure> {
    let reading = app.deployments.read(&deployment).await?;
    Ok(respond(&reading, |status| status.clone().into_response()))
}

async fn expire(State(app): State<App>, Path(deployment): Path<u32>) -> Result<Redirect, Failure> {
    app.deployments.expire(&deployment).await?;
    Ok(Redirect::to("/"))
}

#[derive(Deserialize)]
struct Switch {
    stopped: bool,
}

async fn service(State(app): State<App>, Form(switch): Form<Switch>) -> Redirect {
    app.cloud.set_stopped(switch.stopped);
    Redirect::to("/")
}
