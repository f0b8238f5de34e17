//! 43: upserts, and inserts of rows that may be there.

use sea_orm::{
    DbErr, EntityTrait, ExprTrait, InsertMany, NotSet, Set, TransactionTrait, TryInsertResult,
    sea_query::{Expr, Func, OnConflict},
};
use touchable::TouchMany;
use touchable_tests::{
    Backend, Connection, Stage, World, at,
    entities::stock::{self, item},
    on_every_backend, on_every_level,
};

use item::Column::{Id, Label, LockNo, Note, ShelfId, Sku, UpdatedAt};

type Insert = InsertMany<item::ActiveModel>;

fn by_sku(columns: impl IntoIterator<Item = item::Column>) -> OnConflict {
    OnConflict::column(Sku).update_columns(columns).to_owned()
}

fn upsert<const N: usize>(items: [item::ActiveModel; N], conflict: OnConflict) -> Insert {
    item::Entity::insert_many(items).on_conflict(conflict)
}

/// With a key of its own, which the backends would otherwise number differently when another row is there.
fn numbered(id: i32, new: item::ActiveModel) -> item::ActiveModel {
    item::ActiveModel { id: Set(id), ..new }
}

async fn expect(world: &Stage<'_, impl Connection>, moved: &[&str], insert: Insert) {
    world
        .expect_moved(moved, insert.touching().exec_without_returning(&world.db))
        .await
        .unwrap();
}

/// What the upsert of an item that is there and of a new one moves.
async fn b43_upsert_by_a_unique_column(world: &Stage<'_, impl Connection>) {
    stock::populate(world).await;
    let items = [
        numbered(8, item("a", "renamed", 1)),
        numbered(9, item("z", "z", 2)),
    ];
    let moved = ["items 1", "+items 9", "prices 1", "shelves 1", "shelves 2"];
    expect(world, &moved, upsert(items, by_sku([Label]))).await;
    let item = world.model::<item::Entity>(1).await;
    assert_eq!((item.label.as_str(), item.lock_no), ("renamed", 2));
    assert_eq!(world.model::<item::Entity>(9).await.lock_no, 1);
    assert_eq!(world.model::<stock::shelf::Entity>(1).await.lock_no, 2);
}

async fn b43_upsert_in_a_transaction_of_ours(world: &World) {
    stock::populate(world).await;
    let db = touchable::connect(world.db.clone()).strict();
    let upserts = async {
        let tx = db.begin().await?;
        for label in ["once", "twice"] {
            let items = [item("a", label, 2)];
            upsert(items, by_sku([Label, ShelfId]))
                .touching()
                .exec(&tx)
                .await?;
        }
        tx.commit().await?;
        Ok::<_, touchable::Error>(())
    };
    let moved = ["items 1", "prices 1", "shelves 1", "shelves 2"];
    world.expect_moved(&moved, upserts).await.unwrap();
}

/// Equal is equal: nobody moves, the rows themselves neither, whatever is among the columns to update.
async fn b43_upsert_of_what_is_stored(world: &Stage<'_, impl Connection>) {
    stock::populate(world).await;
    for columns in [
        vec![Label],
        vec![Label, ShelfId, UpdatedAt, LockNo],
        vec![UpdatedAt],
    ] {
        let items = [item("a", "a", 1), item("c", "c", 2)];
        expect(world, &[], upsert(items, by_sku(columns))).await;
    }
    assert_eq!(world.model::<item::Entity>(1).await.lock_no, 1);
}

/// Each row for itself, and each rule.
async fn b43_upsert_judges_every_row(world: &Stage<'_, impl Connection>) {
    stock::populate(world).await;
    let noted = item::ActiveModel {
        note: Set(Some("noted".to_owned())),
        ..item("b", "b", 1)
    };
    let items = [item("a", "a", 1), noted, item("c", "c", 3)];
    let moved = ["items 2", "items 3", "shelves 1", "shelves 2", "shelves 3"];
    expect(
        world,
        &moved,
        upsert(items, by_sku([Label, Note, ShelfId, UpdatedAt])),
    )
    .await;
}

