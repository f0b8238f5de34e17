//! Events: an overview of all, and a page for each with its tasks' cards.

use std::collections::HashMap;

use askama::Template;
use axum::{
    extract::{Form as Sent, State},
    response::{IntoResponse, Response},
};
use sea_orm::{
    ActiveValue::NotSet, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Set,
};
use serde::Deserialize;
use touchable::template;

use super::{
    Id,
    layout::{Middle, page},
    see, tasks,
};
use crate::{
    badges::Fragment,
    board::Board,
    entities::{event, task},
    failure::Failure,
    forms::{Field, Form, Kind},
    fragments::now,
};

/// What a form about an event sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    name: String,
    location: String,
}

#[derive(Template)]
#[template(path = "events.html")]
struct IndexPage {
    events: Vec<Fragment>,
    form: Form,
}

#[derive(Template)]
#[template(path = "event_row.html")]
struct EventRow<'a> {
    event: &'a event::Model,
    tasks: usize,
    done: usize,
    rendered: String,
}

#[derive(Template)]
#[template(path = "event_page.html")]
struct EventPage {
    event: event::Model,
    fragment: Fragment,
    form: Form,
    new_task: Form,
}

#[derive(Template)]
#[template(path = "event.html")]
struct Body<'a> {
    event: &'a event::Model,
    cards: Vec<Fragment>,
    done: usize,
    rendered: String,
}

pub async fn index(State(board): State<Board>) -> Result<Response, Failure> {
    index_page(&board, new(Typed::default(), Field::with)).await
}

pub async fn create(State(board): State<Board>, Sent(typed): Sent<Typed>) -> Result<Response, Failure> {
    let form = new(typed, Field::check);
    if form.is_bad() {
        return index_page(&board, form).await;
    }
    let event = event::ActiveModel {
        id: NotSet,
        name: Set(form.value("name")),
        location: Set(form.value("location")),
        updated_at: NotSet,
    };
    let event = board.saves.insert(&board.db, event).await?;
    Ok(see(&format!("/events/{}", event.id)).into_response())
}

pub async fn show(State(board): State<Board>, Id(id): Id) -> Result<Response, Failure> {
    let event = find(&board, id).await?;
    let new_task = tasks::new(&board, id, tasks::Typed::default(), Field::with).await?;
    let form = unchanged(&event);
    event_page(&board, event, form, new_task).await
}

pub async fn update(
    State(board): State<Board>,
    Id(id): Id,
    Sent(typed): Sent<Typed>,
) -> Result<Response, Failure> {
    let event = find(&board, id).await?;
    let form = edit(&event, typed, Field::check);
    if form.is_bad() {
        let new_task = tasks::new(&board, id, tasks::Typed::default(), Field::with).await?;
        return event_page(&board, event, form, new_task).await;
    }
    let mut row = event.clone().into_active_model();
    row.name = Set(form.value("name"));
    row.location = Set(form.value("location"));
    board.saves.update(&board.db, &event, row).await?;
    Ok(see(&format!("/events/{id}")).into_response())
}

pub async fn delete(State(board): State<Board>, Id(id): Id) -> Result<Response, Failure> {
    let event = find(&board, id).await?;
    board.saves.delete::<event::ActiveModel>(&board.db, event).await?;
    Ok(see("/").into_response())
}

pub async fn find(board: &Board, id: i32) -> Result<event::Model, Failure> {
    let event = event::Entity::find_by_id(id).one(&board.db).await?;
    event.ok_or(Failure::NotFound)
}

async fn index_page(board: &Board, form: Form) -> Result<Response, Failure> {
    page(board, async {
        let events = event::Entity::find()
            .order_by_asc(event::Column::Id)
            .all(&board.db)
            .await?;
        let bad = form.is_bad();
        let html = IndexPage {
            events: rows(board, &events).await?,
            form,
        }
        .render()?;
        Ok(Middle {
            title: "Events".to_owned(),
            section: "events",
            html,
            bad,
        })
    })
    .await
}

