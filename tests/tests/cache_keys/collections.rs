//! The version of a query: one statement, and another version whenever the rows are others.

use std::collections::BTreeMap;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, JoinType, ModelTrait, Order, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, RelationTrait, Select, Set,
    sea_query::{Alias, Expr, ExprTrait, UnionType},
};
use touchable::{
    TouchRecord, Touchable,
    cache::{Version, VersionedSelect},
};
use touchable_tests::{
    Backend, World, at,
    entities::{
        board::{self, event, task},
        ledger, names, tags,
    },
    on_every_backend,
};

async fn version<E: Touchable>(world: &World, select: &Select<E>) -> Version {
    select.cache_version(&world.db).await.expect("a version")
}

/// Runs an action and says whether the query's version is another afterwards.
async fn moves<E: Touchable>(world: &World, select: &Select<E>, action: impl Future<Output = ()>) -> bool {
    let before = version(world, select).await;
    assert_eq!(before, version(world, select).await, "nothing has happened");
    action.await;
    before != version(world, select).await
}

async fn sql(world: &World, sql: &str) {
    world.db.execute_unprepared(sql).await.expect(sql);
}

fn tasks() -> Select<task::Entity> {
    task::Entity::find().order_by_asc(task::Column::Id)
}

fn of_event_one() -> Select<task::Entity> {
    tasks().filter(task::Column::EventId.eq(1))
}

async fn rename(world: &World, id: i32) {
    let mut task = world.active::<task::Entity>(id).await;
    task.title = Set(format!("{id} renamed"));
    task.update(&world.db).await.expect("an update");
}

async fn b04_saves_touches_arrivals_and_departures(world: &World) {
    board::populate(world).await;
    let query = of_event_one();
    assert!(moves(world, &query, rename(world, 1)).await);
    assert!(
        !moves(world, &query, rename(world, 4)).await,
        "not among the rows"
    );
    let touch = async {
        let task = world.model::<task::Entity>(2).await;
        task.touch(&world.db).await.expect("a touch");
    };
    assert!(moves(world, &query, touch).await);
    let arrive = async { world.seed([board::task(9, Some(1), None)]).await };
    assert!(moves(world, &query, arrive).await);
    let depart = async {
        let task = world.model::<task::Entity>(9).await;
        task.delete(&world.db).await.expect("a deletion");
    };
    assert!(moves(world, &query, depart).await);
    let elsewhere = async { world.seed([board::task(10, Some(2), None)]).await };
    assert!(!moves(world, &query, elsewhere).await);
}

async fn b04_a_rule_moves_the_list_that_shows_it(world: &World) {
    board::populate(world).await;
    let rename_event = async {
        let mut event = world.active::<event::Entity>(1).await;
        event.name = Set("renamed".to_owned());
        event.update(&world.db).await.expect("an update");
    };
    assert!(moves(world, &of_event_one(), rename_event).await);
}

async fn b04_one_statement_that_loads_nothing(world: &World) {
    board::populate(world).await;
    let sent = world.sent(version(world, &tasks().limit(2))).await;
    assert_eq!(sent.len(), 1, "{sent:?}");
}

/// One row goes and one comes; neither the number nor the newest stamp tells.
async fn b04_replacement(world: &World) {
    board::populate(world).await;
    let query = of_event_one();
    let twin = |id, event| {
        let mut task = board::task(id, Some(event), None);
        task.updated_at = Set(at(1));
        task
    };
    world.seed([twin(7, 1), twin(8, 2)]).await;
    let swap = "UPDATE tasks SET event_id = 3 - event_id WHERE id IN (7, 8)";
    assert!(moves(world, &query, sql(world, swap)).await);
}

async fn b04_windows(world: &World) {
    board::populate(world).await;
    let first = tasks().limit(2);
    let second = tasks().limit(2).offset(2);
    assert_ne!(version(world, &first).await, version(world, &second).await);
    assert!(!moves(world, &first, rename(world, 3)).await);
    assert!(moves(world, &second, rename(world, 3)).await);
    // The first row goes: both windows move on.
    let go = async { sql(world, "DELETE FROM tasks WHERE id = 1").await };
    assert!(moves(world, &second, go).await);
}

