//! Stale rows: what missed touches leave to be seen, and what never looks like one.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
mod shop;

use std::time::Duration;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, IntoActiveModel,
    QueryFilter, Set, TransactionTrait, prelude::Expr,
};
use touchable::{
    Repair, TouchMany, TouchRecord,
    check::{Evidence, StaleCheck, StaleRule, stale},
};

use shop::{category, graph, note, offer, product, run, stamp, supplier};

on_every_backend!(
    every_rule_is_judged_by_what_it_promises,
    writes_of_the_library_leave_nothing_certain,
    a_missed_touch_is_certain_without_a_field_list,
    a_field_list_leaves_a_hint,
    columns_of_a_rule_are_compared,
    conditions_are_honoured,
    links_of_two_hops_are_followed,
    the_tolerance_is_honoured,
    a_repair_leaves_nothing,
    rows_without_a_stamp_are_left_out,
    a_table_that_is_not_there_is_an_error,
);

/// The rows that are newer, of the rules that have some.
async fn newer(db: &DatabaseConnection) -> Vec<String> {
    let graph = graph();
    let found = StaleCheck::of(&graph).tolerance(Duration::ZERO).run(db).await;
    let found = found.unwrap().into_iter().filter(|rule| rule.rows() > 0);
    found.map(|rule| rule.to_string()).collect()
}

/// A raw write that moves the row's own stamp.
async fn raw(db: &DatabaseConnection, table: &str, set: &str, condition: &str, time: &str) {
    let time = stamp(db, time, table == "categories");
    run(
        db,
        &format!("UPDATE {table} SET {set}updated_at = {time} WHERE {condition}"),
    )
    .await;
}

async fn every_rule_is_judged_by_what_it_promises(db: DatabaseConnection) {
    shop::create(&db).await;
    let found = stale(&db, &graph()).await.unwrap();
    let judged: Vec<_> = found
        .iter()
        .map(|stale| (stale.rule().label(), stale.evidence()))
        .collect();
    let other_column = Evidence::Possible("a change of another column moves the row too");
    assert_eq!(
        judged,
        [
            ("suppliers -> Product", other_column),
            ("suppliers -> SupplierToCategories", Evidence::Certain),
            ("products -> Category", Evidence::Certain),
            ("products -> Offer", other_column),
            ("products -> Offer", other_column),
            ("categories -> Note", Evidence::Certain),
            (
                "categories -> LongNote",
                Evidence::Possible("the condition of the association may have come true meanwhile")
            ),
            (
                "offers -> Product",
                Evidence::NotJudged("it fires on deletes only, which leave no row to compare with")
            ),
        ]
    );
    assert!(found.iter().all(|stale| stale.rows() == 0 && !stale.is_certain()));
}

/// Inserts, updates, new parents and bulk writes; the tolerance is nought.
async fn write<C: ConnectionTrait + TransactionTrait>(db: &C, number: i32) {
    let supplier = supplier::ActiveModel {
        id: Set(number),
        name: Set("New".to_owned()),
        city: Set("Ulm".to_owned()),
        ..Default::default()
    };
    let supplier = supplier.insert(db).await.unwrap();
    let product = product::ActiveModel {
        region: Set("eu".to_owned()),
        number: Set(number),
        supplier_id: Set(1),
        category_id: Set(1),
        name: Set("Nail".to_owned()),
        price: Set(1),
        ..Default::default()
    };
    let mut product = product.insert(db).await.unwrap().into_active_model();
    let note = note::ActiveModel {
        id: Set(number),
        subject_type: Set("photo".to_owned()),
        subject_id: Set(2),
        text: Set("A".to_owned()),
        ..Default::default()
    };
    let mut note = note.insert(db).await.unwrap().into_active_model();

    product.supplier_id = Set(supplier.id);
    product.category_id = Set(2);
    let product = product.update(db).await.unwrap();
    note.subject_type = Set("category".to_owned());
    note.update(db).await.unwrap();
    let mut supplier = supplier.into_active_model();
    supplier.city = Set("Bonn".to_owned());
    supplier.update(db).await.unwrap();
    category::ActiveModel {
        id: Set(2),
        name: Set(format!("Nails {number}")),
        ..Default::default()
    }
    .update(db)
    .await
    .unwrap();

    product.touch(db).await.unwrap();
    let prices = product::Entity::update_many().col_expr(product::Column::Price, Expr::value(number));
    prices.touching().exec(db).await.unwrap();
    let rename =
        supplier::Entity::update_many().col_expr(supplier::Column::Name, Expr::value(number.to_string()));
    rename
        .filter(supplier::Column::Id.gt(1))
        .touching()
        .exec(db)
        .await
        .unwrap();
}