/// An explicit stamp is kept when it is above the stored one, and else does nothing.
async fn b43_upsert_with_an_explicit_stamp(world: &Stage<'_, impl Connection>) {
    stock::populate(world).await;
    let stamped = |sku, micros| item::ActiveModel {
        updated_at: Set(at(micros)),
        ..item(sku, sku, 1)
    };
    let items = [stamped("a", 1_000), stamped("b", 50)];
    expect(
        world,
        &["items 1", "shelves 1"],
        upsert(items, by_sku([UpdatedAt])),
    )
    .await;
    assert_eq!(world.model::<item::Entity>(1).await.updated_at, at(1_000));
    // Another column moves the stamp all the same.
    let items = [item::ActiveModel {
        label: Set("new".to_owned()),
        ..stamped("b", 50)
    }];
    let moved = ["items 2", "prices 2", "shelves 1"];
    expect(world, &moved, upsert(items, by_sku([Label, UpdatedAt]))).await;
}

async fn b43_upsert_sets_an_expression(world: &Stage<'_, impl Connection>) {
    stock::populate(world).await;
    let conflict = || {
        OnConflict::column(Sku)
            .value(Label, Expr::value("fixed"))
            .value(UpdatedAt, Expr::value(at(5_000)))
            .to_owned()
    };
    let moved = ["items 1", "prices 1", "shelves 1"];
    expect(world, &moved, upsert([item("a", "a", 1)], conflict())).await;
    assert_eq!(world.model::<item::Entity>(1).await.updated_at, at(5_000));
    expect(world, &[], upsert([item("a", "a", 1)], conflict())).await;
}

/// The rows that come back are as they are stored.
async fn b43_upsert_returns_what_is_stored(world: &Stage<'_, impl Connection>) {
    stock::populate(world).await;
    let items = || [item("a", "renamed", 1), item("b", "b", 1)];
    let insert = upsert(items(), by_sku([Label])).touching();
    if world.backend == Backend::MariaDb {
        let insert = item::Entity::insert(items()[0].clone()).on_conflict(by_sku([Label]));
        let model = insert.touching().exec_with_returning(&world.db).await.unwrap();
        assert_eq!(model, world.model::<item::Entity>(1).await);
        return;
    }
    let models = insert.exec_with_returning(&world.db).await.unwrap();
    assert_eq!(models[0].lock_no, 2);
    for model in models {
        assert_eq!(model, world.model::<item::Entity>(model.id).await);
    }
}

/// The row of a condition that does not hold stays. MariaDB has no such conditions.
async fn b43_upsert_with_a_condition(world: &Stage<'_, impl Connection>) {
    stock::populate(world).await;
    let mut conflict = by_sku([Label]);
    conflict.action_and_where(Expr::col((item::Entity, Id)).ne(1));
    let items = [item("a", "renamed", 1), item("c", "renamed", 2)];
    let mut moved = vec!["items 3", "prices 3", "shelves 2"];
    if world.backend == Backend::MariaDb {
        moved.extend(["items 1", "prices 1", "shelves 1"]);
    }
    expect(world, &moved, upsert(items, conflict)).await;
}

/// What conflicts is not to be seen from the target: an expression. On MariaDB any key can conflict.
async fn b43_upsert_by_any_key(world: &Stage<'_, impl Connection>) {
    stock::populate(world).await;
    let mut conflict = by_sku([Label]);
    let renamed = if world.backend == Backend::MariaDb {
        stock::old_item(1, "other", 1)
    } else {
        let sql = r#"CREATE UNIQUE INDEX IF NOT EXISTS "by_lower" ON "items" (lower("sku"))"#;
        sea_orm::ConnectionTrait::execute_unprepared(&world.db, sql)
            .await
            .unwrap();
        conflict = OnConflict::new();
        conflict.expr(Func::lower(Expr::col(Sku))).update_column(Label);
        numbered(8, item("A", "A", 1))
    };
    let renamed = item::ActiveModel {
        label: Set("renamed".to_owned()),
        ..renamed
    };
    let moved = ["items 1", "+items 9", "prices 1", "shelves 1", "shelves 2"];
    let new = numbered(9, item("z", "z", 2));
    expect(world, &moved, upsert([renamed, new], conflict)).await;
    assert_eq!(world.model::<item::Entity>(1).await.label, "renamed");
    assert_eq!(world.model::<item::Entity>(1).await.sku, "a");
}

async fn b43_do_nothing_touches_the_parents_of_new_rows(world: &Stage<'_, impl Connection>) {
    stock::populate(world).await;
    let items = [
        numbered(8, item("a", "renamed", 2)),
        numbered(9, item("z", "z", 3)),
    ];
    let insert = item::Entity::insert_many(items).on_conflict_do_nothing_on([Sku]);
    let done = world
        .expect_moved(
            &["+items 9", "shelves 3"],
            insert.touching().exec_without_returning(&world.db),
        )
        .await
        .unwrap();
    assert!(matches!(done, TryInsertResult::Inserted(_)), "{done:?}");
}

