//! K12: suppression is judged at the save, for its cascades too, and not at the commit.

use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, Set, TransactionTrait, Unchanged};
use touchable::{no_touching, no_touching_on};
use touchable_tests::{World, cases, entities::outer};

async fn rename_task(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    let task = outer::task::ActiveModel {
        id: Unchanged(1),
        title: Set("renamed".to_owned()),
        ..Default::default()
    };
    task.update(db).await.map(drop)
}

async fn k12_a_save_in_a_scope_and_a_commit_after_it(world: &World) {
    outer::populate(world).await;
    let db = touchable::connect(world.db.clone());
    let action = async {
        let transaction = db.begin().await.unwrap();
        no_touching_on::<outer::calendar::Entity, _>(rename_task(&transaction))
            .await
            .unwrap();
        transaction.commit().await.unwrap();
    };
    world.expect_moved(&["tasks 1", "events 1"], action).await;
}

async fn k12_a_save_before_a_scope_and_a_commit_in_it(world: &World) {
    outer::populate(world).await;
    let db = touchable::connect(world.db.clone());
    let action = async {
        let transaction = db.begin().await.unwrap();
        rename_task(&transaction).await.unwrap();
        no_touching(transaction.commit()).await.unwrap();
    };
    world
        .expect_moved(&["tasks 1", "events 1", "calendars 1"], action)
        .await;
}

async fn k12_a_save_before_a_scope_on_an_entity_and_a_commit_in_it(world: &World) {
    outer::populate(world).await;
    let db = touchable::connect(world.db.clone());
    let action = async {
        let transaction = db.begin().await.unwrap();
        rename_task(&transaction).await.unwrap();
        no_touching_on::<outer::calendar::Entity, _>(transaction.commit())
            .await
            .unwrap();
    };
    world
        .expect_moved(&["tasks 1", "events 1", "calendars 1"], action)
        .await;
}

cases!(outer::tables(), 1:
    k12_a_save_in_a_scope_and_a_commit_after_it on sqlite postgres mariadb,
    k12_a_save_before_a_scope_and_a_commit_in_it on sqlite postgres mariadb,
    k12_a_save_before_a_scope_on_an_entity_and_a_commit_in_it on sqlite postgres mariadb,
);
