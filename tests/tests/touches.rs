//! Behaviours 11 to 13, 15 and 16: what a touch is. The deadlocks of 14 have a file of their own.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, EntityTrait, ModelTrait, QueryFilter, Set, sea_query::Expr,
};
use touchable::{Clock, Stamp, TouchAll, TouchMany};
use touchable_tests::{
    Backend, World,
    entities::{board, chain, columns, cycle, outer, tree},
    epoch, on_every_backend,
};

/// The statements that update a table. MariaDB orders a many-to-many update by joining the table to its ordered keys.
fn updates_of<'a>(sent: &'a [String], table: &str) -> Vec<&'a String> {
    let updates = |sql: &str| {
        sql.starts_with(&format!("UPDATE \"{table}\""))
            || sql.starts_with(&format!("UPDATE `{table}`"))
            || (sql.starts_with("UPDATE (") && sql.contains(&format!("JOIN `{table}` ON")))
    };
    sent.iter().filter(|sql| updates(sql)).collect()
}

async fn b11_one_statement_per_association(world: &World) {
    board::populate(world).await;
    let mut user = world.active::<board::user::Entity>(1).await;
    user.first_name = Set("Ada".to_owned());
    let sent = world.sent(user.update(&world.db)).await;
    for table in ["users", "tasks", "participants", "events"] {
        assert_eq!(updates_of(&sent, table).len(), 1, "{table}: {sent:#?}");
    }
    let reads = sent.iter().filter(|sql| sql.starts_with("SELECT"));
    for read in reads {
        assert!(
            !read.contains("tasks") && !read.contains("participants"),
            "rows were loaded: {read}"
        );
    }
}

async fn b11_one_stamp_for_all_rows(world: &World) {
    board::populate(world).await;
    let mut user = world.active::<board::user::Entity>(1).await;
    user.first_name = Set("Ada".to_owned());
    user.update(&world.db).await.unwrap();
    let moments = world.moments().await;
    let stamp = moments.micros("tasks 1");
    for row in [
        "tasks 2",
        "tasks 5",
        "participants 1",
        "participants 2",
        "events 1",
        "events 2",
    ] {
        assert_eq!(moments.micros(row), stamp, "{row}");
    }
}

/// The stamp is the clock's, to the microsecond.
async fn b11_touches_take_the_clocks_stamp(world: &World) {
    board::populate(world).await;
    let now = epoch() + 31_536_000_000_001;
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set("renamed".to_owned());
    let clock = Clock::manual(Stamp::from_micros(now));
    clock.scope(event.update(&world.db)).await.unwrap();
    let touched = world.moments().await.micros("tasks 1");
    assert!((now..now + 100).contains(&touched), "{touched}");
}

async fn b11_ten_thousand_rows_take_the_same_statements(world: &World) {
    board::populate(world).await;
    let rename = async |name: &str| {
        let mut event = world.active::<board::event::Entity>(1).await;
        event.name = Set(name.to_owned());
        world.sent(event.update(&world.db)).await
    };
    let few = rename("few").await;
    world.multiply::<board::task::Entity>(1, 1000, 10_000).await;
    let many = rename("many").await;
    assert_eq!(few.len(), many.len(), "{many:#?}");
    let stamp = world.moments().await.micros("tasks 1");
    assert_eq!(world.moments().await.micros("tasks 10999"), stamp);
}

on_every_backend!(board:
    b11_one_statement_per_association,
    b11_one_stamp_for_all_rows,
    b11_touches_take_the_clocks_stamp,
    b11_ten_thousand_rows_take_the_same_statements,
);

async fn b12_touches_cascade(world: &World) {
    outer::populate(world).await;
    let mut user = world.active::<outer::user::Entity>(1).await;
    user.name = Set("Ada".to_owned());
    world
        .expect_moved(
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
            ],
            user.update(&world.db),
        )
        .await
        .unwrap();
}

async fn b12_a_cascade_takes_one_statement_per_edge(world: &World) {
    outer::populate(world).await;
    world.multiply::<outer::task::Entity>(1, 1000, 100).await;
    let mut user = world.active::<outer::user::Entity>(1).await;
    user.name = Set("Ada".to_owned());
    let sent = world.sent(user.update(&world.db)).await;
    for table in ["tasks", "events", "calendars"] {
        assert_eq!(updates_of(&sent, table).len(), 1, "{table}: {sent:#?}");
    }
}

