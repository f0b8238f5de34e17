//! Behaviour 1: what nobody would be told of is refused, before anything is written.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ModelTrait, QueryFilter, Set,
    TransactionTrait, Unchanged, sea_query::Expr,
};
use touchable::{Error, TouchAll, TouchConnection, TouchMany, TouchRecord, connect, no_touching};
use touchable_tests::{
    World as Database,
    entities::published::{continent, country, member, populate, team, team_badge, token},
    on_every_backend,
};

use super::{Scene, labelled};

fn country() -> country::ActiveModel {
    country::ActiveModel {
        id: Unchanged(1),
        name: Set("b".to_owned()),
        ..Default::default()
    }
}

fn continent() -> continent::ActiveModel {
    continent::ActiveModel {
        id: Unchanged(1),
        name: Set("b".to_owned()),
        ..Default::default()
    }
}

fn assert_refused<T: std::fmt::Debug>(done: Result<T, impl Into<Error>>, names: &[&str]) {
    let error: Error = done.unwrap_err().into();
    assert!(error.is_unpublished(), "{error}");
    let text = error.to_string();
    for name in names
        .iter()
        .chain(&["connect(db).publish(&stream.producer())", "unpublished()"])
    {
        assert!(text.contains(name), "`{name}` is not in: {text}");
    }
}

/// Every kind of write.
async fn assert_all_refused<C: ConnectionTrait + TransactionTrait>(database: &Database, db: &C) {
    let (old, first) = (
        token::Entity::find_by_id(1).one(db).await.unwrap().unwrap(),
        team::Entity::find_by_id(1).one(db).await.unwrap().unwrap(),
    );
    let sent = database
        .sent(async {
            let new = token::ActiveModel {
                label: Set("b".to_owned()),
                ..Default::default()
            };
            assert_refused(new.clone().insert(db).await, &["`tokens`"]);
            assert_refused(labelled(1, "b").update(db).await, &["`tokens`"]);
            assert_refused(labelled(1, "b").update_without_returning(db).await, &["`tokens`"]);
            assert_refused(old.clone().delete(db).await, &["`tokens`"]);
            assert_refused(old.touch(db).await, &["`tokens`"]);
            assert_refused(
                token::Entity::touch_all(token::Entity::find(), db).await,
                &["`tokens`"],
            );
            let many = token::Entity::update_many().col_expr(token::Column::Label, Expr::value("b"));
            assert_refused(many.touching().exec(db).await, &["`tokens`"]);
            let many = token::Entity::delete_many().filter(token::Column::Id.gt(0));
            assert_refused(many.touching().exec(db).await, &["`tokens`"]);
            let many = token::Entity::insert_many([new]);
            assert_refused(many.touching().exec(db).await, &["`tokens`"]);
            assert_refused(country().update(db).await, &["`countries`", "`teams`"]);
            // By way of the countries.
            assert_refused(continent().update(db).await, &["`continents`", "`teams`"]);
            assert_refused(first.delete(db).await, &["`teams`"]);
            let link = team_badge::ActiveModel {
                team_id: Set(2),
                badge_code: Set("gold".to_owned()),
                ..Default::default()
            };
            assert_refused(link.insert(db).await, &["`team_badges`", "stream `"]);
        })
        .await;
    assert!(sent.is_empty(), "{sent:#?}");
}

async fn b01_without_a_producer(database: &Database) {
    populate(database).await;
    let db = connect(database.db.clone());
    database
        .expect_moved(&[], assert_all_refused(database, &db))
        .await;
    assert_eq!(db.registered(), 0);
    database
        .expect_moved(&[], async {
            let tx = db.begin().await.unwrap();
            assert_refused(labelled(1, "b").update(&tx).await, &["`tokens`"]);
            assert_refused(country().update(&tx).await, &["`countries`", "`teams`"]);
            tx.commit().await.unwrap();
        })
        .await;
}

async fn b01_on_a_plain_connection(database: &Database) {
    populate(database).await;
    database
        .expect_moved(&[], assert_all_refused(database, &database.db))
        .await;
    database
        .expect_moved(&[], async {
            let tx = database.db.begin().await.unwrap();
            assert_refused(labelled(1, "b").update(&tx).await, &["`tokens`"]);
            assert_refused(country().update(&tx).await, &["`countries`", "`teams`"]);
            tx.commit().await.unwrap();
        })
        .await;
}

async fn b01_without_one_of_the_producers(database: &Database) {
    let scene = Scene::set(database).await;
    let teams = connect(database.db.clone()).publish(&scene.streams[2].producer());
    scene
        .expect(&["countries 1", "teams 1", "teams 2"], country().update(&teams))
        .await
        .unwrap();
    let member = member::ActiveModel {
        team_id: Unchanged(1),
        no: Unchanged(1),
        name: Set("b".to_owned()),
        ..Default::default()
    };
    let refused = scene.expect(&[], member.update(&teams)).await;
    assert_refused(refused, &["`members`", "`people`"]);
}

/// No rule leads to a published row when none may touch.
async fn b01_what_can_touch_nobody_is_allowed(database: &Database) {
    populate(database).await;
    database
        .expect_moved(&["countries 1"], no_touching(country().update(&database.db)))
        .await
        .unwrap();
    let refused = no_touching(labelled(1, "b").update(&database.db)).await;
    assert_refused(refused, &["`tokens`"]);
}

async fn b01_unpublished(database: &Database) {
    let scene = Scene::set(database).await;
    let silent: TouchConnection = scene.db.clone().unpublished().strict();
    database
        .expect_moved(
            &["countries 1", "teams 1", "teams 2", "tokens 1", "-tokens 2"],
            async {
                country().update(&silent).await?;
                labelled(1, "b").update(&silent).await?;
                let token = token::Entity::find_by_id(2).one(&silent).await?.unwrap();
                token.delete(&silent).await?;
                let tx = silent.begin().await?;
                labelled(1, "b").update(&tx).await?;
                tx.commit().await?;
                Ok::<_, DbErr>(())
            },
        )
        .await
        .unwrap();
    assert!(scene.told("delay").await.is_empty());
    scene
        .expect(&["tokens 1"], {
            let again = token::ActiveModel {
                label: Set("c".to_owned()),
                ..labelled(1, "b")
            };
            again.update(&scene.db)
        })
        .await
        .unwrap();
}

/// The first of the connection's two names for it is that of its table.
async fn b01_writes_around_the_rules_are_noticed(database: &Database) {
    let scene = Scene::set(database).await;
    let strict = scene.db.clone().strict();
    labelled(1, "b").update(&strict).await.unwrap();
    let around = token::Entity::delete_many().exec(&strict).await.unwrap_err();
    let around = Error::from(around);
    assert!(
        around.is_bypass() && around.to_string().contains("the feed `tokens`"),
        "{around}"
    );
}

on_every_backend!(published:
    b01_on_a_plain_connection,
    b01_unpublished,
    b01_what_can_touch_nobody_is_allowed,
    b01_without_a_producer,
    b01_without_one_of_the_producers,
    b01_writes_around_the_rules_are_noticed,
);
