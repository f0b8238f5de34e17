//! 24: touching without saving.

use sea_orm::{ColumnTrait, EntityTrait, ModelTrait, QueryFilter, QueryOrder, QuerySelect, TransactionTrait};
use touchable::{TouchAll, TouchRecord};
use touchable_tests::{
    Connection, Stage, World,
    entities::{board, cycle, orders, outer},
    on_every_backend, on_every_level,
};

async fn b24_touch_cascades(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let task = world.model::<outer::task::Entity>(3).await;
    let touched = world
        .expect_moved(&["tasks 3", "events 3", "calendars 2"], task.touch(&world.db))
        .await
        .unwrap();
    assert_eq!(touched.rows(), 1, "rows of the entity itself");
}

async fn b24_touch_in_a_circle(world: &Stage<'_, impl Connection>) {
    cycle::populate(world).await;
    let event = world.model::<cycle::event::Entity>(1).await;
    world
        .expect_moved(&["events 1", "tasks 1", "tasks 2"], event.touch(&world.db))
        .await
        .unwrap();
    assert_eq!(world.model::<cycle::event::Entity>(1).await.lock_no, 2);
    assert_eq!(world.model::<cycle::task::Entity>(1).await.lock_no, 2);
}

/// A touch changes no field: rules with a field list stay quiet.
async fn b24_touch_fires_no_rule_with_a_field_list(world: &Stage<'_, impl Connection>) {
    board::populate(world).await;
    let event = world.model::<board::event::Entity>(1).await;
    world
        .expect_moved(&["events 1"], event.touch(&world.db))
        .await
        .unwrap();
}

async fn b24_touch_with_a_composite_key(world: &Stage<'_, impl Connection>) {
    orders::populate(world).await;
    let line = world.model::<orders::line::Entity>(("eu".to_owned(), 1, 2)).await;
    world
        .expect_moved(&["lines eu/1/2", "orders eu/1"], line.touch(&world.db))
        .await
        .unwrap();
}

async fn b24_touching_a_row_that_is_gone_says_so(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let task = world.model::<outer::task::Entity>(3).await;
    task.clone().delete(&world.db).await.unwrap();
    let error = world.expect_moved(&[], task.touch(&world.db)).await.unwrap_err();
    assert!(error.is_record_not_found(), "{error}");
    let message = error.to_string();
    assert!(message.contains("tasks") && message.contains('3'), "{message}");
}

async fn b24_touching_a_composite_key_that_is_gone_says_so(world: &Stage<'_, impl Connection>) {
    orders::populate(world).await;
    let line = world.model::<orders::line::Entity>(("eu".to_owned(), 1, 2)).await;
    line.clone().delete(&world.db).await.unwrap();
    let error = line.touch(&world.db).await.unwrap_err();
    let message = error.to_string();
    assert!(message.contains("lines") && message.contains("eu"), "{message}");
}

async fn b24_touch_all_touches_what_a_query_finds(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let select = outer::task::Entity::find().filter(outer::task::Column::Id.is_in([1, 2, 4]));
    let touched = world
        .expect_moved(
            &[
                "tasks 1",
                "tasks 2",
                "tasks 4",
                "events 1",
                "events 2",
                "calendars 1",
            ],
            outer::task::Entity::touch_all(select, &world.db),
        )
        .await
        .unwrap();
    assert_eq!(touched.rows(), 3, "rows of the entity itself");
}

async fn b24_touch_all_of_a_joined_ordered_limited_query(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let select = outer::task::Entity::find()
        .inner_join(outer::event::Entity)
        .filter(outer::event::Column::CalendarId.eq(1))
        .order_by_desc(outer::task::Column::Id)
        .limit(2);
    world
        .expect_moved(
            &["tasks 4", "tasks 2", "events 1", "events 2", "calendars 1"],
            outer::task::Entity::touch_all(select, &world.db),
        )
        .await
        .unwrap();
}

async fn b24_touch_all_of_nothing(world: &Stage<'_, impl Connection>) {
    outer::populate(world).await;
    let select = outer::task::Entity::find().filter(outer::task::Column::Id.eq(999));
    let touched = world
        .expect_moved(&[], outer::task::Entity::touch_all(select, &world.db))
        .await
        .unwrap();
    assert_eq!(touched.rows(), 0);
}

async fn b24_touches_roll_back(world: &World) {
    outer::populate(world).await;
    let task = world.model::<outer::task::Entity>(3).await;
    let action = async {
        let transaction = world.db.begin().await.unwrap();
        task.touch(&transaction).await.unwrap();
        outer::task::Entity::touch_all(outer::task::Entity::find(), &transaction)
            .await
            .unwrap();
        transaction.rollback().await.unwrap();
    };
    world.expect_moved(&[], action).await;
}

on_every_level!(outer:
    b24_touch_cascades,
    b24_touching_a_row_that_is_gone_says_so,
    b24_touch_all_touches_what_a_query_finds,
    b24_touch_all_of_a_joined_ordered_limited_query,
    b24_touch_all_of_nothing,
);
on_every_backend!(outer:
    b24_touches_roll_back,
);
on_every_level!(cycle:
    b24_touch_in_a_circle,
);
on_every_level!(board:
    b24_touch_fires_no_rule_with_a_field_list,
);
on_every_level!(orders:
    b24_touch_with_a_composite_key,
    b24_touching_a_composite_key_that_is_gone_says_so,
);
