//! Tasks: a card on the page of their event, and a page of their own with what the card leaves out.

use std::collections::HashMap;

use askama::Template;
use axum::{
    extract::{Form as Body, State},
    response::{IntoResponse, Response},
};
use sea_orm::{ActiveValue::NotSet, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, Set};
use serde::Deserialize;
use touchable::template;

use super::{
    Id, events,
    layout::{Middle, page},
    owners, see,
};
use crate::{
    badges::Fragment,
    board::Board,
    entities::{event, owner, task},
    failure::Failure,
    forms::{Field, Form, Kind},
    fragments::now,
};

/// What a form about a task sends. A box that is not ticked sends nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    title: String,
    done: String,
    event: String,
    owner: String,
    note: String,
}

#[derive(Template)]
#[template(path = "task_page.html")]
struct TaskPage {
    task: task::Model,
    event: event::Model,
    card: Fragment,
    form: Form,
}

#[derive(Template)]
#[template(path = "task_card.html")]
struct Card<'a> {
    task: &'a task::Model,
    event: &'a event::Model,
    owner: Option<&'a Fragment>,
    rendered: String,
}

pub async fn show(State(board): State<Board>, Id(id): Id) -> Result<Response, Failure> {
    let task = find(&board, id).await?;
    let form = edit(&board, &task, stored(&task), Field::with).await?;
    task_page(&board, task, form).await
}

pub async fn create(
    State(board): State<Board>,
    Id(id): Id,
    Body(typed): Body<Typed>,
) -> Result<Response, Failure> {
    let event = events::find(&board, id).await?;
    let form = new(&board, id, typed, Field::check).await?;
    if form.is_bad() {
        let unchanged = events::unchanged(&event);
        return events::event_page(&board, event, unchanged, form).await;
    }
    let task = task::ActiveModel {
        id: NotSet,
        event_id: Set(id),
        owner_id: Set(form.value("owner").parse().ok()),
        title: Set(form.value("title")),
        done: Set(false),
        note: Set(String::new()),
        updated_at: NotSet,
    };
    board.saves.insert(&board.db, task).await?;
    Ok(see(&format!("/events/{id}")).into_response())
}

pub async fn update(
    State(board): State<Board>,
    Id(id): Id,
    Body(typed): Body<Typed>,
) -> Result<Response, Failure> {
    let task = find(&board, id).await?;
    let form = edit(&board, &task, typed, Field::check).await?;
    if form.is_bad() {
        return task_page(&board, task, form).await;
    }
    let mut row = task.clone().into_active_model();
    row.title = Set(form.value("title"));
    row.done = Set(!form.value("done").is_empty());
    row.event_id = Set(form.value("event").parse().unwrap_or(task.event_id));
    row.owner_id = Set(form.value("owner").parse().ok());
    row.note = Set(form.value("note"));
    board.saves.update(&board.db, &task, row).await?;
    Ok(see(&format!("/tasks/{id}")).into_response())
}

pub async fn delete(State(board): State<Board>, Id(id): Id) -> Result<Response, Failure> {
    let task = find(&board, id).await?;
    let event = task.event_id;
    board.saves.delete::<task::ActiveModel>(&board.db, task).await?;
    Ok(see(&format!("/events/{event}")).into_response())
}

async fn find(board: &Board, id: i32) -> Result<task::Model, Failure> {
    let task = task::Entity::find_by_id(id).one(&board.db).await?;
    task.ok_or(Failure::NotFound)
}