/// Nothing but the place of two rows changes.
async fn b04_order(world: &World) {
    board::populate(world).await;
    let by_title = task::Entity::find().order_by_asc(task::Column::Title);
    let descending = task::Entity::find().order_by(task::Column::Id, Order::Desc);
    assert_ne!(version(world, &tasks()).await, version(world, &descending).await);
    let swap = async {
        sql(world, "UPDATE tasks SET title = 'zzz' WHERE id = 2").await;
    };
    assert!(moves(world, &by_title, swap).await);
    sql(world, "UPDATE tasks SET title = 'task 2' WHERE id = 2").await;
    assert_eq!(version(world, &by_title).await, version(world, &tasks()).await);
    // MySQL's way to spell an offset without a limit.
    assert_ne!(
        version(world, &tasks().limit(u64::MAX >> 1)).await,
        version(world, &descending.clone().limit(u64::MAX >> 1)).await
    );
    if world.backend == Backend::MariaDb {
        assert_ne!(
            version(world, &tasks().limit(u64::MAX)).await,
            version(world, &descending.clone().limit(u64::MAX)).await
        );
    }
    // By an expression, with a window.
    let window = task::Entity::find()
        .order_by(Expr::col(task::Column::Id).mul(-1), Order::Asc)
        .limit(3);
    assert_eq!(
        version(world, &window).await,
        version(world, &descending.limit(3)).await
    );
}

/// An older stamp becomes visible after a newer one.
async fn b04_order_of_many_rows(world: &World) {
    board::populate(world).await;
    world.multiply::<task::Entity>(1, 1_000, 5_000).await;
    let by = |expr: Expr| task::Entity::find().order_by(expr, Order::Asc);
    let id = || Expr::col((task::Entity, task::Column::Id));
    let index = version(world, &by(id())).await;
    assert_eq!(
        index,
        version(world, &by(id().mul(3).sub(7))).await,
        "sorted by hand"
    );
    let backwards = version(world, &by(id().mul(-1))).await;
    assert_ne!(index, backwards);
    assert_eq!(
        backwards,
        version(world, &task::Entity::find().order_by_id_desc()).await
    );
    let by_title = task::Entity::find()
        .order_by(task::Column::Title, Order::Asc)
        .order_by(task::Column::Id, Order::Asc);
    sql(world, "UPDATE tasks SET title = 'm'").await;
    sql(world, "UPDATE tasks SET title = 'z' WHERE id = 4500").await;
    let another = "UPDATE tasks SET title = CASE id WHEN 4500 THEN 'm' ELSE 'z' END WHERE id IN (4500, 4501)";
    assert!(moves(world, &by_title, sql(world, another)).await);
}

async fn b04_commits_out_of_order(world: &World) {
    board::populate(world).await;
    let late = async {
        let mut task = board::task(3, Some(1), Some(2));
        task.updated_at = Set(at(204));
        task::Entity::update_many()
            .set(task)
            .filter(task::Column::Id.eq(3))
            .exec(&world.db)
            .await
            .expect("an update without a touch");
    };
    assert!(moves(world, &tasks(), late).await);
}

async fn b04_empty(world: &World) {
    let nothing = version(world, &tasks()).await;
    board::populate(world).await;
    assert_ne!(version(world, &tasks()).await, nothing);
    let none = tasks().filter(task::Column::Id.gt(100));
    assert_eq!(version(world, &none).await, nothing);
    assert_eq!(version(world, &tasks().offset(100).limit(5)).await, nothing);
    assert_eq!(version(world, &tasks().limit(0)).await, nothing);
}

async fn b04_joins(world: &World) {
    board::populate(world).await;
    let joined = tasks()
        .inner_join(event::Entity)
        .filter(event::Column::Name.ne("event 2"))
        .column_as(event::Column::Name, "event_name")
        .column(event::Column::Id);
    assert!(moves(world, &joined, rename(world, 1)).await);
    assert!(!moves(world, &joined, rename(world, 4)).await);
    // A join decides which rows are found, and how often.
    let arrives = sql(world, "UPDATE events SET name = 'other' WHERE id = 2");
    assert!(moves(world, &joined, arrives).await);
    let events = event::Entity::find()
        .join(JoinType::LeftJoin, event::Relation::Participant.def())
        .order_by_asc(event::Column::Id);
    let more = async { world.seed([board::participant(9, 3, 1)]).await };
    assert!(moves(world, &events, more).await);
    // A table beside itself, under another name.
    let other = Alias::new("other");
    let twice = tasks().join_as(JoinType::InnerJoin, task::Relation::Event.def(), other.clone());
    let twice = twice.filter(Expr::col((other, event::Column::Name)).eq("event 1"));
    assert!(moves(world, &twice, rename(world, 2)).await);
    let found = task::Entity::find().filter(
        task::Column::EventId.in_subquery(
            event::Entity::find()
                .select_only()
                .column(event::Column::Id)
                .filter(event::Column::Id.gt(2))
                .into_query(),
        ),
    );
    assert!(moves(world, &found, rename(world, 6)).await);
    assert!(!moves(world, &found, rename(world, 2)).await);
}

