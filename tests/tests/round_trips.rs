//! What a rule costs, in statements, beside `SeaORM` alone.

use sea_orm::{ActiveModelTrait, ModelTrait, Set};
use touchable_tests::{
    World,
    entities::{board, plain},
    on_every_backend,
};

async fn populate(world: &World) {
    board::populate(world).await;
    plain::populate(world).await;
}

async fn update_of_unwatched_columns_costs_nothing(world: &World) {
    populate(world).await;
    let mut plain = world.active::<plain::event::Entity>(1).await;
    plain.location = Set("there".to_owned());
    let baseline = world.sent(plain.update(&world.db)).await;

    let mut event = world.active::<board::event::Entity>(1).await;
    event.location = Set("there".to_owned());
    let touching = world.sent(event.update(&world.db)).await;
    assert_eq!(touching.len(), baseline.len(), "{touching:#?}");
}

async fn update_of_nothing_costs_nothing(world: &World) {
    populate(world).await;
    let plain = world.active::<plain::event::Entity>(1).await;
    let baseline = world.sent(plain.update(&world.db)).await;
    let event = world.active::<board::event::Entity>(1).await;
    let touching = world.sent(event.update(&world.db)).await;
    assert_eq!(touching.len(), baseline.len(), "{touching:#?}");
}

/// One comparison, and nothing to write: SeaORM reads the row once where there is nothing to update.
async fn update_that_changes_nothing_costs_one_comparison(world: &World) {
    populate(world).await;
    let plain = world.active::<plain::event::Entity>(1).await;
    let baseline = world.sent(plain.update(&world.db)).await;
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set("event 1".to_owned());
    let touching = world.sent(event.update(&world.db)).await;
    assert!(touching.len() <= baseline.len() + 1, "{touching:#?}");
}

async fn a_fired_rule_costs_a_comparison_and_a_statement(world: &World) {
    populate(world).await;
    let mut plain = world.active::<plain::event::Entity>(1).await;
    plain.name = Set("renamed".to_owned());
    let baseline = world.sent(plain.update(&world.db)).await;

    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set("renamed".to_owned());
    let touching = world.sent(event.update(&world.db)).await;
    assert!(touching.len() <= baseline.len() + 2, "{touching:#?}");
}

async fn every_further_association_costs_one_statement(world: &World) {
    populate(world).await;
    let mut plain = world.active::<plain::event::Entity>(1).await;
    plain.name = Set("renamed".to_owned());
    let baseline = world.sent(plain.update(&world.db)).await;

    let mut user = world.active::<board::user::Entity>(1).await;
    user.first_name = Set("Ada".to_owned());
    let touching = world.sent(user.update(&world.db)).await;
    assert!(touching.len() <= baseline.len() + 1 + 3, "{touching:#?}");
}

async fn insert_with_has_many_rules_costs_nothing(world: &World) {
    populate(world).await;
    let plain = plain::event::ActiveModel {
        id: Set(9),
        name: Set("new".to_owned()),
        goal: Set(None),
        location: Set("here".to_owned()),
        updated_at: Set(touchable_tests::at(0)),
    };
    let baseline = world.sent(plain.insert(&world.db)).await;
    let touching = world.sent(board::event(9).insert(&world.db)).await;
    assert_eq!(touching.len(), baseline.len(), "{touching:#?}");
}

async fn delete_without_rules_costs_nothing(world: &World) {
    populate(world).await;
    let plain = world.model::<plain::task::Entity>(1).await;
    let baseline = world.sent(plain.delete(&world.db)).await;
    let task = world.model::<board::task::Entity>(1).await;
    let touching = world.sent(task.delete(&world.db)).await;
    assert_eq!(touching.len(), baseline.len(), "{touching:#?}");
}

/// Ten children or ten thousand.
async fn the_number_of_children_does_not_matter(world: &World) {
    populate(world).await;
    let rename = async |name: &str| {
        let mut user = world.active::<board::user::Entity>(1).await;
        user.first_name = Set(name.to_owned());
        world.sent(user.update(&world.db)).await.len()
    };
    world.multiply::<board::task::Entity>(1, 1000, 10).await;
    let ten = rename("ten").await;
    world.multiply::<board::task::Entity>(1, 10_000, 10_000).await;
    world
        .multiply::<board::participant::Entity>(1, 10_000, 10_000)
        .await;
    let many = rename("ten thousand").await;
    assert_eq!(ten, many);
}

on_every_backend!(plain:
    update_of_unwatched_columns_costs_nothing,
    update_of_nothing_costs_nothing,
    update_that_changes_nothing_costs_one_comparison,
    a_fired_rule_costs_a_comparison_and_a_statement,
    every_further_association_costs_one_statement,
    insert_with_has_many_rules_costs_nothing,
    delete_without_rules_costs_nothing,
    the_number_of_children_does_not_matter,
);
