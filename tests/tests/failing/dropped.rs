//! 19: a save whose future is dropped leaves nothing that a later save could take for its own.
//!
//! The future is dropped between two statements that the application's connection sees: a connection of ours sends the others
//! itself. On level 1 the gate around the connection is, as every type of an application's own, taken for a transaction.

use sea_orm::{ActiveModelTrait, EntityTrait, ModelTrait, Set};
use touchable_tests::{
    Connection, Gate, Stage,
    entities::{outer, tags},
    on_every_level,
};

/// What was done before that is committed; the next save of the row touches what it changes itself.
async fn b19_a_dropped_save_leaves_no_mark(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let db = &world.db;
    let mut let_through = 0;
    loop {
        let mut user = world.active::<outer::user::Entity>(1).await;
        user.name = Set(format!("after {let_through} statements"));
        let save = Gate::cancelling(db, let_through, async |gate| user.update(gate).await);
        if let Some(outcome) = world.act(save).await {
            outcome.unwrap();
            break;
        }
        let mut zone = world.active::<outer::user::Entity>(1).await;
        zone.time_zone = Set(format!("UTC+{let_through}"));
        world.expect_moved(&["users 1"], zone.update(db)).await.unwrap();
        let_through += 1;
        assert!(let_through < 20, "a save of so many statements");
    }
    let seen = if world.level().is_touch() { 1 } else { 3 };
    assert!(let_through >= seen, "comparison, save and touches: {let_through}");
}

async fn b19_a_dropped_delete_leaves_no_mark(world: &Stage<'_, impl Connection>) {
    tags::populate(world).await;
    let db = &world.db;
    let mut let_through = 0;
    loop {
        let tag = world.model::<tags::tag::Entity>(2).await;
        let delete = Gate::cancelling(db, let_through, async |gate| tag.delete(gate).await);
        let deleted = world.act(delete).await;
        if deleted.is_some() || tags::tag::Entity::find_by_id(2).one(db).await.unwrap().is_none() {
            break;
        }
        let mut color = world.active::<tags::tag::Entity>(2).await;
        color.color = Set(Some(format!("shade {let_through}")));
        world.expect_moved(&["tags 2"], color.update(db)).await.unwrap();
        let_through += 1;
        assert!(let_through < 20, "a delete of so many statements");
    }
    assert!(let_through >= 1, "a delete of no statement");
}

/// In a transaction that goes too (a savepoint, where the level is one) nothing of a dropped save is left at all.
async fn b19_a_save_dropped_in_a_transaction_leaves_nothing(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let seen = if world.level().is_touch() { 1 } else { 4 };
    for let_through in 0..seen {
        let mut user = world.active::<outer::user::Entity>(1).await;
        user.name = Set("Ada".to_owned());
        let action = async {
            let transaction = world.db.begin().await.unwrap();
            let outcome =
                Gate::cancelling(&transaction, let_through, async |gate| user.update(gate).await).await;
            assert!(outcome.is_none(), "dropped at statement {let_through}");
        };
        world.expect_moved(&[], action).await;
        let mut zone = world.active::<outer::user::Entity>(1).await;
        zone.time_zone = Set(format!("UTC+{let_through}"));
        world
            .expect_moved(&["users 1"], zone.update(&world.db))
            .await
            .unwrap();
    }
}

on_every_level!(outer: b19_a_dropped_save_leaves_no_mark, b19_a_save_dropped_in_a_transaction_leaves_nothing);
on_every_level!(tags: b19_a_dropped_delete_leaves_no_mark);
