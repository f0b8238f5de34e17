//! Behaviour 1: touches tell of the rows that they move, whatever leads to them.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set, TransactionTrait, Unchanged,
};
use touchable::{TouchAll, TouchRecord};
use touchable_tests::{
    Backend, World as Database,
    entities::published::{country, member, node as tree, node_id, team, team_badge},
    on_every_backend, on_every_server,
};

use super::{Scene, node};

async fn b01_touches_by_a_cascade(database: &Database) {
    let scene = Scene::set(database).await;
    let country = country::ActiveModel {
        id: Unchanged(1),
        name: Set("b".to_owned()),
        ..Default::default()
    };
    scene
        .expect(
            &["countries 1", "teams 1", "teams 2"],
            country.clone().update(&scene.db),
        )
        .await
        .unwrap();
    scene.expect(&[], country.update(&scene.db)).await.unwrap();
    let alone = country::ActiveModel {
        id: Unchanged(2),
        name: Set("b".to_owned()),
        ..Default::default()
    };
    scene
        .expect(&["countries 2"], alone.update(&scene.db))
        .await
        .unwrap();
}

async fn b01_touches_up_to_the_parent(database: &Database) {
    let scene = Scene::set(database).await;
    let member = member::ActiveModel {
        team_id: Unchanged(1),
        no: Unchanged(2),
        name: Set("b".to_owned()),
        ..Default::default()
    };
    scene
        .expect(&["members 1/2", "teams 1"], member.clone().update(&scene.db))
        .await
        .unwrap();
    scene.expect(&[], member.update(&scene.db)).await.unwrap();
}

async fn b01_touches_of_other_columns(database: &Database) {
    let scene = Scene::set(database).await;
    let both = |motto: &str, points| team::ActiveModel {
        id: Unchanged(1),
        motto: Set(motto.to_owned()),
        points: Set(points),
        ..Default::default()
    };
    let times = [
        "teams 1",
        "members 1/1.motto_seen_at",
        "members 1/2.motto_seen_at",
    ];
    scene
        .expect(&times, both("b", 0).update(&scene.db))
        .await
        .unwrap();
    let numbers = ["teams 1", "members 1/1.points_seen", "members 1/2.points_seen"];
    scene
        .expect(&numbers, both("b", 1).update(&scene.db))
        .await
        .unwrap();
}

async fn b01_touches_in_a_tree(database: &Database) {
    let scene = Scene::set(database).await;
    let leaf = tree::ActiveModel {
        id: Unchanged(node_id(3)),
        label: Set("b".to_owned()),
        ..Default::default()
    };
    let up = [node("", 3), node("", 2), node("", 1)];
    let up = up.each_ref().map(String::as_str);
    scene.expect(&up, leaf.clone().update(&scene.db)).await.unwrap();
    scene.expect(&[], leaf.update(&scene.db)).await.unwrap();
    let elsewhere = tree::ActiveModel {
        id: Unchanged(node_id(3)),
        parent_id: Set(Some(node_id(4))),
        ..Default::default()
    };
    let both = [node("", 4)];
    let both: Vec<&str> = up.into_iter().chain(both.iter().map(String::as_str)).collect();
    scene.expect(&both, elsewhere.update(&scene.db)).await.unwrap();
}

async fn b01_explicit_touches(database: &Database) {
    let scene = Scene::set(database).await;
    let db = &scene.db;
    let (team, leaf) = (
        database.model::<team::Entity>(1).await,
        database.model::<tree::Entity>(node_id(2)).await,
    );
    let touched = scene.expect(&["teams 1"], team.touch(db)).await.unwrap();
    assert_eq!(touched.rows(), 1);
    scene
        .expect(&[&node("", 2), &node("", 1)], leaf.touch(db))
        .await
        .unwrap();
    let teams = team::Entity::find().filter(team::Column::Id.ne(2));
    let touched = scene
        .expect(&["teams 1", "teams 3"], team::Entity::touch_all(teams, db))
        .await
        .unwrap();
    assert_eq!(touched.rows(), 2);
    let members = member::Entity::find()
        .filter(member::Column::TeamId.eq(1))
        .order_by_asc(member::Column::No);
    scene
        .expect(&["members 1/1", "members 1/2", "teams 1"], async {
            let tx = db.begin().await.unwrap();
            member::Entity::touch_all(members, &tx).await.unwrap();
            team.touch(&tx).await.unwrap();
            tx.commit().await.unwrap();
        })
        .await;
}

/// Ahead of the clock a touch moves a row by a microsecond.
async fn b01_touches_of_rows_ahead_of_the_clock(database: &Database) {
    let scene = Scene::set(database).await;
    let ahead = team::ActiveModel {
        updated_at: Set(chrono::Utc::now() + chrono::Duration::hours(1)),
        ..team(4, Some(1))
    };
    database.seed([ahead]).await;
    let country = country::ActiveModel {
        id: Unchanged(1),
        name: Set("b".to_owned()),
        ..Default::default()
    };
    scene
        .expect(
            &["countries 1", "teams 1", "teams 2", "teams 4"],
            country.update(&scene.db),
        )
        .await
        .unwrap();
}

/// What another transaction has committed since is touched, and told.
async fn b01_touches_beyond_an_old_snapshot(database: &Database) {
    let scene = Scene::set(database).await;
    let renamed = team::ActiveModel {
        id: Unchanged(1),
        name: Set("b".to_owned()),
        ..Default::default()
    };
    let moved = [
        "teams 1",
        "members 1/1",
        "members 1/2",
        "badges gold",
        "badges lead",
        "badges Æ'",
        "+team_badges 1/lead",
    ];
    scene
        .expect(&moved, async {
            let tx = scene.db.begin().await.unwrap();
            let seen = team_badge::Entity::find().all(&tx).await.unwrap();
            assert_eq!(seen.len(), 3);
            database.seed([team_badge(1, "lead")]).await;
            renamed.update(&tx).await.unwrap();
            tx.commit().await.unwrap();
        })
        .await;
}

on_every_server!(published, 2: b01_touches_beyond_an_old_snapshot);

/// No statement for each row, and none that looks at a whole table.
async fn b01_moved_rows_are_asked_for_once(database: &Database) {
    let scene = Scene::set(database).await;
    for no in 10..60 {
        database.seed([member(1, no)]).await;
    }
    let save = |name: &str| team::ActiveModel {
        id: Unchanged(1),
        name: Set(name.to_owned()),
        motto: Set(name.to_owned()),
        points: Set(1),
        ..Default::default()
    };
    let sent = database.sent(save("b").update(&scene.db)).await;
    let asked = sent
        .iter()
        .filter(|sql| sql.starts_with("SELECT `members`"))
        .count();
    // Only there an UPDATE cannot return them.
    let touches = if database.backend == Backend::MariaDb {
        3
    } else {
        0
    };
    assert_eq!(asked, touches, "{sent:#?}");
    let updates = sent.iter().filter(|sql| sql.starts_with("UPDATE")).count();
    assert_eq!(updates, 6, "{sent:#?}");
}

on_every_backend!(published:
    b01_explicit_touches,
    b01_touches_by_a_cascade,
    b01_moved_rows_are_asked_for_once,
    b01_touches_in_a_tree,
    b01_touches_of_other_columns,
    b01_touches_of_rows_ahead_of_the_clock,
    b01_touches_up_to_the_parent,
);
