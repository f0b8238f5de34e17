//! A page of cards, each with a name on it: what a change renders anew is what shows it.

use futures_util::future::try_join_all;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, ModelTrait, QueryFilter, QueryOrder, Set,
};
use touchable::cache::{Lookup, Text, observe};
use touchable_tests::{World, entities::outer, on_every_backend};

use super::{Fragments, fragments, rendered};

/// The page of each event: its name and the cards of its tasks.
async fn pages(fragments: &Fragments, db: &impl ConnectionTrait) -> (Vec<Text>, Vec<Lookup>) {
    let (pages, lookups) = observe(async {
        let events = outer::event::Entity::find()
            .order_by_asc(outer::event::Column::Id)
            .all(db)
            .await
            .expect("the events");
        try_join_all(events.iter().map(|event| page(fragments, db, event))).await
    })
    .await;
    (pages.expect("pages"), lookups)
}

async fn page(
    fragments: &Fragments,
    db: &impl ConnectionTrait,
    event: &outer::event::Model,
) -> touchable::Result<Text> {
    fragments
        .fetch(event, "page", async || -> touchable::Result<String> {
            let tasks = event
                .find_related(outer::task::Entity)
                .order_by_asc(outer::task::Column::Id)
                .all(db)
                .await?;
            let mut page = format!("<h1>{}</h1>", event.name);
            for task in &tasks {
                page += &card(fragments, db, task).await?;
            }
            Ok(page)
        })
        .await
}

async fn card(
    fragments: &Fragments,
    db: &impl ConnectionTrait,
    task: &outer::task::Model,
) -> touchable::Result<Text> {
    fragments
        .fetch(task, "card", async || -> touchable::Result<String> {
            let user = outer::user::Entity::find()
                .filter(outer::user::Column::Id.eq(task.user_id))
                .one(db)
                .await?;
            let name = user.map(|user| user.name).unwrap_or_default();
            Ok(format!("<li>{} by {name}</li>", task.title))
        })
        .await
}

async fn b15_nothing_is_rendered_twice(world: &World) {
    outer::populate(world).await;
    let (fragments, db) = (fragments(), touchable::connect(world.db.clone()));

    let (first, lookups) = pages(&fragments, &db).await;
    assert_eq!(
        rendered(&lookups),
        [
            "events/1 page",
            "events/2 page",
            "events/3 page",
            "events/4 page",
            "tasks/1 card",
            "tasks/2 card",
            "tasks/3 card",
            "tasks/4 card"
        ]
    );
    assert_eq!(&*first[1], "<h1>event 2</h1><li>task 4 by user 2</li>");

    let (second, lookups) = pages(&fragments, &db).await;
    assert_eq!(rendered(&lookups), Vec::<String>::new());
    assert_eq!(lookups.len(), 4, "the cards are inside of the pages: {lookups:?}");
    assert_eq!(second, first);
}

async fn b15_a_change_renders_what_shows_it(world: &World) {
    outer::populate(world).await;
    let (fragments, db) = (fragments(), touchable::connect(world.db.clone()));
    pages(&fragments, &db).await;

    // The name of user 1 is on the cards of events 1 and 3, and of no other.
    let mut user = world.active::<outer::user::Entity>(1).await;
    user.name = Set("Ada".to_owned());
    user.update(&db).await.unwrap();
    let (after, lookups) = pages(&fragments, &db).await;
    assert_eq!(
        rendered(&lookups),
        [
            "events/1 page",
            "events/3 page",
            "tasks/1 card",
            "tasks/2 card",
            "tasks/3 card"
        ]
    );
    assert_eq!(&*after[2], "<h1>event 3</h1><li>task 3 by Ada</li>");

    // A task shows in its event: its neighbours' cards are found.
    let mut task = world.active::<outer::task::Entity>(1).await;
    task.title = Set("written".to_owned());
    task.update(&db).await.unwrap();
    let (after, lookups) = pages(&fragments, &db).await;
    assert_eq!(rendered(&lookups), ["events/1 page", "tasks/1 card"]);
    assert_eq!(
        &*after[0],
        "<h1>event 1</h1><li>written by Ada</li><li>task 2 by Ada</li>"
    );

    // A task that moves leaves one page and comes to another, and its card is the same text under another version.
    let mut task = world.active::<outer::task::Entity>(1).await;
    task.event_id = Set(Some(4));
    task.update(&db).await.unwrap();
    let (after, lookups) = pages(&fragments, &db).await;
    assert_eq!(
        rendered(&lookups),
        ["events/1 page", "events/4 page", "tasks/1 card"]
    );
    assert_eq!(&*after[0], "<h1>event 1</h1><li>task 2 by Ada</li>");
    assert_eq!(&*after[3], "<h1>event 4</h1><li>written by Ada</li>");

    let task = world.model::<outer::task::Entity>(1).await;
    task.delete(&db).await.unwrap();
    let (after, lookups) = pages(&fragments, &db).await;
    assert_eq!(rendered(&lookups), ["events/4 page"]);
    assert_eq!(&*after[3], "<h1>event 4</h1>");
}

async fn b15_what_nobody_shows_renders_nothing(world: &World) {
    outer::populate(world).await;
    let (fragments, db) = (fragments(), touchable::connect(world.db.clone()));
    let (before, _) = pages(&fragments, &db).await;

    let mut user = world.active::<outer::user::Entity>(1).await;
    user.time_zone = Set("Europe/London".to_owned());
    user.update(&db).await.unwrap();
    let mut same = world.active::<outer::user::Entity>(1).await;
    same.name = Set(same.name.unwrap());
    same.update(&db).await.unwrap();

    let (after, lookups) = pages(&fragments, &db).await;
    assert_eq!(rendered(&lookups), Vec::<String>::new());
    assert_eq!(after, before);
}

async fn b18_several_records_move_one_key(world: &World) {
    outer::populate(world).await;
    let (fragments, db) = (fragments(), touchable::connect(world.db.clone()));
    let label = async || {
        let task = world.model::<outer::task::Entity>(5).await;
        let user = world.model::<outer::user::Entity>(2).await;
        let (text, lookups) = observe(fragments.fetch((&task, &user), "label", async || {
            format!("{} for {} in {}", task.title, user.name, user.time_zone)
        }))
        .await;
        (text.unwrap().to_string(), lookups[0].rendered)
    };

    assert_eq!(label().await, ("task 5 for user 2 in UTC".to_owned(), true));
    assert_eq!(label().await, ("task 5 for user 2 in UTC".to_owned(), false));

    let mut user = world.active::<outer::user::Entity>(2).await;
    user.time_zone = Set("Asia/Tokyo".to_owned());
    user.update(&db).await.unwrap();
    assert_eq!(
        label().await,
        ("task 5 for user 2 in Asia/Tokyo".to_owned(), true)
    );

    let mut task = world.active::<outer::task::Entity>(5).await;
    task.title = Set("lunch".to_owned());
    task.update(&db).await.unwrap();
    assert_eq!(label().await, ("lunch for user 2 in Asia/Tokyo".to_owned(), true));
    assert_eq!(
        label().await,
        ("lunch for user 2 in Asia/Tokyo".to_owned(), false)
    );
}

on_every_backend!(outer:
    b15_nothing_is_rendered_twice,
    b15_a_change_renders_what_shows_it,
    b15_what_nobody_shows_renders_nothing,
    b18_several_records_move_one_key,
);
