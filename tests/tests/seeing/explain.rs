//! Behaviour 31: what a save would touch.

use sea_orm::{ActiveModelTrait, NotSet, Set};
use touchable::{Explanation, explain, explain_delete, explain_insert, no_touching_on};
use touchable_tests::{
    World,
    entities::{board, columns, cycle, outer, society, tags, tree},
    on_every_backend,
};

/// The explained rows in the harness's words: `tasks 1`, or `projects 1.tasks_touched_at`.
fn rows(explanation: &Explanation) -> Vec<String> {
    let entries = explanation.entries().iter();
    let mut rows: Vec<String> = entries
        .flat_map(|entry| {
            let columns = match entry.columns() {
                ["updated_at", ..] => vec![String::new()],
                columns => columns.iter().map(|column| format!(".{column}")).collect(),
            };
            entry.keys().iter().flat_map(move |key| {
                let row = format!("{} {key}", entry.table());
                columns
                    .iter()
                    .map(move |column| format!("{row}{column}"))
                    .collect::<Vec<_>>()
            })
        })
        .collect();
    rows.sort();
    rows
}

/// Explains without moving anything or sending anything but SELECT, on both kinds of connection.
async fn quietly(world: &World, ask: impl AsyncFn() -> touchable::Result<Explanation>) -> Explanation {
    let before = world.moments().await;
    let (sent, explanation) = world.statements.during(ask()).await;
    for sql in sent {
        // MariaDB reads this before it: how deep a recursion of the statement may go.
        let sql = sql
            .split_once("FOR */ ")
            .map_or(&*sql, |(_, statement)| statement);
        assert!(sql.starts_with("SELECT ") && !sql.contains(" FOR "), "{sql}");
    }
    assert_eq!(before, world.moments().await);
    explanation.unwrap()
}

/// What a save is explained to touch is `expected`, and saving moves exactly that beside its `own` row. A second save
/// on a `TouchConnection`, of `again`, does as well.
macro_rules! agree {
    ($world:ident, $explain:ident, $save:ident: $am:expr, own: $own:expr, touches: $expected:expr) => {{
        let am = $am;
        let plain = quietly($world, async || $explain(&am, &$world.db).await).await;
        let db = touchable::connect($world.db.clone());
        let touching = quietly($world, async || $explain(&am, &db).await).await;
        assert_eq!(plain, touching);
        let mut expected: Vec<String> = $expected.iter().copied().map(str::to_owned).collect();
        expected.sort();
        assert_eq!(rows(&plain), expected);
        let own: Vec<&str> = $own.to_vec();
        let all: Vec<&str> = expected.iter().map(String::as_str).chain(own).collect();
        $world.expect_moved(&all, am.$save(&$world.db)).await.unwrap();
    }};
}

async fn b31_explain_says_who_and_why(world: &World) {
    board::populate(world).await;
    let mut user = world.active::<board::user::Entity>(1).await;
    user.first_name = Set("Ada".to_owned());
    let explanation = quietly(world, async || explain(&user, &world.db).await).await;
    let text = "an update of users/1 touches 7 rows\n  \
        events.updated_at: 1, 2 (by users -> events)\n  \
        participants.updated_at: 1, 2 (by users -> participants)\n  \
        tasks.updated_at: 1, 2, 5 (by users -> tasks)";
    assert_eq!(explanation.to_string(), text);
    assert_eq!(explanation.rows(), 7);
    agree!(world, explain, update: user, own: ["users 1"],
        touches: ["events 1", "events 2", "participants 1", "participants 2", "tasks 1", "tasks 2", "tasks 5"]);
}

async fn b31_explain_unwatched_and_unchanged(world: &World) {
    board::populate(world).await;
    let mut event = world.active::<board::event::Entity>(1).await;
    event.location = Set("there".to_owned());
    event.name = Set("event 1".to_owned());
    agree!(world, explain, update: event, own: ["events 1"], touches: []);
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set("event 1".to_owned());
    agree!(world, explain, update: event, own: [], touches: []);
    let event = world.active::<board::event::Entity>(1).await;
    let nothing = explain(&event, &world.db).await.unwrap();
    assert!(nothing.is_empty());
    assert_eq!(nothing.to_string(), "an update of events/1 touches nobody");
}

