//! 13: rows outside the association stay.

use sea_orm::{ActiveModelTrait, ModelTrait, Set};
use touchable_tests::{
    Connection, Stage,
    entities::{board, chain},
    on_every_level,
};

/// The harness compares every row of every table in every test; this one does so among many, to the last digit.
async fn b13_other_rows_stay_to_the_microsecond(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    world.multiply::<board::task::Entity>(4, 1000, 50).await;
    world.multiply::<board::task::Entity>(6, 2000, 50).await;
    let before = world.moments().await;
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set("renamed".to_owned());
    world.act(event.update(&world.db)).await.unwrap();
    let after = world.moments().await;
    for id in (1000..1050).chain(2000..2050) {
        let row = format!("tasks {id}");
        assert_eq!(before.micros(&row), after.micros(&row));
    }
    let moved: Vec<String> = before.moved(&after).into_iter().collect();
    assert_eq!(moved, ["events 1", "tasks 1", "tasks 2", "tasks 3"]);
}

/// A `Linked` chain reaches what it is linked to and nothing beside it.
async fn b13_linked_chains_stay_within_their_links(world: &Stage<'_, impl Connection>) {
    chain::populate(world).await;
    let db = &world.db;
    let mut company = world.active::<chain::company::Entity>(2).await;
    company.name = Set("renamed".to_owned());
    world
        .expect_moved(&["companies 2", "cards 3"], company.update(db))
        .await
        .unwrap();

    // The other way around: a person in a team touches the company, one without a team nobody.
    let mut person = world.active::<chain::person::Entity>(2).await;
    person.name = Set("renamed".to_owned());
    world
        .expect_moved(&["people 2", "companies 1"], person.update(db))
        .await
        .unwrap();
    let mut person = world.active::<chain::person::Entity>(4).await;
    person.name = Set("renamed".to_owned());
    world
        .expect_moved(&["people 4"], person.update(db))
        .await
        .unwrap();

    // Re-parenting along the chain's first link.
    let mut person = world.active::<chain::person::Entity>(2).await;
    person.team_id = Set(Some(3));
    world
        .expect_moved(&["people 2", "companies 1", "companies 2"], person.update(db))
        .await
        .unwrap();
    let person = world.model::<chain::person::Entity>(3).await;
    world
        .expect_moved(&["-people 3", "-cards 3", "companies 2"], person.delete(db))
        .await
        .unwrap();
}

on_every_level!(board: b13_other_rows_stay_to_the_microsecond);
on_every_level!(chain: b13_linked_chains_stay_within_their_links);
