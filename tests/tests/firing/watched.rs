//! 4: a watched column changes value.

use sea_orm::{ActiveModelTrait, ModelTrait, Set, Unchanged};
use touchable_tests::{
    Connection, Stage,
    entities::{board, chain, manual, selective},
    on_every_level,
};

async fn b04_a_watched_column_fires(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set("renamed".to_owned());
    world
        .expect_moved(
            &["events 1", "tasks 1", "tasks 2", "tasks 3"],
            event.update(&world.db),
        )
        .await
        .unwrap();
}

async fn b04_a_column_that_no_rule_watches_fires_nothing(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let mut event = world.active::<board::event::Entity>(1).await;
    event.location = Set("there".to_owned());
    event.goal = Set(Some("win".to_owned()));
    world
        .expect_moved(&["events 1"], event.update(&world.db))
        .await
        .unwrap();
}

/// Without a loaded model: only the key and the new value are known.
async fn b04_a_watched_column_fires_in_a_partial_model(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let event = board::event::ActiveModel {
        id: Unchanged(1),
        name: Set("renamed".to_owned()),
        ..Default::default()
    };
    world
        .expect_moved(
            &["events 1", "tasks 1", "tasks 2", "tasks 3"],
            event.update(&world.db),
        )
        .await
        .unwrap();
}

/// SeaORM also takes a key that is `Set`.
async fn b04_a_watched_column_fires_under_a_set_key(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let event = board::event::ActiveModel {
        id: Set(2),
        name: Set("renamed".to_owned()),
        ..Default::default()
    };
    world
        .expect_moved(&["events 2", "tasks 4"], event.update(&world.db))
        .await
        .unwrap();
}

async fn b04_associations_are_judged_one_by_one(world: &Stage<'_, impl Connection>) {
    use chain::company::Column::{Color, Name, Notes, Slogan};

    chain::populate(world).await;
    let change = async |column: chain::company::Column, value: &str| {
        let mut company = world.active::<chain::company::Entity>(1).await;
        company.set(column, value.into());
        company.update(&world.db).await.unwrap();
    };
    world
        .expect_moved(&["companies 1", "cards 1", "cards 2"], change(Name, "a"))
        .await;
    world
        .expect_moved(&["companies 1", "people 1", "people 2"], change(Slogan, "b"))
        .await;
    world
        .expect_moved(&["companies 1", "teams 1", "teams 2"], change(Color, "c"))
        .await;
    world.expect_moved(&["companies 1"], change(Notes, "d")).await;
}

async fn b04_several_associations_fire_from_one_save(world: &Stage<'_, impl Connection>) {
    chain::populate(world).await;
    let mut company = world.active::<chain::company::Entity>(1).await;
    company.name = Set("a".to_owned());
    company.color = Set("b".to_owned());
    company.slogan = Set("onwards".to_owned());
    world
        .expect_moved(
            &["companies 1", "cards 1", "cards 2", "teams 1", "teams 2"],
            company.update(&world.db),
        )
        .await
        .unwrap();
}

async fn b04_except_fields_watches_all_others(world: &Stage<'_, impl Connection>) {
    use selective::book::Column::{Notes, Position, ShelfId, Title};

    selective::populate(world).await;
    let change = async |column: selective::book::Column, value: sea_orm::Value| {
        let mut book = world.active::<selective::book::Entity>(1).await;
        book.set(column, value);
        book.update(&world.db).await.unwrap();
    };
    // Any update moves the room (`on = [update]`).
    world
        .expect_moved(&["books 1", "rooms 1"], change(Notes, "n".into()))
        .await;
    world
        .expect_moved(&["books 1", "rooms 1"], change(Position, 9.into()))
        .await;
    world
        .expect_moved(
            &["books 1", "rooms 1", "reviews 1", "reviews 2"],
            change(Title, "t".into()),
        )
        .await;
    world
        .expect_moved(
            &["books 1", "rooms 1", "reviews 1", "reviews 2"],
            change(ShelfId, 2.into()),
        )
        .await;
}

/// `on = [create, delete]` and `on = [update]`.
async fn b04_events_restrict_a_rule(world: &Stage<'_, impl Connection>) {
    selective::populate(world).await;
    let db = &world.db;
    world
        .expect_moved(
            &["+books 3", "shelves 1"],
            selective::book::ActiveModel {
                shelf_id: Set(1),
                room_id: Set(1),
                ..selective::book(3)
            }
            .insert(db),
        )
        .await
        .unwrap();
    let mut book = world.active::<selective::book::Entity>(3).await;
    book.title = Set("retitled".to_owned());
    world
        .expect_moved(&["books 3", "rooms 1"], book.update(db))
        .await
        .unwrap();
    let book = world.model::<selective::book::Entity>(3).await;
    world
        .expect_moved(&["-books 3", "shelves 1"], book.delete(db))
        .await
        .unwrap();
}

/// `on = [create]` says nothing about updates: neither a change nor a touch of the review reaches its book.
async fn b04_a_rule_on_create_does_not_fire_on_update(world: &Stage<'_, impl Connection>) {
    selective::populate(world).await;
    let db = &world.db;
    let mut review = world.active::<selective::review::Entity>(1).await;
    review.text = Set("edited".to_owned());
    world
        .expect_moved(&["reviews 1"], review.update(db))
        .await
        .unwrap();
    let review = world.model::<selective::review::Entity>(1).await;
    world
        .expect_moved(&["-reviews 1"], review.delete(db))
        .await
        .unwrap();
    let review = selective::review(9, Some(2));
    // The book is touched, which counts as an update of it; its rule with a field list does not cascade.
    world
        .expect_moved(&["+reviews 9", "books 2", "rooms 2"], review.insert(db))
        .await
        .unwrap();
}

async fn b04_hooks_of_the_applications_own(world: &Stage<'_, impl Connection>) {
    manual::populate(world).await;
    let db = &world.db;
    // The application's hook derives the slug from the title; touchable runs after it and sees both.
    let mut track = world.active::<manual::track::Entity>(1).await;
    track.title = Set("New Title".to_owned());
    let saved = world
        .expect_moved(&["tracks 1", "covers 1", "albums 1"], track.update(db))
        .await
        .unwrap();
    assert_eq!(saved.slug, "new-title");
    let mut track = world.active::<manual::track::Entity>(3).await;
    track.album_id = Set(1);
    world
        .expect_moved(&["tracks 3", "albums 1", "albums 2"], track.update(db))
        .await
        .unwrap();
    let track = world.model::<manual::track::Entity>(2).await;
    world
        .expect_moved(&["-tracks 2", "albums 1"], track.delete(db))
        .await
        .unwrap();
}

on_every_level!(board:
    b04_a_watched_column_fires,
    b04_a_column_that_no_rule_watches_fires_nothing,
    b04_a_watched_column_fires_in_a_partial_model,
    b04_a_watched_column_fires_under_a_set_key,
);
on_every_level!(chain:
    b04_associations_are_judged_one_by_one,
    b04_several_associations_fire_from_one_save,
);
on_every_level!(selective:
    b04_except_fields_watches_all_others,
    b04_events_restrict_a_rule,
    b04_a_rule_on_create_does_not_fire_on_update,
);
on_every_level!(manual:
    b04_hooks_of_the_applications_own,
);