async fn b31_explain_cascades(world: &World) {
    outer::populate(world).await;
    let mut user = world.active::<outer::user::Entity>(1).await;
    user.name = Set("Ada".to_owned());
    let explanation = explain(&user, &world.db).await.unwrap();
    let calendars = explanation.entries().last().unwrap();
    assert_eq!(
        (calendars.table(), calendars.rules()),
        ("calendars", ["events -> calendar"].as_slice())
    );
    let tasks = &explanation.entries()[0];
    let mut expected = rows(&explanation);
    expected.push("users 1".to_owned());
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    assert!(
        expected.contains(&"calendars 1") && tasks.table() == "tasks",
        "{expected:?}"
    );
    world
        .expect_moved(&expected, user.update(&world.db))
        .await
        .unwrap();
}

/// Both parents, and what lies behind them.
async fn b31_explain_re_parenting(world: &World) {
    outer::populate(world).await;
    let mut task = world.active::<outer::task::Entity>(1).await;
    task.event_id = Set(Some(3));
    agree!(world, explain, update: task, own: ["tasks 1"],
        touches: ["events 1", "events 3", "calendars 1", "calendars 2"]);
    let mut task = world.active::<outer::task::Entity>(1).await;
    task.event_id = Set(None);
    agree!(world, explain, update: task, own: ["tasks 1"], touches: ["events 3", "calendars 2"]);
}

async fn b31_explain_insert_and_delete(world: &World) {
    outer::populate(world).await;
    let new = outer::task::ActiveModel {
        id: NotSet,
        ..outer::task(0, Some(1), Some(1))
    };
    let explanation = explain(&new, &world.db).await.unwrap();
    assert_eq!(rows(&explanation), ["calendars 1", "events 1"]);
    assert!(
        explanation
            .to_string()
            .starts_with("an insert into tasks touches 2 rows")
    );
    agree!(world, explain_insert, insert: outer::task(9, Some(1), Some(1)), own: ["+tasks 9"],
        touches: ["events 1", "calendars 1"]);
    let task = world.active::<outer::task::Entity>(9).await;
    agree!(world, explain_delete, delete: task, own: ["-tasks 9"], touches: ["events 1", "calendars 1"]);
}

async fn b31_explain_in_a_cycle(world: &World) {
    cycle::populate(world).await;
    let mut task = world.active::<cycle::task::Entity>(1).await;
    task.title = Set("retitled".to_owned());
    agree!(world, explain, update: task, own: ["tasks 1"], touches: ["events 1", "tasks 2"]);
    let mut task = world.active::<cycle::task::Entity>(1).await;
    task.event_id = Set(Some(2));
    agree!(world, explain, update: task, own: ["tasks 1"],
        touches: ["events 1", "events 2", "tasks 2", "tasks 3", "tasks 4"]);
    let task = world.active::<cycle::task::Entity>(2).await;
    agree!(world, explain_delete, delete: task, own: ["-tasks 2"], touches: ["events 1"]);
}

async fn b31_explain_in_a_tree(world: &World) {
    tree::populate(world).await;
    let mut node = world.active::<tree::node::Entity>(4).await;
    node.label = Set("renamed".to_owned());
    node.parent_id = Set(Some(9));
    agree!(world, explain, update: node, own: ["nodes 4"],
        touches: ["nodes 1", "nodes 2", "nodes 7", "nodes 8", "nodes 9"]);
}

/// A node that comes under its own descendant: the way up leads through the saved row itself.
async fn b31_explain_in_a_tree_that_becomes_a_ring(world: &World) {
    tree::populate(world).await;
    let mut node = world.active::<tree::node::Entity>(2).await;
    node.parent_id = Set(Some(7));
    agree!(world, explain, update: node, own: ["nodes 2"], touches: ["nodes 1", "nodes 4", "nodes 7"]);
}

