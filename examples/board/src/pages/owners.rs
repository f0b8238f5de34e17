//! Owners: a badge on the cards of their tasks, and a list of all.

use askama::Template;
use axum::{
    extract::{Form as Body, State},
    response::{IntoResponse, Response},
};
use sea_orm::{ActiveValue::NotSet, EntityTrait, IntoActiveModel, QueryOrder, Set};
use serde::Deserialize;
use touchable::template;

use super::{
    Id,
    layout::{Middle, page},
    see,
};
use crate::{
    badges::Fragment,
    board::Board,
    entities::owner,
    failure::Failure,
    forms::{Field, Form, Kind},
    fragments::now,
};

/// What a form about an owner sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    name: String,
    time_zone: String,
}

#[derive(Template)]
#[template(path = "owners.html")]
struct IndexPage {
    owners: Vec<Fragment>,
    form: Form,
}

#[derive(Template)]
#[template(path = "owner_page.html")]
struct OwnerPage {
    owner: owner::Model,
    fragment: Fragment,
    form: Form,
}

#[derive(Template)]
#[template(path = "owner_row.html")]
struct Row<'a> {
    owner: &'a owner::Model,
    rendered: String,
}

#[derive(Template)]
#[template(path = "owner_badge.html")]
struct Badge<'a> {
    owner: &'a owner::Model,
    rendered: String,
}

pub async fn index(State(board): State<Board>) -> Result<Response, Failure> {
    index_page(
        &board,
        form("/owners", "Add the owner", Typed::default(), Field::with),
    )
    .await
}

pub async fn create(State(board): State<Board>, Body(typed): Body<Typed>) -> Result<Response, Failure> {
    let form = form("/owners", "Add the owner", typed, Field::check);
    if form.is_bad() {
        return index_page(&board, form).await;
    }
    let owner = owner::ActiveModel {
        id: NotSet,
        name: Set(form.value("name")),
        time_zone: Set(form.value("time_zone")),
        updated_at: NotSet,
    };
    board.saves.insert(&board.db, owner).await?;
    Ok(see("/owners").into_response())
}

pub async fn show(State(board): State<Board>, Id(id): Id) -> Result<Response, Failure> {
    let owner = find(&board, id).await?;
    let typed = Typed {
        name: owner.name.clone(),
        time_zone: owner.time_zone.clone(),
    };
    owner_page(&board, owner, edit(id, typed, Field::with)).await
}

pub async fn update(
    State(board): State<Board>,
    Id(id): Id,
    Body(typed): Body<Typed>,
) -> Result<Response, Failure> {
    let owner = find(&board, id).await?;
    let form = edit(id, typed, Field::check);
    if form.is_bad() {
        return owner_page(&board, owner, form).await;
    }
    let mut row = owner.clone().into_active_model();
    row.name = Set(form.value("name"));
    row.time_zone = Set(form.value("time_zone"));
    board.saves.update(&board.db, &owner, row).await?;
    Ok(see(&format!("/owners/{id}")).into_response())
}

pub async fn delete(State(board): State<Board>, Id(id): Id) -> Result<Response, Failure> {
    let owner = find(&board, id).await?;
    board.saves.delete::<owner::ActiveModel>(&board.db, owner).await?;
    Ok(see("/owners").into_response())
}

async fn find(board: &Board, id: i32) -> Result<owner::Model, Failure> {
    let owner = owner::Entity::find_by_id(id).one(&board.db).await?;
    owner.ok_or(Failure::NotFound)
}

/// The owners' badges, for the cards of their tasks.
pub async fn badges(board: &Board, owners: &[owner::Model]) -> Result<Vec<Fragment>, Failure> {
    let template = template!("templates/owner_badge.html");
    board
        .fragments
        .fetch_many(owners, template, async |missing| rendered_badges(missing))
        .await
}

fn rendered_badges(missing: Vec<&owner::Model>) -> Result<Vec<String>, Failure> {
    let badges = missing.into_iter().map(|owner| {
        Ok(Badge {
            owner,
            rendered: now(),
        }
        .render()?)
    });
    badges.collect()
}

async fn rows(board: &Board, owners: &[owner::Model]) -> Result<Vec<Fragment>, Failure> {
    let template = template!("templates/owner_row.html");
    board
        .fragments
        .fetch_many(owners, template, async |missing| rendered_rows(missing))
        .await
}

fn rendered_rows(missing: Vec<&owner::Model>) -> Result<Vec<String>, Failure> {
    let rows = missing.into_iter().map(|owner| {
        Ok(Row {
            owner,
            rendered: now(),
        }
        .render()?)
    });
    rows.collect()
}

async fn index_page(board: &Board, form: Form) -> Result<Response, Failure> {
    page(board, async {
        let owners = owner::Entity::find()
            .order_by_asc(owner::Column::Id)
            .all(&board.db)
            .await?;
        let bad = form.is_bad();
        let html = IndexPage {
            owners: rows(board, &owners).await?,
            form,
        }
        .render()?;
        Ok(Middle {
            title: "Owners".to_owned(),
            section: "owners",
            html,
            bad,
        })
    })
    .await
}

async fn owner_page(board: &Board, owner: owner::Model, form: Form) -> Result<Response, Failure> {
    page(board, async {
        let owners = [owner];
        let mut rows = rows(board, &owners).await?;
        let [owner] = owners;
        let fragment = rows.pop().ok_or(Failure::NotFound)?;
        let (title, bad) = (owner.name.clone(), form.is_bad());
        let html = OwnerPage {
            owner,
            fragment,
            form,
        }
        .render()?;
        Ok(Middle {
            title,
            section: "owners",
            html,
            bad,
        })
    })
    .await
}

fn edit(id: i32, typed: Typed, fill: fn(Field, String) -> Field) -> Form {
    form(&format!("/owners/{id}"), "Save the owner", typed, fill)
}

fn form(action: &str, button: &'static str, typed: Typed, fill: fn(Field, String) -> Field) -> Form {
    let name = Field::new(
        Kind::Line,
        "name",
        "Name",
        "Shown on the cards of their tasks, and so by the events: both are touched.",
    );
    let zone = Field::new(
        Kind::Line,
        "time_zone",
        "Time zone",
        "Shown on no card: nobody is touched.",
    );
    Form {
        action: action.to_owned(),
        button,
        fields: vec![fill(name, typed.name), fill(zone, typed.time_zone)],
    }
}
