//! 9: rows linked through others.

use sea_orm::{ActiveModelTrait, ModelTrait, Set};
use touchable_tests::{
    Connection, Stage, World,
    entities::{board, tags},
    on_every_backend, on_every_level,
};

async fn b09_many_to_many_touches_the_linked_rows(world: &Stage<'_, impl Connection>) {
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

async fn b09_junction_rows_touch_both_ends(world: &Stage<'_, impl Connection>) {
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

on_every_level!(tags:
    b09_many_to_many_touches_the_linked_rows,
    b09_junction_rows_touch_both_ends,
);
on_every_backend!(board:
    b09_a_row_reached_twice_is_touched_once,
);
