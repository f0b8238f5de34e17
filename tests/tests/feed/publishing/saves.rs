//! Behaviour 1: saves, inserts and deletions tell of their row and of those that they touch.

use sea_orm::{ActiveModelTrait, IntoActiveModel, ModelTrait, NotSet, Set, TransactionTrait, Unchanged};
use touchable::{feed::Change, no_touching};
use touchable_tests::{
    World as Database, at,
    entities::published::{badge, member, node as tree, node_id, team, team_badge, token},
    on_every_backend,
};

use super::{Scene, labelled, node};

fn named(id: i32, name: &str) -> team::ActiveModel {
    team::ActiveModel {
        id: Unchanged(id),
        name: Set(name.to_owned()),
        ..Default::default()
    }
}

const RENAMED: [&str; 5] = [
    "teams 1",
    "members 1/1",
    "members 1/2",
    "badges gold",
    "badges Æ'",
];

async fn b01_an_update_that_changes_something(database: &Database) {
    let scene = Scene::set(database).await;
    scene
        .expect(&RENAMED, named(1, "b").update(&scene.db))
        .await
        .unwrap();
    scene
        .expect(&["tokens 1"], labelled(1, "b").update(&scene.db))
        .await
        .unwrap();
    let place = team::ActiveModel {
        id: Unchanged(3),
        country_id: Set(Some(2)),
        ..Default::default()
    };
    scene.expect(&["teams 3"], place.update(&scene.db)).await.unwrap();
    assert_eq!(scene.db.registered(), 0);
}

async fn b01_an_update_that_changes_nothing(database: &Database) {
    let scene = Scene::set(database).await;
    let db = &scene.db;
    let unset = database.active::<team::Entity>(1).await;
    scene.expect(&[], unset.update(db)).await.unwrap();
    scene.expect(&[], named(1, "team 1").update(db)).await.unwrap();
    let saved = scene.expect(&[], labelled(1, "a").update(db)).await.unwrap();
    assert_eq!(saved, database.model::<token::Entity>(1).await);
    scene
        .expect(&[], labelled(1, "a").update_without_returning(db))
        .await
        .unwrap();
    scene
        .expect(&[], async {
            let tx = db.begin().await.unwrap();
            named(1, "team 1").update(&tx).await.unwrap();
            labelled(1, "a").update(&tx).await.unwrap();
            tx.commit().await.unwrap();
        })
        .await;
    assert_eq!(db.registered(), 0);
}

async fn b01_an_update_without_returning(database: &Database) {
    let scene = Scene::set(database).await;
    scene
        .expect(&RENAMED, named(1, "b").update_without_returning(&scene.db))
        .await
        .unwrap();
    scene
        .expect(
            &["tokens 2"],
            labelled(2, "b").update_without_returning(&scene.db),
        )
        .await
        .unwrap();
}

async fn b01_an_update_of_the_touch_column(database: &Database) {
    let scene = Scene::set(database).await;
    let moved = token::ActiveModel {
        id: Unchanged(1),
        updated_at: Set(at(9_000_000)),
        ..Default::default()
    };
    let again = moved.clone();
    scene
        .expect(&["tokens 1"], async {
            let tx = scene.db.begin().await.unwrap();
            moved.update(&tx).await.unwrap();
            tx.commit().await.unwrap();
        })
        .await;
    let later = token::ActiveModel {
        updated_at: Set(at(10_000_000)),
        ..again
    };
    scene
        .expect(&["tokens 1"], later.update(&scene.db))
        .await
        .unwrap();
}

async fn b01_inserts_with_keys_of_all_kinds(database: &Database) {
    let scene = Scene::set(database).await;
    let db = &scene.db;
    let generated = team::ActiveModel {
        id: NotSet,
        updated_at: NotSet,
        ..team(0, Some(1))
    };
    scene.expect(&["+teams 4"], generated.insert(db)).await.unwrap();
    let first = token::ActiveModel {
        label: Set("b".to_owned()),
        ..Default::default()
    };
    scene.expect(&["+tokens 3"], first.insert(db)).await.unwrap();
    let given = token::ActiveModel {
        id: Set(7_000_000_000),
        label: Set("b".to_owned()),
        ..Default::default()
    };
    scene
        .expect(&["+tokens 7000000000"], given.insert(db))
        .await
        .unwrap();
    let composite = member::ActiveModel {
        updated_at: NotSet,
        ..member(2, 9)
    };
    scene
        .expect(&["+members 2/9", "teams 2"], composite.insert(db))
        .await
        .unwrap();
    let text = badge::ActiveModel {
        code: Set("tin \"1\"".to_owned()),
        ..Default::default()
    };
    text.insert(db).await.unwrap();
    let told = scene.told("queue").await;
    let said = r#"people {"id":"tin \"1\"","table":"badges"}"#.to_owned();
    assert!(told.contains(&said), "{told:?}");
    // The parent is left to the database.
    let root = tree::ActiveModel {
        id: Set(node_id(8)),
        label: Set("b".to_owned()),
        ..Default::default()
    };
    scene.expect(&[&node("+", 8)], root.insert(db)).await.unwrap();
    let uuid = tree(9, Some(3));
    scene
        .expect(
            &[&node("+", 9), &node("", 3), &node("", 2), &node("", 1)],
            uuid.insert(db),
        )
        .await
        .unwrap();
    assert_eq!(db.registered(), 0);
}

