//! A touch on one node drops what the others hold of the touched rows.

use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
use touchable_tests::{
    World as Database,
    entities::published::{badge, member, team},
    on_every_backend,
};

use super::Scene;
use crate::evicting::Node;

async fn all<E: EntityTrait>(database: &Database) -> Vec<E::Model> {
    E::find().all(&database.db).await.unwrap()
}

async fn b14_a_touch_on_one_node_drops_the_copies_of_another(database: &Database) {
    let scene = Scene::set(database).await;
    let there = Node::on(&scene.world).await;
    let stream = |name: &str| scene.streams.iter().find(|stream| stream.name() == name).unwrap();
    let _followers = [
        there.store.follow::<team::Entity>(stream("teams")).await.unwrap(),
        there
            .store
            .follow::<member::Entity>(stream("people"))
            .await
            .unwrap(),
    ];
    let (teams, members) = (
        all::<team::Entity>(database).await,
        all::<member::Entity>(database).await,
    );
    let (of_one, of_others): (Vec<_>, Vec<_>) = members.iter().partition(|member| member.team_id == 1);
    assert!(!of_one.is_empty() && !of_others.is_empty());
    let card = |member: &&member::Model| there.key(&(*member, "card"));
    let mut gone: Vec<String> = of_one.iter().map(card).collect();
    let mut others: Vec<String> = of_others.iter().map(card).collect();
    for team in &teams {
        let keys = if team.id == 1 { &mut gone } else { &mut others };
        keys.push(there.key(&(team, "page")));
    }
    there.hold(&[gone.clone(), others.clone()].concat()).await;

    let mut first = teams
        .into_iter()
        .find(|team| team.id == 1)
        .unwrap()
        .into_active_model();
    first.name = Set("renamed".to_owned());
    first.update(&scene.db).await.unwrap();
    for key in &gone {
        assert_eq!(there.left_without(key, &others).await, others, "{key}");
    }
}

/// Badges share the stream of members: what is told of them is no business of those who follow members.
async fn b14_other_entities_of_a_stream_drop_nothing(database: &Database) {
    let scene = Scene::set(database).await;
    let there = Node::on(&scene.world).await;
    let people = scene
        .streams
        .iter()
        .find(|stream| stream.name() == "people")
        .unwrap();
    let _follower = there.store.follow::<member::Entity>(people).await.unwrap();
    let member = all::<member::Entity>(database).await.swap_remove(0);
    let badge = all::<badge::Entity>(database).await.swap_remove(0);
    let keys = [there.key(&member), there.key(&badge)];
    there.hold(&keys).await;

    let mut touched = badge.into_active_model();
    touched.updated_at = Set(touchable_tests::at(1_000));
    touched.update(&scene.db).await.unwrap();
    let mut renamed = member.into_active_model();
    renamed.name = Set("renamed".to_owned());
    renamed.update(&scene.db).await.unwrap();
    let left = there.left_without(&keys[0], &keys).await;
    assert_eq!(left, [&keys[1]]);
}

on_every_backend!(published:
    b14_a_touch_on_one_node_drops_the_copies_of_another,
    b14_other_entities_of_a_stream_drop_nothing,
);
