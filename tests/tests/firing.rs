//! Behaviours 4 to 10: which rules fire.

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, ModelTrait, QueryFilter, Set, Unchanged};
use touchable_tests::{
    World,
    entities::{board, chain, manual, orders, outer, selective, tags, tree},
    on_every_backend,
};

async fn b04_a_watched_column_fires(world: &World) {
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

async fn b04_a_column_that_no_rule_watches_fires_nothing(world: &World) {
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
async fn b04_a_watched_column_fires_in_a_partial_model(world: &World) {
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
async fn b04_a_watched_column_fires_under_a_set_key(world: &World) {
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

async fn b04_associations_are_judged_one_by_one(world: &World) {
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

async fn b04_several_associations_fire_from_one_save(world: &World) {
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

async fn b04_except_fields_watches_all_others(world: &World) {
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
async fn b04_events_restrict_a_rule(world: &World) {
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
async fn b04_a_rule_on_create_does_not_fire_on_update(world: &World) {
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

async fn b04_hooks_of_the_applications_own(world: &World) {
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

on_every_backend!(board:
    b04_a_watched_column_fires,
    b04_a_column_that_no_rule_watches_fires_nothing,
    b04_a_watched_column_fires_in_a_partial_model,
    b04_a_watched_column_fires_under_a_set_key,
);
on_every_backend!(chain: b04_associations_are_judged_one_by_one, b04_several_associations_fire_from_one_save);
on_every_backend!(selective:
    b04_except_fields_watches_all_others,
    b04_events_restrict_a_rule,
    b04_a_rule_on_create_does_not_fire_on_update,
);
on_every_backend!(manual: b04_hooks_of_the_applications_own);

async fn b05_set_to_the_stored_value_is_no_change(world: &World) {
    board::populate(world).await;
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set("event 1".to_owned());
    let sent = world.expect_moved(&[], world.sent(event.update(&world.db))).await;
    assert!(!sent.iter().any(|sql| sql.starts_with("UPDATE")), "{sent:#?}");
}

async fn b05_a_mixed_update_touches_nobody(world: &World) {
    board::populate(world).await;
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set("event 1".to_owned());
    event.location = Set("there".to_owned());
    let sent = world
        .expect_moved(&["events 1"], world.sent(event.update(&world.db)))
        .await;
    let update = sent
        .iter()
        .find(|sql| sql.starts_with("UPDATE"))
        .expect("an UPDATE");
    assert!(
        !update.split("WHERE").next().unwrap().contains("name"),
        "{update}"
    );
}

/// Somebody else renames between this model's load and its save: setting the loaded name is a change then.
async fn b05_the_comparison_is_with_the_stored_row(world: &World) {
    board::populate(world).await;
    let mut stale = world.active::<board::event::Entity>(1).await;
    let mut other = world.active::<board::event::Entity>(1).await;
    other.name = Set("renamed".to_owned());
    other.update(&world.db).await.unwrap();

    stale.name = Set("event 1".to_owned());
    world
        .expect_moved(
            &["events 1", "tasks 1", "tasks 2", "tasks 3"],
            stale.update(&world.db),
        )
        .await
        .unwrap();
    assert_eq!(world.model::<board::event::Entity>(1).await.name, "event 1");
}

/// … and setting what somebody else has stored already is none.
async fn b05_the_same_new_value_twice_is_one_change(world: &World) {
    board::populate(world).await;
    let mut late = world.active::<board::event::Entity>(1).await;
    let mut early = world.active::<board::event::Entity>(1).await;
    early.name = Set("renamed".to_owned());
    early.update(&world.db).await.unwrap();
    late.name = Set("renamed".to_owned());
    let saved = world.expect_moved(&[], late.update(&world.db)).await.unwrap();
    assert_eq!(saved.name, "renamed");
}

async fn b05_null_equals_null(world: &World) {
    orders::populate(world).await;
    let mut shipment = world.active::<orders::shipment::Entity>(4).await;
    shipment.order_region = Set(None);
    shipment.order_number = Set(None);
    world.expect_moved(&[], shipment.update(&world.db)).await.unwrap();
}

/// Databases think differently about these; a change of the bytes is a change.
async fn b05_case_accents_and_trailing_spaces_are_changes(world: &World) {
    board::populate(world).await;
    for name in ["Event 1", "Évent 1", "Évent 1 ", ""] {
        let mut event = world.active::<board::event::Entity>(1).await;
        event.name = Set(name.to_owned());
        world
            .expect_moved(
                &["events 1", "tasks 1", "tasks 2", "tasks 3"],
                event.update(&world.db),
            )
            .await
            .unwrap();
        assert_eq!(world.model::<board::event::Entity>(1).await.name, name);
    }
}

async fn b05_dirty_assigned_takes_every_set_for_a_change(world: &World) {
    manual::populate(world).await;
    let mut album = world.active::<manual::album::Entity>(1).await;
    album.title = Set("album 1".to_owned());
    let sent = world
        .expect_moved(
            &["albums 1", "tracks 1", "tracks 2"],
            world.sent(album.update(&world.db)),
        )
        .await;
    assert!(
        sent[0].starts_with("UPDATE"),
        "no comparison comes first: {sent:#?}"
    );
    let mut album = world.active::<manual::album::Entity>(1).await;
    album.label = Set("major".to_owned());
    world
        .expect_moved(&["albums 1"], album.update(&world.db))
        .await
        .unwrap();
}

/// An any-change rule compares too.
async fn b05_any_change_needs_a_change(world: &World) {
    outer::populate(world).await;
    let mut task = world.active::<outer::task::Entity>(1).await;
    task.title = Set("task 1".to_owned());
    task.event_id = Set(Some(1));
    world.expect_moved(&[], task.update(&world.db)).await.unwrap();
}

on_every_backend!(board:
    b05_set_to_the_stored_value_is_no_change,
    b05_a_mixed_update_touches_nobody,
    b05_the_comparison_is_with_the_stored_row,
    b05_the_same_new_value_twice_is_one_change,
    b05_case_accents_and_trailing_spaces_are_changes,
);
on_every_backend!(orders: b05_null_equals_null);
on_every_backend!(manual: b05_dirty_assigned_takes_every_set_for_a_change);
on_every_backend!(outer: b05_any_change_needs_a_change);

async fn b06_insert_touches_the_parents(world: &World) {
    outer::populate(world).await;
    let task = outer::task(9, Some(3), Some(2));
    world
        .expect_moved(&["+tasks 9", "events 3", "calendars 2"], task.insert(&world.db))
        .await
        .unwrap();
}

/// With the key generated by the database.
async fn b06_insert_without_a_key_touches_the_parents(world: &World) {
    outer::populate(world).await;
    let task = outer::task::ActiveModel {
        id: sea_orm::NotSet,
        ..outer::task(0, Some(3), None)
    };
    world
        .expect_moved(&["+tasks 6", "events 3", "calendars 2"], task.insert(&world.db))
        .await
        .unwrap();
}

async fn b06_insert_without_a_parent_touches_nobody(world: &World) {
    outer::populate(world).await;
    world
        .expect_moved(&["+tasks 9"], outer::task(9, None, Some(1)).insert(&world.db))
        .await
        .unwrap();
}

async fn b06_insert_with_has_many_rules_costs_nothing(world: &World) {
    board::populate(world).await;
    let sent = world
        .expect_moved(&["+events 9"], world.sent(board::event(9).insert(&world.db)))
        .await;
    assert!(
        !sent
            .iter()
            .any(|sql| sql.contains("tasks") || sql.starts_with("UPDATE")),
        "{sent:#?}"
    );
}

on_every_backend!(outer:
    b06_insert_touches_the_parents,
    b06_insert_without_a_key_touches_the_parents,
    b06_insert_without_a_parent_touches_nobody,
);
on_every_backend!(board: b06_insert_with_has_many_rules_costs_nothing);

async fn b07_delete_touches_the_parents(world: &World) {
    outer::populate(world).await;
    let task = world.model::<outer::task::Entity>(3).await;
    world
        .expect_moved(&["-tasks 3", "events 3", "calendars 2"], task.delete(&world.db))
        .await
        .unwrap();
}

/// The tasks survive their event under `SET NULL`, and they no longer show its name.
async fn b07_delete_touches_the_rows_that_survive_it(world: &World) {
    board::populate(world).await;
    let event = world.model::<board::event::Entity>(1).await;
    world
        .expect_moved(
            &[
                "-events 1",
                "tasks 1",
                "tasks 2",
                "tasks 3",
                "-participants 1",
                "-participants 4",
            ],
            event.delete(&world.db),
        )
        .await
        .unwrap();
    assert_eq!(world.model::<board::task::Entity>(1).await.event_id, None);
}

/// Through a junction whose rows are gone after the delete.
async fn b07_delete_touches_through_the_junction(world: &World) {
    tags::populate(world).await;
    let tag = world.model::<tags::tag::Entity>(1).await;
    world
        .expect_moved(
            &[
                "-tags 1",
                "-post_tags 1/1",
                "-post_tags 2/1",
                "posts 1",
                "posts 2",
            ],
            tag.delete(&world.db),
        )
        .await
        .unwrap();
}

/// Only the key is known: the parent is found in the stored row.
async fn b07_delete_by_key_alone_touches_the_parents(world: &World) {
    outer::populate(world).await;
    let task = outer::task::ActiveModel {
        id: Unchanged(3),
        ..Default::default()
    };
    world
        .expect_moved(&["-tasks 3", "events 3", "calendars 2"], task.delete(&world.db))
        .await
        .unwrap();
}

/// The model says event 3, the stored row was moved to event 2 since: the stored row is the one that leaves.
async fn b07_delete_of_a_stale_model_touches_the_stored_parent(world: &World) {
    outer::populate(world).await;
    let stale = world.model::<outer::task::Entity>(3).await;
    let mut moved = world.active::<outer::task::Entity>(3).await;
    moved.event_id = Set(Some(2));
    moved.update(&world.db).await.unwrap();
    let before = world.moments().await;
    stale.delete(&world.db).await.unwrap();
    let moved = before.moved(&world.moments().await);
    assert!(
        moved.contains("events 2") && moved.contains("calendars 1"),
        "{moved:?}"
    );
}

on_every_backend!(outer:
    b07_delete_touches_the_parents,
    b07_delete_by_key_alone_touches_the_parents,
    b07_delete_of_a_stale_model_touches_the_stored_parent,
);
on_every_backend!(board: b07_delete_touches_the_rows_that_survive_it);
on_every_backend!(tags: b07_delete_touches_through_the_junction);

async fn b08_re_parenting_touches_both_parents(world: &World) {
    outer::populate(world).await;
    let mut task = world.active::<outer::task::Entity>(1).await;
    task.event_id = Set(Some(3));
    world
        .expect_moved(
            &["tasks 1", "events 1", "events 3", "calendars 1", "calendars 2"],
            task.update(&world.db),
        )
        .await
        .unwrap();
}

async fn b08_re_parenting_in_a_partial_model(world: &World) {
    outer::populate(world).await;
    let task = outer::task::ActiveModel {
        id: Unchanged(1),
        event_id: Set(Some(4)),
        ..Default::default()
    };
    world
        .expect_moved(
            &["tasks 1", "events 1", "events 4", "calendars 1"],
            task.update(&world.db),
        )
        .await
        .unwrap();
}

async fn b08_to_null_touches_the_old_parent(world: &World) {
    outer::populate(world).await;
    let mut task = world.active::<outer::task::Entity>(1).await;
    task.event_id = Set(None);
    world
        .expect_moved(&["tasks 1", "events 1", "calendars 1"], task.update(&world.db))
        .await
        .unwrap();
}

async fn b08_from_null_touches_the_new_parent(world: &World) {
    outer::populate(world).await;
    let mut task = world.active::<outer::task::Entity>(5).await;
    task.event_id = Set(Some(2));
    world
        .expect_moved(&["tasks 5", "events 2", "calendars 1"], task.update(&world.db))
        .await
        .unwrap();
}

/// The old parent is the one in the database, not the one this model was loaded with.
async fn b08_a_stale_model_touches_the_stored_parent(world: &World) {
    outer::populate(world).await;
    let mut stale = world.active::<outer::task::Entity>(1).await;
    let mut moved = world.active::<outer::task::Entity>(1).await;
    moved.event_id = Set(Some(2));
    moved.update(&world.db).await.unwrap();
    stale.event_id = Set(Some(3));
    let before = world.moments().await;
    stale.update(&world.db).await.unwrap();
    let moved = before.moved(&world.moments().await);
    for parent in ["events 2", "events 3", "calendars 1", "calendars 2"] {
        assert!(moved.contains(parent), "{parent} is not among {moved:?}");
    }
}

/// Any component of a composite key: the region, the number, both; and to and from null.
async fn b08_composite_keys(world: &World) {
    orders::populate(world).await;
    let assign = async |region: Option<&str>, number: Option<i32>| {
        let mut shipment = world.active::<orders::shipment::Entity>(1).await;
        shipment.order_region = Set(region.map(str::to_owned));
        shipment.order_number = Set(number);
        shipment.update(&world.db).await.unwrap();
    };
    let (region, number) = (Some("us"), Some(2));
    world
        .expect_moved(
            &["shipments 1", "orders eu/1", "orders us/1"],
            assign(region, Some(1)),
        )
        .await;
    world
        .expect_moved(
            &["shipments 1", "orders us/1", "orders us/2"],
            assign(region, number),
        )
        .await;
    world
        .expect_moved(
            &["shipments 1", "orders us/2", "orders eu/1"],
            assign(Some("eu"), Some(1)),
        )
        .await;
    world
        .expect_moved(&["shipments 1", "orders eu/1"], assign(None, Some(1)))
        .await;
    world.expect_moved(&["shipments 1"], assign(None, None)).await;
    world
        .expect_moved(&["shipments 1", "orders eu/2"], assign(Some("eu"), number))
        .await;
}

/// One component alone in a partial model: the other is the stored one.
async fn b08_one_component_of_a_composite_key(world: &World) {
    orders::populate(world).await;
    let shipment = orders::shipment::ActiveModel {
        id: Unchanged(1),
        order_number: Set(Some(2)),
        ..Default::default()
    };
    world
        .expect_moved(
            &["shipments 1", "orders eu/1", "orders eu/2"],
            shipment.update(&world.db),
        )
        .await
        .unwrap();
}

async fn b08_a_watched_column_beside_the_key_touches_one_parent(world: &World) {
    orders::populate(world).await;
    let mut shipment = world.active::<orders::shipment::Entity>(3).await;
    shipment.carrier = Set("rail".to_owned());
    world
        .expect_moved(&["shipments 3", "orders us/1"], shipment.update(&world.db))
        .await
        .unwrap();
    let mut shipment = world.active::<orders::shipment::Entity>(3).await;
    shipment.weight = Set(7);
    world
        .expect_moved(&["shipments 3"], shipment.update(&world.db))
        .await
        .unwrap();
}

/// Half a key leads nowhere, and a composite key leads to its own row only.
async fn b08_composite_keys_lead_to_their_own_rows(world: &World) {
    orders::populate(world).await;
    let db = &world.db;
    let mut order = world.active::<orders::order::Entity>(("eu".to_owned(), 1)).await;
    order.currency = Set("USD".to_owned());
    world
        .expect_moved(&["orders eu/1", "lines eu/1/1", "lines eu/1/2"], order.update(db))
        .await
        .unwrap();
    let mut order = world.active::<orders::order::Entity>(("us".to_owned(), 1)).await;
    order.customer = Set("Grace".to_owned());
    world
        .expect_moved(&["orders us/1", "shipments 3"], order.update(db))
        .await
        .unwrap();
    let line = orders::line("us", 2, 2);
    world
        .expect_moved(&["+lines us/2/2", "orders us/2"], line.insert(db))
        .await
        .unwrap();
    let line = world.model::<orders::line::Entity>(("eu".to_owned(), 2, 1)).await;
    world
        .expect_moved(&["-lines eu/2/1", "orders eu/2"], line.delete(db))
        .await
        .unwrap();
    let shipment = world.model::<orders::shipment::Entity>(5).await;
    world
        .expect_moved(&["-shipments 5"], shipment.delete(db))
        .await
        .unwrap();
}

on_every_backend!(outer:
    b08_re_parenting_touches_both_parents,
    b08_re_parenting_in_a_partial_model,
    b08_to_null_touches_the_old_parent,
    b08_from_null_touches_the_new_parent,
    b08_a_stale_model_touches_the_stored_parent,
);
on_every_backend!(orders:
    b08_composite_keys,
    b08_one_component_of_a_composite_key,
    b08_a_watched_column_beside_the_key_touches_one_parent,
    b08_composite_keys_lead_to_their_own_rows,
);

async fn b09_many_to_many_touches_the_linked_rows(world: &World) {
    tags::populate(world).await;
    let mut tag = world.active::<tags::tag::Entity>(2).await;
    tag.label = Set("relabelled".to_owned());
    world
        .expect_moved(&["tags 2", "posts 2", "posts 3"], tag.update(&world.db))
        .await
        .unwrap();
    let mut tag = world.active::<tags::tag::Entity>(2).await;
    tag.color = Set(Some("red".to_owned()));
    world
        .expect_moved(&["tags 2"], tag.update(&world.db))
        .await
        .unwrap();
    let mut tag = world.active::<tags::tag::Entity>(3).await;
    tag.label = Set("on no post".to_owned());
    world
        .expect_moved(&["tags 3"], tag.update(&world.db))
        .await
        .unwrap();
}

/// Two junction rows lead to one event: one stamp, and the row is written once.
async fn b09_a_row_reached_twice_is_touched_once(world: &World) {
    board::populate(world).await;
    world
        .seed([board::participant(6, 2, 1), board::participant(7, 2, 1)])
        .await;
    let mut user = world.active::<board::user::Entity>(2).await;
    user.first_name = Set("Ada".to_owned());
    let sent = world.sent(user.update(&world.db)).await;
    let touches = sent
        .iter()
        .filter(|sql| sql.starts_with("UPDATE") && sql.contains("events"))
        .count();
    assert_eq!(touches, 1, "{sent:#?}");
    let moments = world.moments().await;
    assert_eq!(
        moments.micros("events 1"),
        moments.micros("events 2"),
        "one stamp for all rows"
    );
}

async fn b09_junction_rows_touch_both_ends(world: &World) {
    tags::populate(world).await;
    let db = &world.db;
    world
        .expect_moved(
            &["+post_tags 4/3", "posts 4", "tags 3"],
            tags::post_tag(4, 3).insert(db),
        )
        .await
        .unwrap();
    let link = world.model::<tags::post_tag::Entity>((2, 1)).await;
    world
        .expect_moved(&["-post_tags 2/1", "posts 2", "tags 1"], link.delete(db))
        .await
        .unwrap();
}

on_every_backend!(tags: b09_many_to_many_touches_the_linked_rows, b09_junction_rows_touch_both_ends);
on_every_backend!(board: b09_a_row_reached_twice_is_touched_once);

async fn b10_a_node_touches_its_ancestors_up_to_the_root(world: &World) {
    tree::populate(world).await;
    let mut node = world.active::<tree::node::Entity>(7).await;
    node.label = Set("leaf".to_owned());
    world
        .expect_moved(
            &["nodes 7", "nodes 4", "nodes 2", "nodes 1"],
            node.update(&world.db),
        )
        .await
        .unwrap();
}

async fn b10_a_new_leaf_and_a_deleted_one_touch_the_ancestors(world: &World) {
    tree::populate(world).await;
    let db = &world.db;
    world
        .expect_moved(
            &["+nodes 10", "nodes 6", "nodes 3", "nodes 1"],
            tree::node(10, Some(6)).insert(db),
        )
        .await
        .unwrap();
    let leaf = world.model::<tree::node::Entity>(10).await;
    world
        .expect_moved(&["-nodes 10", "nodes 6", "nodes 3", "nodes 1"], leaf.delete(db))
        .await
        .unwrap();
}

/// The children show the label; their children do not.
async fn b10_children_are_touched_one_level_deep(world: &World) {
    tree::populate(world).await;
    let mut node = world.active::<tree::node::Entity>(2).await;
    node.label = Set("branch".to_owned());
    world
        .expect_moved(
            &["nodes 2", "nodes 1", "nodes 4", "nodes 5"],
            node.update(&world.db),
        )
        .await
        .unwrap();
}

async fn b10_moving_a_branch_touches_both_chains(world: &World) {
    tree::populate(world).await;
    let mut node = world.active::<tree::node::Entity>(4).await;
    node.parent_id = Set(Some(9));
    world
        .expect_moved(
            &["nodes 4", "nodes 2", "nodes 1", "nodes 9", "nodes 8"],
            node.update(&world.db),
        )
        .await
        .unwrap();
}

/// A node that is its own ancestor is bad data, not an endless loop.
async fn b10_a_circle_in_the_data_ends(world: &World) {
    tree::populate(world).await;
    tree::node::Entity::update_many()
        .col_expr(tree::node::Column::ParentId, sea_orm::sea_query::Expr::value(7))
        .filter(tree::node::Column::Id.eq(1))
        .exec(&world.db)
        .await
        .unwrap();
    let mut node = world.active::<tree::node::Entity>(7).await;
    node.label = Set("leaf and root".to_owned());
    world
        .expect_moved(
            &["nodes 7", "nodes 4", "nodes 2", "nodes 1"],
            node.update(&world.db),
        )
        .await
        .unwrap();
}

on_every_backend!(tree:
    b10_a_node_touches_its_ancestors_up_to_the_root,
    b10_a_new_leaf_and_a_deleted_one_touch_the_ancestors,
    b10_children_are_touched_one_level_deep,
    b10_moving_a_branch_touches_both_chains,
    b10_a_circle_in_the_data_ends,
);