async fn b01_inserts_in_a_transaction(database: &Database) {
    let scene = Scene::set(database).await;
    let token = |id| token::ActiveModel {
        id,
        label: Set("b".to_owned()),
        ..Default::default()
    };
    scene
        .expect(&["+tokens 3", "+tokens 40", "+members 3/1", "teams 3"], async {
            let tx = scene.db.begin().await.unwrap();
            token(NotSet).insert(&tx).await.unwrap();
            token(Set(40)).insert(&tx).await.unwrap();
            member(3, 1).insert(&tx).await.unwrap();
            tx.commit().await.unwrap();
        })
        .await;
}

async fn b01_deletes(database: &Database) {
    let scene = Scene::set(database).await;
    let db = &scene.db;
    let token = database.model::<token::Entity>(1).await;
    scene
        .expect(&["-tokens 1"], token.clone().delete(db))
        .await
        .unwrap();
    let again = scene.expect(&[], token.clone().delete(db)).await.unwrap();
    assert_eq!(again.rows_affected, 0);
    let member = database.model::<member::Entity>((1, 2)).await;
    scene
        .expect(&["-members 1/2", "teams 1"], member.delete(db))
        .await
        .unwrap();
    let leaf = database.model::<tree::Entity>(node_id(3)).await;
    scene
        .expect(&[&node("-", 3), &node("", 2), &node("", 1)], leaf.delete(db))
        .await
        .unwrap();
    scene
        .expect(&["-tokens 2"], async {
            let tx = db.begin().await.unwrap();
            token.delete(&tx).await.unwrap();
            let other = token::ActiveModel {
                id: Unchanged(2),
                ..Default::default()
            };
            other.delete(&tx).await.unwrap();
            tx.commit().await.unwrap();
        })
        .await;
    assert_eq!(db.registered(), 0);
}

async fn b01_nested_saves(database: &Database) {
    let scene = Scene::set(database).await;
    let db = &scene.db;
    let team = team::ActiveModel::builder()
        .set_id(9)
        .set_name("nine")
        .set_motto("a")
        .set_points(0)
        .set_country_id(None)
        .add_member(
            member::ActiveModel::builder()
                .set_no(1)
                .set_name("a")
                .set_motto_seen_at(at(1))
                .set_points_seen(0),
        );
    scene
        .expect(&["+teams 9", "+members 9/1"], team.insert(db))
        .await
        .unwrap();
    let team = database
        .model::<team::Entity>(2)
        .await
        .into_active_model()
        .into_ex();
    let gold = database.model::<badge::Entity>("lead".to_owned()).await;
    scene
        .expect(
            &["+team_badges 2/lead", "teams 2", "badges lead"],
            team.add_badge(gold.into_ex()).save(db),
        )
        .await
        .unwrap();
}

async fn b01_without_touches_the_saved_row_is_told(database: &Database) {
    let scene = Scene::set(database).await;
    scene
        .expect(&["teams 1"], no_touching(named(1, "b").update(&scene.db)))
        .await
        .unwrap();
    let link = team_badge::ActiveModel {
        team_id: Set(2),
        badge_code: Set("gold".to_owned()),
        ..Default::default()
    };
    scene
        .expect(&["+team_badges 2/gold"], no_touching(link.insert(&scene.db)))
        .await
        .unwrap();
}

async fn b01_a_message_by_hand_is_the_same(database: &Database) {
    let scene = Scene::set(database).await;
    for (payload, change) in [
        (
            r#"{"id":[1,2],"table":"members"}"#,
            Change::of_record(&database.model::<member::Entity>((1, 2)).await),
        ),
        (
            r#"{"id":1}"#,
            Change::of_record(&database.model::<team::Entity>(1).await),
        ),
        (
            r#"{"id":"00000000-0000-0000-0000-000000000003"}"#,
            Change::of_record(&database.model::<tree::Entity>(node_id(3)).await),
        ),
    ] {
        assert_eq!(serde_json::to_string(&change).unwrap(), payload);
    }
    scene
        .expect(&["teams 3", "badges gold"], async {
            let tx = scene.db.begin().await.unwrap();
            named(3, "b").update(&tx).await.unwrap();
            let teams = &scene.streams[2];
            teams.producer().announce(&tx, &Change::of(3)).unwrap();
            tx.commit().await.unwrap();
        })
        .await;
}

on_every_backend!(published:
    b01_a_message_by_hand_is_the_same,
    b01_an_update_of_the_touch_column,
    b01_an_update_that_changes_nothing,
    b01_an_update_that_changes_something,
    b01_an_update_without_returning,
    b01_deletes,
    b01_inserts_in_a_transaction,
    b01_inserts_with_keys_of_all_kinds,
    b01_nested_saves,
    b01_without_touches_the_saved_row_is_told,
);