/// Event → tasks → event: the event was saved, the tasks are touched, and there it ends.
async fn b12_cycles_end(world: &World) {
    cycle::populate(world).await;
    let db = &world.db;
    let mut event = world.active::<cycle::event::Entity>(1).await;
    event.name = Set("renamed".to_owned());
    world
        .expect_moved(&["events 1", "tasks 1", "tasks 2"], event.update(db))
        .await
        .unwrap();

    let mut task = world.active::<cycle::task::Entity>(3).await;
    task.title = Set("retitled".to_owned());
    world
        .expect_moved(&["tasks 3", "tasks 4", "events 2"], task.update(db))
        .await
        .unwrap();
}

/// The version counts: one for the save or the touch, and not another on the way around the circle.
async fn b12_no_row_is_touched_twice(world: &World) {
    cycle::populate(world).await;
    let mut task = world.active::<cycle::task::Entity>(1).await;
    task.title = Set("retitled".to_owned());
    let saved = task.update(&world.db).await.unwrap();
    assert_eq!(saved.lock_no, 2);
    assert_eq!(
        world.model::<cycle::task::Entity>(1).await,
        saved,
        "the saved row is not touched by its own save"
    );
    assert_eq!(world.model::<cycle::task::Entity>(2).await.lock_no, 2);
    assert_eq!(world.model::<cycle::event::Entity>(1).await.lock_no, 2);
    assert_eq!(world.model::<cycle::event::Entity>(2).await.lock_no, 1);
}

/// A rule with a field list is about fields, and a touch changes none.
async fn b12_rules_with_a_field_list_do_not_cascade(world: &World) {
    tree::populate(world).await;
    // Node 4 touches node 2, whose children show its label: node 5 stays.
    let mut node = world.active::<tree::node::Entity>(4).await;
    node.label = Set("renamed".to_owned());
    world
        .expect_moved(
            &["nodes 4", "nodes 2", "nodes 1", "nodes 7"],
            node.update(&world.db),
        )
        .await
        .unwrap();
}

on_every_backend!(outer: b12_touches_cascade, b12_a_cascade_takes_one_statement_per_edge);
on_every_backend!(cycle: b12_cycles_end, b12_no_row_is_touched_twice);
on_every_backend!(tree: b12_rules_with_a_field_list_do_not_cascade);

/// The harness compares every row of every table in every test; this one does so among many, to the last digit.
async fn b13_other_rows_stay_to_the_microsecond(world: &World) {
    board::populate(world).await;
    world.multiply::<board::task::Entity>(4, 1000, 50).await;
    world.multiply::<board::task::Entity>(6, 2000, 50).await;
    let before = world.moments().await;
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set("renamed".to_owned());
    event.update(&world.db).await.unwrap();
    let after = world.moments().await;
    for id in (1000..1050).chain(2000..2050) {
        let row = format!("tasks {id}");
        assert_eq!(before.micros(&row), after.micros(&row));
    }
    let moved: Vec<String> = before.moved(&after).into_iter().collect();
    assert_eq!(moved, ["events 1", "tasks 1", "tasks 2", "tasks 3"]);
}

