//! 43: upserts beside other writers.

use sea_orm::{ConnectionTrait, EntityTrait, TransactionTrait, sea_query::OnConflict};
use touchable::TouchMany;
use touchable_tests::{
    World, at,
    entities::stock::{self, item},
    on_every_server,
};

use item::Column::{Label, ShelfId, Sku};

async fn upsert(db: &(impl ConnectionTrait + TransactionTrait)) {
    item::Entity::insert_many([item("z", "renamed", 2)])
        .on_conflict(
            OnConflict::column(Sku)
                .update_columns([Label, ShelfId])
                .to_owned(),
        )
        .touching()
        .exec_without_returning(db)
        .await
        .unwrap();
}

/// A row that came after the look: it is updated all the same, and what it named and what showed it is touched.
async fn meet_a_newcomer(world: &World, upsert: impl Future<Output = ()>) {
    let other = world.db.begin().await.unwrap();
    let newcomer = item::Entity::insert(stock::old_item(9, "z", 1))
        .exec(&other)
        .await;
    newcomer.unwrap();
    stock::price::Entity::insert(stock::price(9, 9))
        .exec(&other)
        .await
        .unwrap();
    let before = world.moments().await;
    let commit = async {
        world.somebody_waits().await;
        other.commit().await.unwrap();
    };
    tokio::join!(upsert, commit);
    let moved = before.moved(&world.moments().await);
    let moved: Vec<&str> = moved.iter().map(String::as_str).collect();
    assert_eq!(moved, ["+items 9", "+prices 9", "shelves 1", "shelves 2"]);
    let price = world.model::<stock::price::Entity>(9).await;
    assert!(price.updated_at > at(209), "the newcomer's price");
    assert_eq!(world.model::<item::Entity>(9).await.lock_no, 2);
}

async fn b43_upsert_of_a_newcomer(world: &World) {
    stock::populate(world).await;
    meet_a_newcomer(world, upsert(&world.db)).await;
}

/// Where the database takes a snapshot at the first look, it is older than the newcomer.
async fn b43_upsert_of_a_newcomer_in_a_transaction(world: &World) {
    stock::populate(world).await;
    let tx = touchable::connect(world.db.clone()).begin().await.unwrap();
    item::Entity::find().all(&tx).await.unwrap();
    let write = async {
        upsert(&tx).await;
        tx.commit().await.unwrap();
    };
    meet_a_newcomer(world, write).await;
}

/// New rows beside each other: nobody waits for somebody who waits for them.
async fn b43_upserts_of_new_rows_beside_each_other(world: &World) {
    stock::populate(world).await;
    let upserts = (0..40).map(|n| {
        let db = world.db.clone();
        tokio::spawn(async move {
            let items = [item(&format!("new {n}"), "new", 1 + n % 3)];
            let insert = item::Entity::insert_many(items)
                .on_conflict(OnConflict::column(Sku).update_column(Label).to_owned());
            insert.touching().exec_without_returning(&db).await
        })
    });
    for upsert in upserts.collect::<Vec<_>>() {
        upsert.await.unwrap().unwrap();
    }
    assert_eq!(item::Entity::find().all(&world.db).await.unwrap().len(), 43);
}

on_every_server!(stock, 6:
    b43_upsert_of_a_newcomer,
    b43_upsert_of_a_newcomer_in_a_transaction,
    b43_upserts_of_new_rows_beside_each_other,
);
