//! Behaviours 2 and 3: what a transaction changes is told once, around its commit, and never when it is rolled back.

use sea_orm::{ActiveModelTrait, DbErr, EntityTrait, Set, TransactionTrait, Unchanged};
use sea_orm_migration::SchemaManager;
use touchable::feed::Producer;
use touchable_migrations::TouchSchema;
use touchable_tests::{
    OwnRedis, World as Database,
    entities::published::{country, member, team},
    on_every_backend,
};

use super::{Scene, labelled};
use crate::world::until;

fn renamed(no: i32, name: &str) -> member::ActiveModel {
    member::ActiveModel {
        team_id: Unchanged(1),
        no: Unchanged(no),
        name: Set(name.to_owned()),
        ..Default::default()
    }
}

async fn b03_each_record_once(database: &Database) {
    let scene = Scene::set(database).await;
    scene
        .expect(
            &["members 1/1", "members 1/2", "teams 1", "teams 2", "countries 1"],
            async {
                let tx = scene.db.begin().await.unwrap();
                for name in ["b", "c"] {
                    renamed(1, name).update(&tx).await.unwrap();
                    renamed(2, name).update(&tx).await.unwrap();
                }
                let country = country::ActiveModel {
                    id: Unchanged(1),
                    name: Set("b".to_owned()),
                    ..Default::default()
                };
                country.update(&tx).await.unwrap();
                assert!(scene.told("delay").await.is_empty(), "before the commit");
                tx.commit().await.unwrap();
            },
        )
        .await;
}

async fn b02_what_is_rolled_back_is_not_told(database: &Database) {
    let scene = Scene::set(database).await;
    scene
        .expect(&[], async {
            let tx = scene.db.begin().await.unwrap();
            renamed(1, "b").update(&tx).await.unwrap();
            labelled(1, "b").update(&tx).await.unwrap();
            tx.rollback().await.unwrap();
        })
        .await;
    scene
        .expect(&["members 1/1", "teams 1"], async {
            let tx = scene.db.begin().await.unwrap();
            let released = tx.begin().await.unwrap();
            renamed(1, "b").update(&released).await.unwrap();
            released.commit().await.unwrap();
            let undone = tx.begin().await.unwrap();
            labelled(1, "b").update(&undone).await.unwrap();
            renamed(2, "b").update(&undone).await.unwrap();
            undone.rollback().await.unwrap();
            tx.commit().await.unwrap();
        })
        .await;
}

async fn b02_a_refused_save_is_not_queued(database: &Database) {
    let scene = Scene::set(database).await;
    let orphan = member::ActiveModel {
        team_id: Set(99),
        ..member(1, 9)
    };
    scene.expect(&[], orphan.insert(&scene.db)).await.unwrap_err();
    let nobody = team::ActiveModel {
        id: Unchanged(99),
        name: Set("b".to_owned()),
        ..Default::default()
    };
    let gone = scene.expect(&[], nobody.update(&scene.db)).await.unwrap_err();
    assert_eq!(gone, DbErr::RecordNotUpdated);
}

/// Delay messages come before the commit: without them there is none.
async fn b03_without_redis_nothing_is_written(database: &Database) {
    let mut server = OwnRedis::start(&[]);
    let scene = Scene::on(database, server.url(), Producer::clone).await;
    server.kill();
    database
        .expect_moved(&[], async {
            let outside = renamed(1, "b").update(&scene.db).await.unwrap_err();
            assert!(outside.to_string().contains("could not write to"), "{outside}");
            let tx = scene.db.begin().await.unwrap();
            labelled(1, "b").update(&tx).await.unwrap();
            let inside = tx.commit().await.unwrap_err();
            assert!(inside.to_string().contains("could not write to"), "{inside}");
            let team = team::Entity::find_by_id(1).one(&scene.db).await.unwrap().unwrap();
            touchable::TouchRecord::touch(&team, &scene.db).await.unwrap_err();
        })
        .await;
}

async fn b03_without_redis_the_outbox_keeps_them(database: &Database) {
    SchemaManager::new(&database.db).feed_outbox().up().await.unwrap();
    let mut server = OwnRedis::start(&[]);
    let scene = Scene::on(database, server.url(), |producer| producer.clone().outbox()).await;
    server.kill();
    database
        .expect_moved(&["members 1/1", "teams 1"], renamed(1, "b").update(&scene.db))
        .await
        .unwrap();
    server.restart();
    for stream in &scene.streams {
        let drainer = stream.drainer(database.db.clone());
        until("the outbox is sent", async || drainer.drain().await.is_ok()).await;
    }
    assert_eq!(
        scene.told("queue").await,
        [r#"people {"id":[1,1],"table":"members"}"#, r#"teams {"id":1}"#]
    );
}

on_every_backend!(published:
    b02_a_refused_save_is_not_queued,
    b02_what_is_rolled_back_is_not_told,
    b03_each_record_once,
    b03_without_redis_nothing_is_written,
    b03_without_redis_the_outbox_keeps_them,
);