async fn b43_do_nothing_at_all(world: &World) {
    stock::populate(world).await;
    let there = || item::Entity::insert_many([stock::old_item(1, "a", 2)]).on_conflict_do_nothing();
    if world.backend != Backend::MariaDb {
        let done = world.expect_moved(&[], there().touching().exec(&world.db)).await;
        assert!(matches!(done, Ok(TryInsertResult::Conflicted)), "{done:?}");
    }
    let tx = world.db.begin().await.unwrap();
    there().touching().exec_without_returning(&tx).await.unwrap();
    tx.commit().await.unwrap();
    let nobody = item::Entity::insert_many(Vec::<item::ActiveModel>::new()).on_conflict_do_nothing();
    let done = world.expect_moved(&[], nobody.touching().exec(&world.db)).await;
    assert!(matches!(done, Ok(TryInsertResult::Empty)), "{done:?}");
}

/// The key and what it names are both the database's.
async fn b43_everything_left_to_defaults(world: &Stage<'_, impl Connection>) {
    stock::populate(world).await;
    let new = |sku: &str| item::ActiveModel {
        shelf_id: NotSet,
        ..item(sku, sku, 0)
    };
    let insert = item::Entity::insert_many([new("x"), new("y")]);
    world
        .expect_moved(
            &["+items 4", "+items 5", "shelves 3"],
            insert.touching().exec(&world.db),
        )
        .await
        .unwrap();
    assert_eq!(world.model::<stock::shelf::Entity>(3).await.lock_no, 2);
}

/// Two new rows of one key: the second updates the first where the database lets it.
async fn b43_upsert_of_one_key_twice(world: &Stage<'_, impl Connection>) {
    stock::populate(world).await;
    let items = [item("z", "z", 2), item("z", "renamed", 3)];
    let insert = upsert(items, by_sku([Label, ShelfId])).touching();
    if world.backend == Backend::Postgres {
        let refused = world.expect_moved(&[], insert.exec(&world.db)).await.unwrap_err();
        assert!(refused.to_string().contains("ON CONFLICT"), "{refused}");
        return;
    }
    let before = world.moments().await;
    insert.exec_without_returning(&world.db).await.unwrap();
    let moved = before.moved(&world.moments().await);
    assert!(
        moved.contains("shelves 3") && !moved.contains("shelves 1"),
        "{moved:?}"
    );
}

/// A failed upsert is none.
async fn b43_a_failed_upsert_touches_nobody(world: &Stage<'_, impl Connection>) {
    stock::populate(world).await;
    let items = [item("a", "renamed", 1), item("b", "b", 999)];
    let insert = upsert(items, by_sku([Label, ShelfId])).touching();
    let failed = world.expect_moved(&[], insert.exec(&world.db)).await.unwrap_err();
    assert!(
        matches!(failed.db_err(), Some(DbErr::Exec(_) | DbErr::Query(_))),
        "{failed:?}"
    );
}

async fn b43_the_same_statements_for_any_upsert(world: &World) {
    stock::populate(world).await;
    let count = async |names: std::ops::Range<i32>, label: &str| {
        let items = names.map(|n| item(&n.to_string(), label, 1 + n % 3));
        let insert = item::Entity::insert_many(items).on_conflict(by_sku([Label]));
        world
            .sent(insert.touching().exec_without_returning(&world.db))
            .await
            .len()
    };
    count(0..300, "old").await;
    assert_eq!(count(0..3, "new").await, count(10..300, "new").await);
}

on_every_level!(stock:
    b43_upsert_by_a_unique_column,
    b43_upsert_of_what_is_stored,
    b43_upsert_judges_every_row,
    b43_upsert_with_an_explicit_stamp,
    b43_upsert_sets_an_expression,
    b43_upsert_returns_what_is_stored,
    b43_upsert_with_a_condition,
    b43_upsert_by_any_key,
    b43_do_nothing_touches_the_parents_of_new_rows,
    b43_everything_left_to_defaults,
    b43_upsert_of_one_key_twice,
    b43_a_failed_upsert_touches_nobody,
);
on_every_backend!(stock:
    b43_upsert_in_a_transaction_of_ours,
    b43_do_nothing_at_all,
    b43_the_same_statements_for_any_upsert,
);