async fn writes_of_the_library_leave_nothing_certain(db: DatabaseConnection) {
    shop::create(&db).await;
    let certain = async |level: &str| {
        let graph = graph();
        let found = StaleCheck::of(&graph).tolerance(Duration::ZERO).run(&db).await;
        let certain: Vec<StaleRule> = found.unwrap().into_iter().filter(StaleRule::is_certain).collect();
        assert!(certain.is_empty(), "{level}: {certain:?}");
    };
    write(&db, 11).await;
    certain("a plain connection").await;
    let tx = db.begin().await.unwrap();
    write(&tx, 12).await;
    tx.commit().await.unwrap();
    certain("a plain transaction").await;
    let ours = touchable::connect(db.clone());
    write(&ours, 13).await;
    certain("a connection of ours").await;
    let tx = ours.begin().await.unwrap();
    write(&tx, 14).await;
    tx.commit().await.unwrap();
    certain("a transaction of ours").await;
    offer::Entity::delete_many()
        .filter(offer::Column::Id.eq(1))
        .touching()
        .exec(&db)
        .await
        .unwrap();
    certain("a delete").await;
}

async fn a_missed_touch_is_certain_without_a_field_list(db: DatabaseConnection) {
    shop::create(&db).await;
    raw(
        &db,
        "products",
        "name = 'Hammer', ",
        "number = 2",
        "2024-01-01 00:00:00.5",
    )
    .await;
    let found = stale(&db, &graph()).await.unwrap();
    let [certain] = found.iter().filter(|rule| rule.is_certain()).collect::<Vec<_>>()[..] else {
        panic!("{found:?}")
    };
    assert_eq!(certain.rule().label(), "products -> Category");
    assert_eq!(
        (certain.rows(), certain.keys()),
        (1, ["eu/2".to_owned()].as_slice())
    );
    assert_eq!(
        certain.to_string(),
        "products -> Category: 1 row of products is newer (certain): eu/2"
    );
    // The keys are the first ones, the number is that of all.
    raw(&db, "products", "", "number < 3", "2024-01-01 00:00:00.5").await;
    let found = StaleCheck::of(&graph()).keys(2).run(&db).await.unwrap();
    let certain = found.iter().find(|rule| rule.is_certain()).unwrap();
    assert_eq!(
        certain.to_string(),
        "products -> Category: 3 rows of products are newer (certain): eu/1, eu/2 and 1 more"
    );
}

async fn a_field_list_leaves_a_hint(db: DatabaseConnection) {
    shop::create(&db).await;
    raw(&db, "suppliers", "", "id = 1", "2024-01-01 00:00:00.5").await;
    raw(&db, "categories", "", "id = 1", "2025-01-01 00:00:00.5").await;
    raw(&db, "notes", "", "id = 1", "2025-01-01 00:00:00.5").await;
    assert_eq!(
        newer(&db).await,
        [
            "suppliers -> Product: 1 row of suppliers is newer (possible: a change of another column moves the row too): 1"
        ]
    );
}

async fn columns_of_a_rule_are_compared(db: DatabaseConnection) {
    shop::create(&db).await;
    raw(&db, "products", "", "region = 'us'", "2024-01-01 00:00:00.5").await;
    let late = stamp(&db, "2024-01-01 00:00:00.500001", false);
    run(&db, &format!("UPDATE offers SET priced_at = {late} WHERE id = 3")).await;
    let offers = async || {
        let found = newer(&db).await.into_iter();
        found.filter(|line| line.starts_with("products -> Offer")).count()
    };
    assert_eq!(
        offers().await,
        1,
        "the touch column is older, the rule's own column is not"
    );
    run(
        &db,
        &format!("UPDATE offers SET updated_at = {late} WHERE id = 3"),
    )
    .await;
    assert_eq!(offers().await, 0);
}

