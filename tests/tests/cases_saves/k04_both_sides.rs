//! K4: the condition of an association is asked on both sides of a change.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, ModelTrait, QueryFilter,
    Set, TransactionTrait,
    sea_query::{Expr, OnConflict},
};
use touchable::TouchMany;
use touchable_tests::{Moments, World, at, cases};

use crate::{
    entities::remarks::{self, pin, poster, remark},
    level::{expect_on_every_level, on_level},
};

const TABLES: [&str; 5] = ["remarks", "pins", "posters", "posts", "photos"];

/// From post 1 to post 2, by the only rule there is.
async fn k04_a_foreign_key_under_a_condition(world: &World) {
    let save = async |level| {
        let mut pin = world.active::<pin::Entity>(1).await;
        pin.post_id = Set(2);
        on_level!(level, world, |db| pin.update(db)).map(drop)
    };
    let seed = async || remarks::populate(world).await;
    expect_on_every_level(world, &TABLES, &["pins 1", "posts 1", "posts 2"], seed, save).await;
}

/// From post 1 to post 2; the photos of these keys stay.
async fn k04_a_polymorphic_key(world: &World) {
    let save = async |level| {
        let mut remark = world.active::<remark::Entity>(1).await;
        remark.target_id = Set(2);
        on_level!(level, world, |db| remark.update(db)).map(drop)
    };
    let seed = async || remarks::populate(world).await;
    expect_on_every_level(world, &TABLES, &["remarks 1", "posts 1", "posts 2"], seed, save).await;
}

/// From post 1 to photo 1.
async fn k04_a_type_column(world: &World) {
    let save = async |level| {
        let mut remark = world.active::<remark::Entity>(1).await;
        remark.kind = Set("photo".to_owned());
        on_level!(level, world, |db| remark.update(db)).map(drop)
    };
    let seed = async || remarks::populate(world).await;
    expect_on_every_level(world, &TABLES, &["remarks 1", "posts 1", "photos 1"], seed, save).await;
}

/// Remark 2 is about photo 1: the post of that key stays.
async fn k04_a_new_row_under_a_condition(world: &World) {
    let seed = async || remarks::populate(world).await;
    let save = async |level| on_level!(level, world, |db| about_a_photo().insert(db)).map(drop);
    expect_on_every_level(world, &TABLES, &["+remarks 2", "photos 1"], seed, save).await;
}

async fn k04_a_new_row_under_a_condition_in_bulk(world: &World) {
    remarks::populate(world).await;
    let insert = remark::Entity::insert_many([about_a_photo()]).touching();
    world
        .expect_moved(
            &["+remarks 2", "photos 1"],
            insert.exec_without_returning(&world.db),
        )
        .await
        .unwrap();
}

async fn k04_a_deleted_row_under_a_condition(world: &World) {
    let seed = async || {
        remarks::populate(world).await;
        world.seed([about_a_photo()]).await;
    };
    let save = async |level| {
        let remark = world.model::<remark::Entity>(2).await;
        on_level!(level, world, |db| remark.delete(db)).map(drop)
    };
    expect_on_every_level(world, &TABLES, &["-remarks 2", "photos 1"], seed, save).await;
}

fn about_a_photo() -> remark::ActiveModel {
    remark::ActiveModel {
        id: Set(2),
        text: Set("b".to_owned()),
        kind: Set("photo".to_owned()),
        target_id: Set(1),
        updated_at: Set(at(201)),
    }
}

async fn k04_a_foreign_key_under_a_condition_in_bulk(world: &World) {
    remarks::populate(world).await;
    let update = pin::Entity::update_many()
        .col_expr(pin::Column::PostId, Expr::value(2))
        .filter(pin::Column::Id.eq(1))
        .touching();
    world
        .expect_moved(&["pins 1", "posts 1", "posts 2"], update.exec(&world.db))
        .await
        .unwrap();
}

async fn k04_a_polymorphic_key_in_bulk(world: &World) {
    remarks::populate(world).await;
    let update = remark::Entity::update_many()
        .col_expr(remark::Column::TargetId, Expr::value(2))
        .filter(remark::Column::Id.eq(1))
        .touching();
    world
        .expect_moved(&["remarks 1", "posts 1", "posts 2"], update.exec(&world.db))
        .await
        .unwrap();
}

async fn k04_a_type_column_in_bulk(world: &World) {
    remarks::populate(world).await;
    let update = remark::Entity::update_many()
        .col_expr(remark::Column::Kind, Expr::value("photo"))
        .filter(remark::Column::Id.eq(1))
        .touching();
    world
        .expect_moved(&["remarks 1", "posts 1", "photos 1"], update.exec(&world.db))
        .await
        .unwrap();
}

/// Remark 1 as it is to be, where there is one already.
async fn upsert(world: &World, column: remark::Column, change: impl FnOnce(&mut remark::ActiveModel)) {
    let mut other = world.active::<remark::Entity>(1).await.reset_all();
    change(&mut other);
    remark::Entity::insert(other)
        .on_conflict(
            OnConflict::column(remark::Column::Id)
                .update_column(column)
                .to_owned(),
        )
        .touching()
        .exec(&world.db)
        .await
        .unwrap();
}

async fn k04_a_polymorphic_key_in_an_upsert(world: &World) {
    remarks::populate(world).await;
    let save = upsert(world, remark::Column::TargetId, |remark| {
        remark.target_id = Set(2);
    });
    world
        .expect_moved(&["remarks 1", "posts 1", "posts 2"], save)
        .await;
}

