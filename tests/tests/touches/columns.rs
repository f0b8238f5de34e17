//! 15: a rule may move columns of its own, for a key per fragment.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveModelTrait, Set, Unchanged};
use touchable_tests::{Connection, Stage, entities::columns, on_every_level};

async fn b15_a_key_per_fragment(world: &Stage<'_, impl Connection>) {
    columns::populate(world).await;
    let db = &world.db;
    let mut task = world.active::<columns::task::Entity>(1).await;
    task.title = Set("retitled".to_owned());
    world
        .expect_moved(&["tasks 1", "projects 1.tasks_touched_at"], task.update(db))
        .await
        .unwrap();

    let mut comment = world.active::<columns::comment::Entity>(1).await;
    comment.text = Set("rewritten".to_owned());
    world
        .expect_moved(
            &[
                "comments 1",
                "projects 1.comments_touched_at",
                "projects 1.activity_at",
            ],
            comment.update(db),
        )
        .await
        .unwrap();

    let mut member = world.active::<columns::member::Entity>(1).await;
    member.name = Set("renamed".to_owned());
    world
        .expect_moved(&["members 1", "projects 1"], member.update(db))
        .await
        .unwrap();
}

/// The columns of a rule rise like a touch column, also above a stamp that is ahead.
async fn b15_columns_rise_strictly(world: &Stage<'_, impl Connection>) {
    columns::populate(world).await;
    let ahead: DateTime<Utc> = Utc::now() + std::time::Duration::from_hours(24);
    let project = columns::project::ActiveModel {
        id: Unchanged(1),
        tasks_touched_at: Set(ahead),
        ..Default::default()
    };
    world.act(project.update(&world.db)).await.unwrap();
    for turn in 0..3 {
        let before = world.model::<columns::project::Entity>(1).await.tasks_touched_at;
        let mut task = world.active::<columns::task::Entity>(1).await;
        task.title = Set(format!("turn {turn}"));
        world.act(task.update(&world.db)).await.unwrap();
        let after = world.model::<columns::project::Entity>(1).await.tasks_touched_at;
        assert!(after > before, "{after} after {before}");
    }
}

on_every_level!(columns: b15_a_key_per_fragment, b15_columns_rise_strictly);