async fn b04_distinct(world: &World) {
    board::populate(world).await;
    // Rows of participants make events repeat; distinct ones are counted once, within the window.
    let events = event::Entity::find()
        .join(JoinType::InnerJoin, event::Relation::Participant.def())
        .distinct()
        .order_by_asc(event::Column::Name)
        .limit(2);
    let again = async { world.seed([board::participant(9, 3, 1)]).await };
    assert!(!moves(world, &events, again).await);
    let touch = |id| async move {
        let event = world.model::<event::Entity>(id).await;
        event.touch(&world.db).await.expect("a touch");
    };
    assert!(moves(world, &events, touch(2)).await);
    assert!(!moves(world, &events, touch(3)).await, "beyond the window");
}

/// Which rows a group stands for is not known, so that all that match count.
async fn b04_groups(world: &World) {
    board::populate(world).await;
    let counts = task::Entity::find()
        .select_only()
        .column(task::Column::EventId)
        .column_as(task::Column::Id.count(), "tasks")
        .filter(task::Column::EventId.is_not_null())
        .group_by(task::Column::EventId)
        .having(task::Column::Id.count().gt(1))
        .order_by_desc(task::Column::Id.count())
        .limit(1);
    assert!(moves(world, &counts, rename(world, 2)).await);
    assert!(moves(world, &counts, rename(world, 6)).await);
    assert!(!moves(world, &counts, rename(world, 5)).await, "filtered out");
    let titles = task::Entity::find()
        .select_only()
        .column(task::Column::Title)
        .distinct()
        .order_by_asc(task::Column::Title)
        .limit(1);
    assert!(moves(world, &titles, rename(world, 6)).await);
}

async fn b04_unions(world: &World) {
    board::populate(world).await;
    let of = |id: i32| task::Entity::find().filter(task::Column::Id.eq(id));
    let mut both = of(1);
    QueryTrait::query(&mut both).union(UnionType::All, of(6).into_query());
    assert!(moves(world, &both, rename(world, 1)).await);
    assert!(moves(world, &both, rename(world, 6)).await);
    assert!(!moves(world, &both, rename(world, 2)).await);
    let mut titles = of(1).select_only().column(task::Column::Title);
    let others = of(6).select_only().column(task::Column::Title);
    QueryTrait::query(&mut titles).union(UnionType::Distinct, others.into_query());
    let error = titles.cache_version(&world.db).await.unwrap_err();
    assert!(error.to_string().contains("take whole rows"), "{error}");
}

async fn b04_a_query_that_the_database_refuses(world: &World) {
    board::populate(world).await;
    let wrong = tasks().filter(Expr::col((Alias::new("nowhere"), task::Column::Id)).eq(1));
    let error = wrong.cache_version(&world.db).await.unwrap_err();
    assert!(error.db_err().is_some(), "{error}");
}

/// Windows, orders and filters of many states: the version is the same exactly when the rows are.
async fn b04_the_version_is_a_function_of_the_rows(world: &World) {
    board::populate(world).await;
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut seen: BTreeMap<String, Vec<(i32, i64)>> = BTreeMap::new();
    for _ in 0..120 {
        let id = random.i32(1..=6);
        let (column, value) = match random.u8(0..3) {
            0 => ("title", format!("'{}'", random.u8(0..9))),
            1 => ("event_id", random.i32(1..=3).to_string()),
            _ => ("user_id", random.i32(1..=3).to_string()),
        };
        sql(
            world,
            &format!("UPDATE tasks SET {column} = {value} WHERE id = {id}"),
        )
        .await;
        if random.bool() {
            let task = world.model::<task::Entity>(id).await;
            task.touch(&world.db).await.expect("a touch");
        }
        let mut query = task::Entity::find();
        if random.bool() {
            query = query.filter(task::Column::EventId.eq(random.i32(1..=3)));
        }
        query = match random.u8(0..3) {
            0 => query
                .order_by_desc(task::Column::Title)
                .order_by_asc(task::Column::Id),
            1 => query.order_by_desc(task::Column::Id),
            _ => query
                .order_by_asc(task::Column::UserId)
                .order_by_desc(task::Column::Id),
        };
        if random.bool() {
            query = query.limit(random.u64(1..4)).offset(random.u64(0..3));
        }
        if random.bool() {
            query = query.distinct();
        }
        let rows = query.clone().all(&world.db).await.expect("rows");
        let rows = rows
            .iter()
            .map(|task| (task.id, task.updated_at.timestamp_micros()));
        let rows: Vec<(i32, i64)> = rows.collect();
        let version = version(world, &query).await.to_string();
        match seen.get(&version) {
            Some(others) => assert_eq!(*others, rows, "seed {seed}"),
            None => {
                assert!(
                    !seen.values().any(|others| *others == rows),
                    "seed {seed}: {rows:?}"
                );
                seen.insert(version, rows);
            }
        }
    }
    assert!(seen.len() > 20, "seed {seed}: {} states", seen.len());
}

