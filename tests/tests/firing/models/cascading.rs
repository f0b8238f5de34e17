//! 9, 10 and 12 from every model: through junctions, up a tree, and further on.

use sea_orm::{ActiveModelTrait, Set, Unchanged};
use touchable_tests::{
    Connection, Stage,
    entities::{outer, tags, tree},
    on_every_level,
};

use super::{Origin, expect_from_every_model};

async fn b09_linked_rows_are_touched_from_every_model(world: &Stage<'_, impl Connection>) {
    let other = tags::tag::ActiveModel {
        id: Unchanged(2),
        label: Set("by another".to_owned()),
        ..Default::default()
    };
    let shown: &[&str] = &["tags 2", "posts 2", "posts 3"];
    expect_from_every_model(
        world,
        tags::populate,
        other.clone(),
        updating!(tag => tag.label = Set("relabelled".to_owned())),
        |_| shown,
    )
    .await;
    expect_from_every_model(
        world,
        tags::populate,
        other,
        updating!(tag => tag.color = Set(Some("red".to_owned()))),
        |origin| match origin {
            Origin::StaleReset => shown,
            _ => &["tags 2"],
        },
    )
    .await;
}

/// A row of two keys, which is all that there is to know of it.
async fn b09_a_deleted_link_touches_both_ends_from_every_model(world: &Stage<'_, impl Connection>) {
    let other = tags::post_tag::ActiveModel {
        post_id: Unchanged(2),
        tag_id: Unchanged(1),
        ..Default::default()
    };
    expect_from_every_model(world, tags::populate, other, deleting!(link), |_| {
        &["-post_tags 2/1", "posts 2", "tags 1"]
    })
    .await;
}

/// Node 4 has come from node 2 to node 3: up to the root by its new parent, and down to the child that shows its label.
async fn b10_a_tree_from_every_model(world: &Stage<'_, impl Connection>) {
    let other = tree::node::ActiveModel {
        id: Unchanged(4),
        parent_id: Set(Some(3)),
        ..Default::default()
    };
    expect_from_every_model(
        world,
        tree::populate,
        other.clone(),
        updating!(node => node.label = Set("renamed".to_owned())),
        |origin| match origin {
            Origin::StaleReset => &["nodes 4", "nodes 7", "nodes 1", "nodes 2", "nodes 3"],
            _ => &["nodes 4", "nodes 7", "nodes 1", "nodes 3"],
        },
    )
    .await;
    expect_from_every_model(
        world,
        tree::populate,
        other.clone(),
        updating!(node => node.parent_id = Set(Some(8))),
        |_| &["nodes 4", "nodes 1", "nodes 3", "nodes 8"],
    )
    .await;
    expect_from_every_model(world, tree::populate, other, deleting!(node), |_| {
        &["-nodes 4", "nodes 1", "nodes 3", "nodes 7"]
    })
    .await;
}

async fn b12_touches_cascade_from_every_model(world: &Stage<'_, impl Connection>) {
    let other = outer::user::ActiveModel {
        id: Unchanged(1),
        name: Set("by another".to_owned()),
        ..Default::default()
    };
    expect_from_every_model(
        world,
        outer::populate,
        other,
        updating!(user => user.name = Set("Ada".to_owned())),
        |_| {
            &[
                "users 1",
                "tasks 1",
                "tasks 2",
                "tasks 3",
                "tasks 5",
                "events 1",
                "events 3",
                "calendars 1",
                "calendars 2",
            ]
        },
    )
    .await;
}

on_every_level!(outer: b12_touches_cascade_from_every_model);
on_every_level!(tags:
    b09_linked_rows_are_touched_from_every_model,
    b09_a_deleted_link_touches_both_ends_from_every_model,
);
on_every_level!(tree: b10_a_tree_from_every_model);