async fn task_page(board: &Board, task: task::Model, form: Form) -> Result<Response, Failure> {
    page(board, async {
        let event = events::find(board, task.event_id).await?;
        let tasks = [task];
        let mut cards = cards(board, &tasks).await?;
        let [task] = tasks;
        let card = cards.pop().ok_or(Failure::NotFound)?;
        let (title, bad) = (task.title.clone(), form.is_bad());
        let html = TaskPage {
            task,
            event,
            card,
            form,
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

/// The cards of tasks. For all that are missing, their events and their owners come from one query each.
///
/// They are read here, after the tasks, although callers may have them: a name that was read before a task was touched
/// would be kept under the task's new version.
pub async fn cards(board: &Board, tasks: &[task::Model]) -> Result<Vec<Fragment>, Failure> {
    let template = template!("templates/task_card.html");
    board
        .fragments
        .fetch_many(tasks, template, |missing| rendered_cards(board, missing))
        .await
}

async fn rendered_cards(board: &Board, missing: Vec<&task::Model>) -> Result<Vec<String>, Failure> {
    let events = event::Entity::find()
        .filter(event::Column::Id.is_in(missing.iter().map(|task| task.event_id)))
        .all(&board.db)
        .await?;
    let owners = owner::Entity::find()
        .filter(owner::Column::Id.is_in(missing.iter().filter_map(|task| task.owner_id)))
        .all(&board.db)
        .await?;
    let badges = owners::badges(board, &owners).await?;
    let events: HashMap<i32, &event::Model> = events.iter().map(|event| (event.id, event)).collect();
    let badges: HashMap<i32, Fragment> = owners.iter().map(|owner| owner.id).zip(badges).collect();
    let cards = missing.into_iter().map(|task| {
        // Deleted since the task was read, and the task with it.
        let event = events.get(&task.event_id).ok_or(Failure::NotFound)?;
        let owner = task.owner_id.and_then(|id| badges.get(&id));
        Ok(Card {
            task,
            event,
            owner,
            rendered: now(),
        }
        .render()?)
    });
    cards.collect()
}

fn stored(task: &task::Model) -> Typed {
    Typed {
        title: task.title.clone(),
        done: if task.done {
            "yes".to_owned()
        } else {
            String::new()
        },
        event: task.event_id.to_string(),
        owner: task.owner_id.map(|id| id.to_string()).unwrap_or_default(),
        note: task.note.clone(),
    }
}

/// The form for a task that is not there yet.
pub async fn new(
    board: &Board,
    event: i32,
    typed: Typed,
    fill: fn(Field, String) -> Field,
) -> Result<Form, Failure> {
    let title = Field::new(Kind::Line, "title", "Title", "");
    let owner = owner_field(board).await?;
    Ok(Form {
        action: format!("/events/{event}/tasks"),
        button: "Add the task",
        fields: vec![fill(title, typed.title), fill(owner, typed.owner)],
    })
}

async fn edit(
    board: &Board,
    task: &task::Model,
    typed: Typed,
    fill: fn(Field, String) -> Field,
) -> Result<Form, Failure> {
    let title = Field::new(Kind::Line, "title", "Title", "");
    let done = Field::new(Kind::Tick, "done", "Done", "");
    let event = event_field(board).await?;
    let owner = owner_field(board).await?;
    let note = Field::new(
        Kind::Text,
        "note",
        "Note",
        "Shown here alone: the event is not touched.",
    );
    Ok(Form {
        action: format!("/tasks/{}", task.id),
        button: "Save the task",
        fields: vec![
            fill(title, typed.title),
            fill(done, typed.done),
            fill(event, typed.event),
            fill(owner, typed.owner),
            fill(note, typed.note),
        ],
    })
}

async fn event_field(board: &Board) -> Result<Field, Failure> {
    let events = event::Entity::find()
        .order_by_asc(event::Column::Name)
        .all(&board.db)
        .await?;
    let choices = events
        .into_iter()
        .map(|event| (event.id.to_string(), event.name))
        .collect();
    let hint = "Another event touches both.";
    Ok(Field::new(Kind::Choice(choices), "event", "Event", hint))
}

async fn owner_field(board: &Board) -> Result<Field, Failure> {
    let owners = owner::Entity::find()
        .order_by_asc(owner::Column::Name)
        .all(&board.db)
        .await?;
    let nobody = (String::new(), "nobody".to_owned());
    let owners = owners.into_iter().map(|owner| (owner.id.to_string(), owner.name));
    let choices = std::iter::once(nobody).chain(owners).collect();
    Ok(Field::new(Kind::Choice(choices), "owner", "Owner", ""))
}
