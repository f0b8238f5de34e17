//! 23: inserting many rows.

use sea_orm::{EntityTrait, NotSet, Set, sea_query::OnConflict};
use touchable::TouchMany;
use touchable_tests::{
    Connection, Stage, World,
    entities::{cycle, outer, tags},
    on_every_backend, on_every_level,
};

async fn b23_insert_many_touches_the_parents(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    world
        .expect_moved(
            &[
                "+tasks 11",
                "+tasks 12",
                "+tasks 13",
                "events 1",
                "events 2",
                "calendars 1",
            ],
            outer::task::Entity::insert_many([
                outer::task(11, Some(1), None),
                outer::task(12, Some(2), None),
                outer::task(13, None, None),
            ])
            .touching()
            .exec(&world.db),
        )
        .await
        .unwrap();
}

/// Once each: the version says how often.
async fn b23_parents_are_touched_once(world: &Stage<'_, impl Connection>) {
    cycle::populate(world).await;
    let new = (11..20).map(|id| cycle::task(id, Some(1)));
    cycle::task::Entity::insert_many(new)
        .touching()
        .exec(&world.db)
        .await
        .unwrap();
    assert_eq!(world.model::<cycle::event::Entity>(1).await.lock_no, 2);
    assert_eq!(world.model::<cycle::event::Entity>(2).await.lock_no, 1);
}

/// Rows without a stamp or a key get both.
async fn b23_new_rows_are_stamped(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let new = |title: &str| outer::task::ActiveModel {
        id: NotSet,
        title: Set(title.to_owned()),
        event_id: Set(Some(3)),
        user_id: Set(None),
        updated_at: NotSet,
    };
    world
        .expect_moved(
            &["+tasks 6", "+tasks 7", "events 3", "calendars 2"],
            outer::task::Entity::insert_many([new("a"), new("b")])
                .touching()
                .exec(&world.db),
        )
        .await
        .unwrap();
    let moments = world.moments().await;
    for task in ["tasks 6", "tasks 7"] {
        assert!(
            moments.micros(task) > moments.micros("tasks 1"),
            "{task} has a fresh stamp"
        );
        assert!(moments.micros("events 3") >= moments.micros(task));
    }
}

async fn b23_insert_many_of_junction_rows(world: &Stage<'_, impl Connection>) {
    tags::populate(world).await;
    world
        .expect_moved(
            &["+post_tags 4/1", "+post_tags 4/2", "posts 4", "tags 1", "tags 2"],
            tags::post_tag::Entity::insert_many([tags::post_tag(4, 1), tags::post_tag(4, 2)])
                .touching()
                .exec(&world.db),
        )
        .await
        .unwrap();
}

async fn b23_a_failed_batch_touches_nobody(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let batch =
        outer::task::Entity::insert_many([outer::task(11, Some(1), None), outer::task(12, Some(999), None)]);
    world
        .expect_moved(&[], batch.touching().exec(&world.db))
        .await
        .unwrap_err();
}

/// Rows that were there already are left alone, and the parents of those that were not are touched.
async fn b23_insert_many_on_conflict(world: &Stage<'_, impl Connection>) {
    tags::populate(world).await;
    let conflict = OnConflict::columns([tags::post_tag::Column::PostId, tags::post_tag::Column::TagId])
        .do_nothing_on([tags::post_tag::Column::PostId])
        .to_owned();
    let before = world.moments().await;
    tags::post_tag::Entity::insert_many([tags::post_tag(1, 1), tags::post_tag(4, 3)])
        .on_conflict(conflict)
        .touching()
        .exec(&world.db)
        .await
        .unwrap();
    let moved = before.moved(&world.moments().await);
    for row in ["+post_tags 4/3", "posts 4", "tags 3"] {
        assert!(moved.contains(row), "{row} is not among {moved:?}");
    }
    for row in ["posts 2", "posts 3", "tags 2"] {
        assert!(!moved.contains(row), "{row} is among {moved:?}");
    }
}

async fn b23_the_same_statements_for_any_batch(world: &World) {
    outer::populate(world).await;
    let insert = async |range: std::ops::Range<i32>| {
        let batch = outer::task::Entity::insert_many(range.map(|id| outer::task(id, Some(1 + id % 3), None)));
        world.sent(batch.touching().exec(&world.db)).await.len()
    };
    assert_eq!(insert(100..103).await, insert(200..800).await);
}

on_every_level!(outer:
    b23_insert_many_touches_the_parents,
    b23_new_rows_are_stamped,
    b23_a_failed_batch_touches_nobody,
);
on_every_backend!(outer:
    b23_the_same_statements_for_any_batch,
);
on_every_level!(cycle:
    b23_parents_are_touched_once,
);
on_every_level!(tags:
    b23_insert_many_of_junction_rows,
    b23_insert_many_on_conflict,
);