async fn k04_a_type_column_in_an_upsert(world: &World) {
    remarks::populate(world).await;
    let save = upsert(world, remark::Column::Kind, |remark| {
        remark.kind = Set("photo".to_owned());
    });
    world
        .expect_moved(&["remarks 1", "posts 1", "photos 1"], save)
        .await;
}

/// … and then it is about nothing.
async fn k04_a_type_column_of_nothing_in_an_upsert(world: &World) {
    remarks::populate(world).await;
    let save = upsert(world, remark::Column::Kind, |remark| {
        remark.kind = Set("nothing".to_owned());
    });
    world.expect_moved(&["remarks 1", "posts 1"], save).await;
}

/// A condition that binds another value each time is asked anew, whatever was prepared for saves of its kind.
async fn k04_a_condition_that_binds_another_value(world: &World) {
    remarks::populate(world).await;
    world
        .seed([poster::ActiveModel {
            id: Set(1),
            text: Set("a".to_owned()),
            post_id: Set(1),
            updated_at: Set(at(400)),
        }])
        .await;
    let db = touchable::connect(world.db.clone());
    let shown: [(i32, &[&str]); 4] = [
        (0, &["posters 1", "posts 1"]),
        (1, &["posters 1"]),
        (0, &["posters 1", "posts 1"]),
        (2, &["posters 1"]),
    ];
    for (round, (threshold, moved)) in shown.into_iter().enumerate() {
        let mut poster = world.active::<poster::Entity>(1).await;
        poster.text = Set(format!("round {round}"));
        let save = poster::THRESHOLD.scope(threshold, poster.update(&db));
        world.expect_moved(moved, save).await.unwrap();
    }
}

/// A pin moves from post 1 to post 2 behind the back of a transaction that has read it: whom it leaves is asked of what is stored,
/// not of what the transaction has seen.
async fn k04_a_condition_in_an_older_snapshot(world: &World) {
    for way in ["update", "delete", "update many", "delete many"] {
        for touch in [false, true] {
            for table in TABLES {
                let sql = format!("DELETE FROM {table}");
                world.db.execute_unprepared(&sql).await.unwrap();
            }
            remarks::populate(world).await;
            if touch {
                let transaction = touchable::connect(world.db.clone()).begin().await.unwrap();
                let before = leave(world, &transaction, way).await;
                transaction.commit().await.unwrap();
                assert_left(world, &before, way).await;
            } else {
                let transaction = world.db.begin().await.unwrap();
                let before = leave(world, &transaction, way).await;
                transaction.commit().await.unwrap();
                assert_left(world, &before, way).await;
            }
        }
    }
}

async fn leave<C: ConnectionTrait + TransactionTrait>(world: &World, db: &C, way: &str) -> Moments {
    let pin = pin::Entity::find_by_id(1).one(db).await.unwrap().unwrap();
    assert_eq!(pin.post_id, 1);
    let sql = "UPDATE pins SET post_id = 2 WHERE id = 1";
    world.db.execute_unprepared(sql).await.unwrap();
    let before = world.moments().await;
    match way {
        "update" => {
            let mut pin = pin.into_active_model();
            pin.kind = Set("none".to_owned());
            pin.update(db).await.map(drop).unwrap();
        }
        "delete" => pin.delete(db).await.map(drop).unwrap(),
        "update many" => pin::Entity::update_many()
            .col_expr(pin::Column::Kind, Expr::value("none"))
            .filter(pin::Column::Id.eq(1))
            .touching()
            .exec(db)
            .await
            .map(drop)
            .unwrap(),
        _ => pin::Entity::delete_many()
            .filter(pin::Column::Id.eq(1))
            .touching()
            .exec(db)
            .await
            .map(drop)
            .unwrap(),
    }
    before
}

async fn assert_left(world: &World, before: &Moments, way: &str) {
    let moved = before.moved(&world.moments().await);
    assert!(moved.contains("posts 2"), "{way}: {moved:?}");
    assert!(!moved.contains("posts 1"), "{way}: {moved:?}");
}

cases!(remarks::tables(), 2: k04_a_condition_in_an_older_snapshot on postgres mariadb);

cases!(remarks::tables(), 2:
    k04_a_condition_that_binds_another_value on sqlite postgres mariadb,
    k04_a_foreign_key_under_a_condition on sqlite postgres mariadb,
    k04_a_new_row_under_a_condition on sqlite postgres mariadb,
    k04_a_new_row_under_a_condition_in_bulk on sqlite postgres mariadb,
    k04_a_deleted_row_under_a_condition on sqlite postgres mariadb,
    k04_a_foreign_key_under_a_condition_in_bulk on sqlite postgres mariadb,
    k04_a_polymorphic_key on sqlite postgres mariadb,
    k04_a_polymorphic_key_in_bulk on sqlite postgres mariadb,
    k04_a_type_column on sqlite postgres mariadb,
    k04_a_type_column_in_bulk on sqlite postgres mariadb,
    k04_a_polymorphic_key_in_an_upsert on sqlite postgres mariadb,
    k04_a_type_column_in_an_upsert on sqlite postgres mariadb,
    k04_a_type_column_of_nothing_in_an_upsert on sqlite postgres mariadb,
);