/// A `Linked` chain reaches what it is linked to and nothing beside it.
async fn b13_linked_chains_stay_within_their_links(world: &World) {
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

on_every_backend!(board: b13_other_rows_stay_to_the_microsecond);
on_every_backend!(chain: b13_linked_chains_stay_within_their_links);

async fn b15_a_key_per_fragment(world: &World) {
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
async fn b15_columns_rise_strictly(world: &World) {
    columns::populate(world).await;
    let ahead: DateTime<Utc> = Utc::now() + std::time::Duration::from_hours(24);
    columns::project::ActiveModel {
        id: ActiveValue::Unchanged(1),
        tasks_touched_at: Set(ahead),
        ..Default::default()
    }
    .update(&world.db)
    .await
    .unwrap();
    for turn in 0..3 {
        let before = world.model::<columns::project::Entity>(1).await.tasks_touched_at;
        let mut task = world.active::<columns::task::Entity>(1).await;
        task.title = Set(format!("turn {turn}"));
        task.update(&world.db).await.unwrap();
        let after = world.model::<columns::project::Entity>(1).await.tasks_touched_at;
        assert!(after > before, "{after} after {before}");
    }
}

on_every_backend!(columns: b15_a_key_per_fragment, b15_columns_rise_strictly);

/// More rows than a statement can have parameters.
const fn more_than_can_be_bound(world: &World) -> i32 {
    match world.backend {
        Backend::Sqlite => 33_000,
        Backend::Postgres | Backend::MariaDb => 66_000,
    }
}

async fn b16_bind_limits_in_update_many_and_delete_many(world: &World) {
    outer::populate(world).await;
    let count = more_than_can_be_bound(world);
    world.multiply::<outer::event::Entity>(4, 1000, count).await;
    world.multiply::<outer::task::Entity>(4, 1000, count).await;
    let spread = Expr::col(outer::task::Column::Id);
    outer::task::Entity::update_many()
        .col_expr(outer::task::Column::EventId, spread)
        .filter(outer::task::Column::Id.gte(1000))
        .exec(&world.db)
        .await
        .unwrap();

    let updated = outer::task::Entity::update_many()
        .col_expr(outer::task::Column::Title, Expr::value("all of them"))
        .filter(outer::task::Column::Id.gte(1000))
        .touching()
        .exec(&world.db)
        .await
        .unwrap();
    assert_eq!(updated.rows_affected, u64::try_from(count).unwrap());
    let after_update = world.moments().await;
    let (first, last) = ("events 1000".to_owned(), format!("events {}", 999 + count));
    assert!(after_update.micros(&first) > epoch() + 1_000_000);
    assert!(after_update.micros(&last) > epoch() + 1_000_000);

    let deleted = outer::task::Entity::delete_many()
        .filter(outer::task::Column::Id.gte(1000))
        .touching()
        .exec(&world.db)
        .await
        .unwrap();
    assert_eq!(deleted.rows_affected, u64::try_from(count).unwrap());
    let after_delete = world.moments().await;
    assert!(after_delete.micros(&first) > after_update.micros(&first));
    assert!(after_delete.micros(&last) > after_update.micros(&last));
}

async fn b16_bind_limits_in_touch_all_and_saves(world: &World) {
    outer::populate(world).await;
    let count = more_than_can_be_bound(world);
    world.multiply::<outer::task::Entity>(1, 1000, count).await;
    let touched = outer::task::Entity::touch_all(
        outer::task::Entity::find().filter(outer::task::Column::Id.gte(1000)),
        &world.db,
    )
    .await
    .unwrap();
    assert!(touched.rows() >= u64::try_from(count).unwrap());
    let before = world.moments().await;
    let mut user = world.active::<outer::user::Entity>(1).await;
    user.name = Set("Ada".to_owned());
    user.update(&world.db).await.unwrap();
    let after = world.moments().await;
    for row in ["tasks 1000".to_owned(), format!("tasks {}", 999 + count)] {
        assert!(after.micros(&row) > before.micros(&row), "{row}");
    }
}

/// A batch whose rows have a parent each, as large as the backend lets SeaORM insert it.
async fn b16_bind_limits_in_insert_many(world: &World) {
    outer::populate(world).await;
    let columns = 5;
    let most = match world.backend {
        Backend::Sqlite => 32_766,
        Backend::Postgres | Backend::MariaDb => 65_535,
    } / columns;
    world.multiply::<outer::event::Entity>(4, 1000, most).await;
    let before = world.moments().await;
    outer::task::Entity::insert_many((1000..1000 + most).map(|id| outer::task(id, Some(id), None)))
        .touching()
        .exec(&world.db)
        .await
        .unwrap();
    let after = world.moments().await;
    for event in [1000, 999 + most] {
        let row = format!("events {event}");
        assert!(after.micros(&row) > before.micros(&row), "{row}");
    }
}

on_every_backend!(outer:
    b16_bind_limits_in_update_many_and_delete_many,
    b16_bind_limits_in_touch_all_and_saves,
    b16_bind_limits_in_insert_many,
);