async fn b31_explain_columns(world: &World) {
    columns::populate(world).await;
    let mut task = world.active::<columns::task::Entity>(1).await;
    task.title = Set("retitled".to_owned());
    agree!(world, explain, update: task, own: ["tasks 1"], touches: ["projects 1.tasks_touched_at"]);
}

async fn b31_explain_many_to_many(world: &World) {
    tags::populate(world).await;
    let mut tag = world.active::<tags::tag::Entity>(1).await;
    tag.label = Set("relabelled".to_owned());
    agree!(world, explain, update: tag, own: ["tags 1"], touches: ["posts 1", "posts 2"]);
    agree!(world, explain_insert, insert: tags::post_tag(4, 3), own: ["+post_tags 4/3"], touches: ["posts 4", "tags 3"]);
}

/// On a connection of ours the database decides; it decides the same.
async fn b31_explained_rows_move_on_a_touch_connection(world: &World) {
    society_rows(world).await;
    let db = touchable::connect(world.db.clone());
    let mut user = world.active::<society::user::Entity>(1).await;
    user.name = Set("renamed".to_owned());
    let explanation = quietly(world, async || explain(&user, &db).await).await;
    assert_eq!(rows(&explanation), ["events 1", "events 2", "tasks 1"]);
    let mut expected: Vec<String> = rows(&explanation);
    expected.push("users 1".to_owned());
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    world.expect_moved(&expected, user.update(&db)).await.unwrap();
}

async fn society_rows(world: &World) {
    world.seed([1, 2].map(society::event)).await;
    world.seed([1, 2].map(society::user)).await;
    world
        .seed([
            society::task(1, Some(2), Some(1)),
            society::task(2, Some(2), Some(2)),
        ])
        .await;
    world.seed([society::participant(1, 1)]).await;
}

async fn b31_explain_where_touches_are_suppressed(world: &World) {
    outer::populate(world).await;
    let mut task = world.active::<outer::task::Entity>(1).await;
    task.title = Set("retitled".to_owned());
    let explanation = no_touching_on::<outer::calendar::Entity, _>(explain(&task, &world.db)).await;
    assert_eq!(rows(&explanation.unwrap()), ["events 1"]);
}

async fn b31_explain_lists_a_thousand(world: &World) {
    board::populate(world).await;
    world.multiply::<board::task::Entity>(1, 1000, 1200).await;
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set("renamed".to_owned());
    let explanation = quietly(world, async || explain(&event, &world.db).await).await;
    let tasks = &explanation.entries()[0];
    assert_eq!((tasks.keys().len(), tasks.rows()), (1000, 1203));
    assert_eq!(tasks.keys()[..4], ["1", "2", "3", "1000"]);
    assert!(
        tasks
            .to_string()
            .ends_with("1996 and 203 more (by events -> tasks)"),
        "{tasks}"
    );
}

async fn b31_explain_of_a_row_that_is_not_there(world: &World) {
    board::populate(world).await;
    let mut event = world.active::<board::event::Entity>(1).await;
    event.id = Set(99);
    event.name = Set("renamed".to_owned());
    let error = explain(&event, &world.db).await.unwrap_err();
    assert!(error.is_record_not_found(), "{error}");
    assert_eq!(error.to_string(), "there is no row 99 in `events` to touch");
    let error = explain_delete(&event, &world.db).await.unwrap_err();
    assert!(error.is_record_not_found(), "{error}");
}

on_every_backend!(board:
    b31_explain_says_who_and_why,
    b31_explain_unwatched_and_unchanged,
    b31_explain_lists_a_thousand,
    b31_explain_of_a_row_that_is_not_there,
);
on_every_backend!(outer:
    b31_explain_cascades,
    b31_explain_re_parenting,
    b31_explain_insert_and_delete,
    b31_explain_where_touches_are_suppressed,
);
on_every_backend!(cycle: b31_explain_in_a_cycle);
on_every_backend!(tree: b31_explain_in_a_tree, b31_explain_in_a_tree_that_becomes_a_ring);
on_every_backend!(columns: b31_explain_columns);
on_every_backend!(tags: b31_explain_many_to_many);
on_every_backend!(society: b31_explained_rows_move_on_a_touch_connection);