/// The events' rows in the overview.
async fn rows(board: &Board, events: &[event::Model]) -> Result<Vec<Fragment>, Failure> {
    let template = template!("templates/event_row.html");
    board
        .fragments
        .fetch_many(events, template, |missing| rendered_rows(board, missing))
        .await
}

async fn rendered_rows(board: &Board, missing: Vec<&event::Model>) -> Result<Vec<String>, Failure> {
    let counts = counts(board, missing.iter().map(|event| event.id).collect()).await?;
    let rows = missing.into_iter().map(|event| {
        let (tasks, done) = counts.get(&event.id).copied().unwrap_or_default();
        Ok(EventRow {
            event,
            tasks,
            done,
            rendered: now(),
        }
        .render()?)
    });
    rows.collect()
}

/// How many tasks each of these events has, and how many of them are done: one query for all.
async fn counts(board: &Board, events: Vec<i32>) -> Result<HashMap<i32, (usize, usize)>, Failure> {
    let tasks: Vec<(i32, bool)> = task::Entity::find()
        .select_only()
        .columns([task::Column::EventId, task::Column::Done])
        .filter(task::Column::EventId.is_in(events))
        .into_tuple()
        .all(&board.db)
        .await?;
    let mut counts: HashMap<i32, (usize, usize)> = HashMap::new();
    for (event, done) in tasks {
        let count = counts.entry(event).or_default();
        *count = (count.0 + 1, count.1 + usize::from(done));
    }
    Ok(counts)
}

/// Around an event's page: what is cached, and the forms, which are not.
pub async fn event_page(
    board: &Board,
    event: event::Model,
    form: Form,
    new_task: Form,
) -> Result<Response, Failure> {
    page(board, async {
        let template = template!("templates/event.html");
        let fragment = board
            .fragments
            .fetch(&event, template, async || body(board, &event).await)
            .await?;
        let (title, bad) = (event.name.clone(), form.is_bad() || new_task.is_bad());
        let html = EventPage {
            event,
            fragment,
            form,
            new_task,
        }
        .render()?;
        Ok(Middle {
            title,
            section: "events",
            html,
            bad,
        })
    })
    .await
}

/// The event's own fragment. The tasks are not even asked for when it is in the cache.
async fn body(board: &Board, event: &event::Model) -> Result<String, Failure> {
    let tasks = task::Entity::find()
        .filter(task::Column::EventId.eq(event.id))
        .order_by_asc(task::Column::Id)
        .all(&board.db)
        .await?;
    let done = tasks.iter().filter(|task| task.done).count();
    let cards = tasks::cards(board, &tasks).await?;
    Ok(Body {
        event,
        cards,
        done,
        rendered: now(),
    }
    .render()?)
}

/// The form as it is before anybody types.
pub fn unchanged(event: &event::Model) -> Form {
    let typed = Typed {
        name: event.name.clone(),
        location: event.location.clone(),
    };
    edit(event, typed, Field::with)
}

fn new(typed: Typed, fill: fn(Field, String) -> Field) -> Form {
    Form {
        action: "/events".to_owned(),
        button: "Create the event",
        fields: fields(typed, fill),
    }
}

fn edit(event: &event::Model, typed: Typed, fill: fn(Field, String) -> Field) -> Form {
    Form {
        action: format!("/events/{}", event.id),
        button: "Save the event",
        fields: fields(typed, fill),
    }
}

fn fields(typed: Typed, fill: fn(Field, String) -> Field) -> Vec<Field> {
    let name = Field::new(
        Kind::Line,
        "name",
        "Name",
        "Shown on the cards of its tasks: they are touched.",
    );
    let location = Field::new(
        Kind::Line,
        "location",
        "Location",
        "Shown by the event alone: nobody is touched.",
    );
    vec![fill(name, typed.name), fill(location, typed.location)]
}
