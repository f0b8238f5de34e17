//! 10: an entity associated with itself.

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, ModelTrait, QueryFilter, Set};
use touchable_tests::{Connection, Stage, entities::tree, on_every_level};

async fn b10_a_node_touches_its_ancestors_up_to_the_root(world: &Stage<'_, impl Connection>) {
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

async fn b10_a_new_leaf_and_a_deleted_one_touch_the_ancestors(world: &Stage<'_, impl Connection>) {
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
async fn b10_children_are_touched_one_level_deep(world: &Stage<'_, impl Connection>) {
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

async fn b10_moving_a_branch_touches_both_chains(world: &Stage<'_, impl Connection>) {
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
async fn b10_a_circle_in_the_data_ends(world: &Stage<'_, impl Connection>) {
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

on_every_level!(tree:
    b10_a_node_touches_its_ancestors_up_to_the_root,
    b10_a_new_leaf_and_a_deleted_one_touch_the_ancestors,
    b10_children_are_touched_one_level_deep,
    b10_moving_a_branch_touches_both_chains,
    b10_a_circle_in_the_data_ends,
);
