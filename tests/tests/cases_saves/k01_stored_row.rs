//! K1: what is associated is judged by the stored row, never by the caller's copy.

use sea_orm::{ActiveModelTrait, Set, TransactionTrait};
use touchable_tests::{
    World, cases,
    entities::society::{self, task as tasks},
};

async fn k01_a_stale_foreign_key_at_level_4(world: &World) {
    world.seed([1, 2].map(society::event)).await;
    world.seed([1].map(|id| society::task(id, Some(1), None))).await;
    let db = touchable::connect(world.db.clone());
    let mut stale = world.active::<tasks::Entity>(1).await;
    let mut moved = stale.clone();
    moved.event_id = Set(Some(2));
    moved.update(&world.db).await.unwrap();
    world
        .expect_moved(&["tasks 1", "events 2"], async {
            let transaction = db.begin().await.unwrap();
            stale.title = Set("another".to_owned());
            stale.update(&transaction).await.unwrap();
            transaction.commit().await.unwrap();
        })
        .await;
}

cases!(society::tables(), 2: k01_a_stale_foreign_key_at_level_4 on sqlite postgres mariadb);
