//! 8: a row that comes to another parent.

use sea_orm::{ActiveModelTrait, ModelTrait, Set, Unchanged};
use touchable_tests::{
    Connection, Stage,
    entities::{orders, outer},
    on_every_level,
};

async fn b08_re_parenting_touches_both_parents(world: &Stage<'_, impl Connection>) {
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

async fn b08_re_parenting_in_a_partial_model(world: &Stage<'_, impl Connection>) {
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

async fn b08_to_null_touches_the_old_parent(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let mut task = world.active::<outer::task::Entity>(1).await;
    task.event_id = Set(None);
    world
        .expect_moved(&["tasks 1", "events 1", "calendars 1"], task.update(&world.db))
        .await
        .unwrap();
}

async fn b08_from_null_touches_the_new_parent(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let mut task = world.active::<outer::task::Entity>(5).await;
    task.event_id = Set(Some(2));
    world
        .expect_moved(&["tasks 5", "events 2", "calendars 1"], task.update(&world.db))
        .await
        .unwrap();
}

/// The old parent is the one in the database, not the one this model was loaded with.
async fn b08_a_stale_model_touches_the_stored_parent(world: &Stage<'_, impl Connection>) {
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
async fn b08_composite_keys(world: &Stage<'_, impl Connection>) {
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
async fn b08_one_component_of_a_composite_key(world: &Stage<'_, impl Connection>) {
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

async fn b08_a_watched_column_beside_the_key_touches_one_parent(world: &Stage<'_, impl Connection>) {
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
async fn b08_composite_keys_lead_to_their_own_rows(world: &Stage<'_, impl Connection>) {
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

on_every_level!(outer:
    b08_re_parenting_touches_both_parents,
    b08_re_parenting_in_a_partial_model,
    b08_to_null_touches_the_old_parent,
    b08_from_null_touches_the_new_parent,
    b08_a_stale_model_touches_the_stored_parent,
);
on_every_level!(orders:
    b08_composite_keys,
    b08_one_component_of_a_composite_key,
    b08_a_watched_column_beside_the_key_touches_one_parent,
    b08_composite_keys_lead_to_their_own_rows,
);