async fn conditions_are_honoured(db: DatabaseConnection) {
    shop::create(&db).await;
    raw(&db, "categories", "", "id = 1", "2024-01-01 00:00:00.5").await;
    assert_eq!(
        newer(&db).await,
        ["categories -> Note: 1 row of categories is newer (certain): 1"]
    );
    raw(&db, "notes", "", "id = 1", "2024-01-01 00:00:00.500001").await;
    assert!(newer(&db).await.is_empty(), "the note of the photo is another's");
    run(&db, "UPDATE notes SET text = 'a long one' WHERE id = 3").await;
    assert_eq!(
        newer(&db).await,
        ["categories -> LongNote: 1 row of categories is newer \
          (possible: the condition of the association may have come true meanwhile): 1"]
    );
}

async fn links_of_two_hops_are_followed(db: DatabaseConnection) {
    shop::create(&db).await;
    raw(&db, "suppliers", "", "id = 2", "2024-01-01 00:00:00.5").await;
    raw(&db, "products", "", "region = 'us'", "2023-01-01 00:00:00.5").await;
    raw(&db, "categories", "", "id = 1", "2025-01-01 00:00:00.5").await;
    let found = stale(&db, &graph()).await.unwrap();
    let certain: Vec<_> = found
        .iter()
        .filter(|rule| rule.is_certain())
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        certain,
        [
            "suppliers -> SupplierToCategories: 1 row of suppliers is newer (certain): 2",
            "products -> Category: 1 row of products is newer (certain): us/1",
            "categories -> Note: 1 row of categories is newer (certain): 1",
        ]
    );
}

async fn the_tolerance_is_honoured(db: DatabaseConnection) {
    shop::create(&db).await;
    raw(&db, "categories", "", "id = 1", "2020-01-01 00:00:00.000008").await;
    let rows = async |tolerance: Duration| {
        let graph = graph();
        let found = StaleCheck::of(&graph)
            .tolerance(tolerance)
            .run(&db)
            .await
            .unwrap();
        found.iter().map(StaleRule::rows).sum::<u64>()
    };
    assert_eq!(rows(Duration::ZERO).await, 1, "a microsecond");
    assert_eq!(rows(Duration::from_micros(1)).await, 0);
    raw(&db, "categories", "", "id = 1", "2020-01-01 00:00:01.000008").await;
    assert_eq!(rows(Duration::from_secs(1)).await, 1);
    assert_eq!(rows(Duration::from_secs(2)).await, 0);
    assert_eq!(rows(Duration::MAX).await, 0, "not an error");
}

async fn a_repair_leaves_nothing(db: DatabaseConnection) {
    shop::create(&db).await;
    for (table, year) in [("suppliers", 2024), ("products", 2023), ("categories", 2022)] {
        raw(
            &db,
            table,
            "name = 'x', ",
            "1 = 1",
            &format!("{year}-01-01 00:00:00.5"),
        )
        .await;
    }
    assert_eq!(newer(&db).await.len(), 6);
    for table in ["suppliers", "products", "categories"] {
        let repair = Repair::table(&graph(), table).unwrap().rest(0.0).batch_size(1);
        repair.run(&db).await.unwrap();
    }
    let left: Vec<_> = newer(&db).await;
    assert!(left.is_empty(), "{left:?}");
}

async fn rows_without_a_stamp_are_left_out(db: DatabaseConnection) {
    shop::create(&db).await;
    for table in ["products", "categories"] {
        let column_type = match db.get_database_backend() {
            sea_orm::DbBackend::Postgres => "timestamptz",
            sea_orm::DbBackend::MySql => "datetime(6)",
            _ => "text",
        };
        run(&db, &format!("ALTER TABLE {table} DROP COLUMN updated_at")).await;
        run(
            &db,
            &format!("ALTER TABLE {table} ADD COLUMN updated_at {column_type}"),
        )
        .await;
    }
    raw(&db, "suppliers", "", "1 = 1", "2024-01-01 00:00:00.5").await;
    assert!(newer(&db).await.is_empty());
}

async fn a_table_that_is_not_there_is_an_error(db: DatabaseConnection) {
    shop::create(&db).await;
    run(&db, "DROP TABLE notes").await;
    let error = stale(&db, &graph()).await.unwrap_err().to_string();
    assert!(error.contains("notes"), "{error}");
}
