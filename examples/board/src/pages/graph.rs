//! The rules as a drawing, in words, and in the languages of two programs that draw.

use askama::Template;
use axum::{extract::State, response::Response};

use super::layout::{Middle, page};
use crate::{board::Board, drawing::Drawing, entities, failure::Failure};

#[derive(Template)]
#[template(path = "graph.html")]
struct Page {
    drawing: Drawing,
    rules: Vec<String>,
    mermaid: String,
    dot: String,
}

pub async fn show(State(board): State<Board>) -> Result<Response, Failure> {
    page(&board, async {
        let graph = entities::graph();
        let html = Page {
            drawing: Drawing::of(&graph),
            rules: graph.rules().map(|rule| rule.to_string()).collect(),
            mermaid: graph.to_mermaid(),
            dot: graph.to_dot(),
        };
        Ok(Middle {
            title: "Touch graph".to_owned(),
            section: "graph",
            html: html.render()?,
            bad: false,
        })
    })
    .await
}