on_every_backend!(board:
    b04_saves_touches_arrivals_and_departures,
    b04_a_rule_moves_the_list_that_shows_it,
    b04_one_statement_that_loads_nothing,
    b04_replacement,
    b04_windows,
    b04_order,
    b04_order_of_many_rows,
    b04_commits_out_of_order,
    b04_empty,
    b04_joins,
    b04_distinct,
    b04_groups,
    b04_unions,
    b04_a_query_that_the_database_refuses,
    b04_the_version_is_a_function_of_the_rows,
);

async fn b04_keys_of_every_type(world: &World) {
    names::populate(world).await;
    let touched = async |table: &str| {
        let stamp = match world.backend {
            Backend::Sqlite => "'2030-01-01T00:00:00.000001+00:00'",
            _ => "'2030-01-01 00:00:00.000001'",
        };
        sql(world, &format!("UPDATE {table} SET updated_at = {stamp}")).await;
    };
    let labels = names::label::Entity::find();
    assert!(moves(world, &labels, touched("labels")).await);
    assert!(moves(world, &names::token::Entity::find(), touched("tokens")).await);
    assert!(moves(world, &names::blob::Entity::find(), touched("blobs")).await);
    assert!(moves(world, &names::hour::Entity::find(), touched("hours")).await);
}

/// Texts that look alike when they are written one behind the other; null and the empty text.
async fn b04_rows_that_look_alike_are_not(world: &World) {
    let labels = names::label::Entity::find();
    let mut seen = vec![version(world, &labels).await];
    for (scope, name) in [
        ("a,b", "c"),
        ("a", "b,c"),
        ("", "a,b,c"),
        ("a,b,c", ""),
        ("a", "b"),
        ("A", "b"),
        ("a ", "b"),
    ] {
        names::label::Entity::delete_many()
            .exec(&world.db)
            .await
            .expect("no labels");
        world.seed([names::label(scope, name)]).await;
        let version = version(world, &labels).await;
        assert!(!seen.contains(&version), "{scope}/{name}");
        seen.push(version);
    }
    let null = sql(world, "UPDATE labels SET updated_at = NULL");
    assert!(moves(world, &labels, null).await);
}

on_every_backend!(names: b04_keys_of_every_type, b04_rows_that_look_alike_are_not);

async fn b04_composite_keys_and_null_stamps(world: &World) {
    tags::populate(world).await;
    let links = tags::post_tag::Entity::find()
        .order_by_asc(tags::post_tag::Column::PostId)
        .order_by_asc(tags::post_tag::Column::TagId);
    let link = sql(world, "DELETE FROM post_tags WHERE post_id = 2 AND tag_id = 1");
    assert!(moves(world, &links, link).await);
    let first = async {
        let link = world.model::<tags::post_tag::Entity>((2, 2)).await;
        link.touch(&world.db).await.expect("a touch");
    };
    assert!(moves(world, &links, first).await);
}

on_every_backend!(tags: b04_composite_keys_and_null_stamps);

/// A row that is inserted anew begins with the version of the one before it.
async fn b04_a_version_column_counts_with_its_stamp(world: &World) {
    world.seed([ledger::author(1)]).await;
    let authors = ledger::author::Entity::find();
    let again = async {
        sql(world, "DELETE FROM authors").await;
        let mut author = ledger::author(1);
        author.updated_at = Set(at(9));
        world.seed([author]).await;
    };
    assert!(moves(world, &authors, again).await);
    assert!(moves(world, &authors, sql(world, "UPDATE authors SET lock_no = 2")).await);
}

on_every_backend!(ledger: b04_a_version_column_counts_with_its_stamp);

/// The text of a moment depends on the session on PostgreSQL; its version does not.
async fn b04_sessions_agree(world: &World) {
    board::populate(world).await;
    let before = version(world, &tasks()).await;
    if world.backend == Backend::Postgres {
        sql(world, "SET TIME ZONE 'America/New_York'").await;
        sql(world, "SET DateStyle = 'German'").await;
    }
    assert_eq!(version(world, &tasks()).await, before);
}

on_every_backend!(board: b04_sessions_agree);
