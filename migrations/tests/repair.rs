//! Repair: rows that raw writes have passed by are touched as if each had been saved, in batches.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
mod shop;

use std::{future::poll_fn, pin::pin, task::Poll};

use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, SqlxMySqlConnector, Statement,
    TransactionTrait, sqlx::mysql::MySqlPoolOptions,
};
use touchable::{Repair, no_touching};

use shop::{graph, product, run, supplier};

on_every_backend!(
    fires_every_rule_as_a_save_would,
    rows_that_do_not_match_stay,
    columns_choose_the_rules,
    only_cascading_rules_when_asked,
    rules_through_two_hops_fire,
    each_row_once_in_the_order_of_its_composite_key,
    goes_on_where_it_stopped,
    a_failing_batch_takes_back_itself_only,
    may_be_dropped_at_any_point,
    a_condition_on_what_it_moves_loses_nothing,
    a_condition_is_taken_as_it_stands,
    a_dry_run_writes_nothing,
    names_are_checked,
    what_the_database_refuses_names_the_table,
    goes_wherever_a_write_goes,
    nobody_is_touched_in_a_scope_that_says_so,
);

/// The rows of a table that have moved since the shop was created.
async fn moved(db: &DatabaseConnection, table: &str) -> Vec<String> {
    moved_in(db, table, "updated_at").await
}

async fn moved_in(db: &DatabaseConnection, table: &str, column: &str) -> Vec<String> {
    let key = match (table, db.get_database_backend()) {
        ("products", DbBackend::MySql) => "concat(region, '/', number)",
        ("products", _) => "region || '/' || number",
        (_, DbBackend::MySql) => "concat(id)",
        _ => "id || ''",
    };
    let sql = format!("SELECT {key} AS k FROM {table} WHERE {column} > '2021-01-01' ORDER BY k");
    let rows = db
        .query_all_raw(Statement::from_string(db.get_database_backend(), sql))
        .await
        .unwrap();
    rows.iter().map(|row| row.try_get("", "k").unwrap()).collect()
}

async fn number(db: &DatabaseConnection, sql: &str) -> i64 {
    let row = db
        .query_one_raw(Statement::from_string(db.get_database_backend(), sql))
        .await
        .expect(sql)
        .unwrap();
    row.try_get_by_index(0).unwrap()
}

/// Without rests.
fn products() -> Repair {
    Repair::table(&graph(), "products").unwrap().rest(0.0)
}

async fn fires_every_rule_as_a_save_would(db: DatabaseConnection) {
    shop::create(&db).await;
    run(
        &db,
        "UPDATE products SET name = 'Big saw' WHERE number = 1 AND region = 'eu'",
    )
    .await;
    let saw = Repair::of::<product::Entity>().filter(product::Column::Name.eq("Big saw"));
    let done = saw.run(&db).await.unwrap();
    assert_eq!((done.rows, done.batches, done.finished), (1, 1, true));
    assert_eq!(done.last_key.as_deref(), Some("eu/1"));
    assert_eq!(moved(&db, "products").await, ["eu/1"]);
    assert_eq!(moved(&db, "offers").await, ["1"], "a rule with a field list");
    assert_eq!(
        moved_in(&db, "offers", "priced_at").await,
        ["1"],
        "and its columns"
    );
    assert_eq!(moved(&db, "categories").await, ["1"], "a rule that cascades");
    assert_eq!(moved(&db, "notes").await, ["1"], "and what that leads to");
    assert!(moved(&db, "suppliers").await.is_empty());
}

async fn rows_that_do_not_match_stay(db: DatabaseConnection) {
    shop::create(&db).await;
    let done = products().filter_sql("name = 'Hammer'").run(&db).await.unwrap();
    assert_eq!((done.rows, done.batches, done.finished), (0, 0, true));
    for table in ["suppliers", "products", "categories", "offers", "notes"] {
        assert!(moved(&db, table).await.is_empty(), "{table}");
    }
    let all = products().run(&db).await.unwrap();
    assert_eq!(all.rows, 3, "without a condition every row");
    assert_eq!(moved(&db, "products").await, ["eu/1", "eu/2", "us/1"]);
}

async fn columns_choose_the_rules(db: DatabaseConnection) {
    shop::create(&db).await;
    let kite = products().filter_sql("name = 'Kite'").columns(["price"]);
    assert_eq!(
        kite.rules().unwrap(),
        ["products -> Category", "products -> Offer"]
    );
    kite.run(&db).await.unwrap();
    assert_eq!(moved_in(&db, "offers", "priced_at").await, ["3"]);
    assert!(
        moved(&db, "offers").await.is_empty(),
        "the rule on the name stays"
    );
    assert_eq!(
        moved(&db, "categories").await,
        ["2"],
        "a rule on any change fires"
    );

    let key = products().filter_sql("name = 'Saw'").columns(["region"]);
    key.run(&db).await.unwrap();
    assert_eq!(
        moved(&db, "offers").await,
        ["1"],
        "a column that decides the association"
    );
}

async fn only_cascading_rules_when_asked(db: DatabaseConnection) {
    shop::create(&db).await;
    let done = products().cascading_only().run(&db).await.unwrap();
    assert_eq!(done.rows, 3);
    assert!(moved(&db, "offers").await.is_empty());
    assert_eq!(moved(&db, "categories").await, ["1", "2"]);
}

async fn rules_through_two_hops_fire(db: DatabaseConnection) {
    shop::create(&db).await;
    let best = Repair::of::<supplier::Entity>().filter_sql("id = 2");
    best.run(&db).await.unwrap();
    assert_eq!(moved(&db, "suppliers").await, ["2"]);
    assert_eq!(moved(&db, "products").await, ["us/1"]);
    assert_eq!(moved(&db, "categories").await, ["2"]);
    assert_eq!(moved(&db, "notes").await, ["2"]);
}

/// Products 10 to 309 of three regions.
async fn many(db: &DatabaseConnection) {
    for region in ["a", "b", "c"] {
        let rows: Vec<String> = (10..110)
            .map(|number| format!("('{region}', {number}, 1, 1, 'x', 1, {})", old(db)))
            .collect();
        let insert =
            "INSERT INTO products (region, number, supplier_id, category_id, name, price, updated_at)";
        run(db, &format!("{insert} VALUES {}", rows.join(", "))).await;
    }
}

fn old(db: &DatabaseConnection) -> String {
    shop::stamp(db, "2020-01-01 00:00:00.000007", false)
}

const TOUCHED: &str = "SELECT count(*) FROM products WHERE name = 'x' AND updated_at > '2021-01-01'";

async fn each_row_once_in_the_order_of_its_composite_key(db: DatabaseConnection) {
    shop::create(&db).await;
    many(&db).await;
    let mut seen = Vec::new();
    let done = products()
        .filter_sql("name = 'x'")
        .batch_size(70)
        .run_with(&db, |done| seen.push((done.rows, done.last_key.clone().unwrap())))
        .await
        .unwrap();
    assert_eq!((done.rows, done.batches, done.finished), (300, 5, true));
    let seen: Vec<_> = seen.iter().map(|(rows, key)| (*rows, &**key)).collect();
    assert_eq!(
        seen,
        [
            (70, "a/79"),
            (140, "b/49"),
            (210, "c/19"),
            (280, "c/89"),
            (300, "c/109")
        ]
    );
    assert_eq!(number(&db, TOUCHED).await, 300);
    let stamps = "SELECT count(DISTINCT updated_at) FROM products WHERE name = 'x'";
    assert_eq!(
        number(&db, stamps).await,
        5,
        "one stamp a batch: no row was touched twice"
    );
}

async fn goes_on_where_it_stopped(db: DatabaseConnection) {
    shop::create(&db).await;
    many(&db).await;
    let pending = format!("name = 'x' AND updated_at <= {}", old(&db));
    let repair = products().filter_sql(&pending).batch_size(100);
    let first = repair.clone().at_most(2).run(&db).await.unwrap();
    assert_eq!((first.rows, first.batches, first.finished), (200, 2, false));
    let rest = repair.clone().run(&db).await.unwrap();
    assert_eq!((rest.rows, rest.batches, rest.finished), (100, 1, true));
    let again = repair.run(&db).await.unwrap();
    assert_eq!((again.rows, again.batches, again.finished), (0, 0, true));
}

async fn a_failing_batch_takes_back_itself_only(db: DatabaseConnection) {
    shop::create(&db).await;
    many(&db).await;
    let is_it = "new.region = 'b' AND new.number = 40";
    let (fail, mend) = match db.get_database_backend() {
        DbBackend::Postgres => (
            format!(
                "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS \
                 'BEGIN IF {} THEN RAISE EXCEPTION ''broken''; END IF; RETURN new; END'; \
                 CREATE TRIGGER broken BEFORE UPDATE ON products FOR EACH ROW EXECUTE FUNCTION broken()",
                is_it.replace('\'', "''")
            ),
            "DROP TRIGGER broken ON products",
        ),
        DbBackend::MySql => (
            format!(
                "CREATE TRIGGER broken BEFORE UPDATE ON products FOR EACH ROW \
                 IF {is_it} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'broken'; END IF"
            ),
            "DROP TRIGGER broken",
        ),
        _ => (
            format!(
                "CREATE TRIGGER broken BEFORE UPDATE ON products WHEN {is_it} \
                 BEGIN SELECT raise(ABORT, 'broken'); END"
            ),
            "DROP TRIGGER broken",
        ),
    };
    run(&db, &fail).await;
    let repair = products().filter_sql("name = 'x'").batch_size(100);
    let error = repair.run(&db).await.unwrap_err();
    assert_eq!(error.table(), Some("products"), "{error}");
    assert!(error.to_string().contains("broken"), "{error}");
    assert_eq!(number(&db, TOUCHED).await, 100, "the first batch stays");
    run(&db, mend).await;
    assert_eq!(repair.run(&db).await.unwrap().rows, 300, "again from the start");
    assert_eq!(number(&db, TOUCHED).await, 300);
}

/// Polls a future so many times at most, then drops it.
async fn polled<F: Future>(future: F, mut times: u32) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| match times.checked_sub(1) {
        None => Poll::Ready(None),
        Some(left) => {
            times = left;
            future.as_mut().poll(context).map(Some)
        }
    })
    .await
}

/// A pool that the next one does not depend on: MariaDB's driver can keep the connection of what was dropped halfway
/// (docs/consistency.md).
fn pool(db: &DatabaseConnection) -> DatabaseConnection {
    if db.get_database_backend() != DbBackend::MySql {
        return db.clone();
    }
    let options = db.get_mysql_connection_pool().connect_options();
    SqlxMySqlConnector::from_sqlx_mysql_pool(MySqlPoolOptions::new().connect_lazy_with((*options).clone()))
}

async fn may_be_dropped_at_any_point(db: DatabaseConnection) {
    shop::create(&db).await;
    many(&db).await;
    let repair = products().filter_sql("name = 'x'").batch_size(100);
    let mut left = Vec::new();
    for polls in (1..).step_by(3) {
        let ours = touchable::connect(pool(&db));
        let outcome = polled(repair.run(&ours), polls).await;
        left.push(number(&db, TOUCHED).await);
        if let Some(done) = outcome {
            assert!(done.unwrap().finished);
            break;
        }
    }
    assert!(
        left.iter().all(|rows| rows % 100 == 0),
        "whole batches only: {left:?}"
    );
    assert!(left.is_sorted() && left.last() == Some(&300), "{left:?}");
    assert!(left.len() > 3, "it was interrupted: {left:?}");
}

/// The first statement of a batch moves the rows out of the condition; what they lead to is found all the same.
async fn a_condition_on_what_it_moves_loses_nothing(db: DatabaseConnection) {
    shop::create(&db).await;
    let condition = format!("updated_at = {}", old(&db));
    let done = products()
        .filter_sql(&condition)
        .batch_size(1)
        .run(&db)
        .await
        .unwrap();
    assert_eq!((done.rows, done.batches), (3, 3));
    assert_eq!(moved(&db, "offers").await, ["1", "2", "3"]);
    assert_eq!(moved_in(&db, "offers", "priced_at").await, ["1", "2", "3"]);
}

async fn a_condition_is_taken_as_it_stands(db: DatabaseConnection) {
    shop::create(&db).await;
    let count = async |sql: &str| {
        products()
            .filter_sql("number = 1")
            .filter_sql(sql)
            .count(&db)
            .await
            .unwrap()
    };
    assert_eq!(count("name = 'Axe' OR name = 'Kite'").await, 1, "in parentheses");
    assert_eq!(
        count("name = 'Kite' -- of the series, 50 %").await,
        1,
        "a comment"
    );
    assert_eq!(count("name <> 'who? $1 {} \"'").await, 2, "marks in a text");
    let elsewhere = "supplier_id IN (SELECT id FROM suppliers WHERE city = 'Bonn')";
    assert_eq!(count(elsewhere).await, 1, "a subselect");
    let done = products()
        .filter_sql("name <> 'who? $1'")
        .filter_sql(elsewhere)
        .run(&db)
        .await;
    assert_eq!(done.unwrap().rows, 1);
}

async fn a_dry_run_writes_nothing(db: DatabaseConnection) {
    shop::create(&db).await;
    assert_eq!(products().filter_sql("price < 7").count(&db).await.unwrap(), 2);
    assert_eq!(products().count(&db).await.unwrap(), 3);
    assert!(moved(&db, "products").await.is_empty());
}

async fn names_are_checked(db: DatabaseConnection) {
    shop::create(&db).await;
    let error = Repair::table(&graph(), "prodcuts").unwrap_err();
    assert!(error.is_unknown_name());
    assert_eq!(
        error.to_string(),
        "unknown table `prodcuts`: did you mean `products`?"
    );
    let error = Repair::table(&graph(), "users").unwrap_err().to_string();
    assert_eq!(
        error,
        "unknown table `users`: expected one of `suppliers`, `products`, `categories`, `notes`, `offers`"
    );
    let error = products().columns(["prise"]).run(&db).await.unwrap_err();
    assert!(error.is_unknown_name());
    assert_eq!(
        error.to_string(),
        "unknown column of `products` `prise`: did you mean `price`?"
    );
    let error = products()
        .filter_sql(" \n")
        .run(&db)
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "the condition on the rows of `products` is blank; leave it out to mean every row"
    );
    assert!(moved(&db, "products").await.is_empty());
}

async fn what_the_database_refuses_names_the_table(db: DatabaseConnection) {
    shop::create(&db).await;
    for condition in ["nmae = 'Kite'", "name = ", "1 = 1) OR (1 = "] {
        let repair = products().filter_sql(condition);
        for error in [
            repair.run(&db).await.unwrap_err(),
            repair.count(&db).await.unwrap_err(),
        ] {
            assert_eq!(error.table(), Some("products"), "{error}");
        }
    }
    assert!(moved(&db, "products").await.is_empty());
}

async fn goes_wherever_a_write_goes(db: DatabaseConnection) {
    shop::create(&db).await;
    let ours = touchable::connect(db.clone()).strict();
    let tx = ours.begin().await.unwrap();
    assert_eq!(products().batch_size(2).run(&tx).await.unwrap().rows, 3);
    tx.rollback().await.unwrap();
    assert!(
        moved(&db, "products").await.is_empty(),
        "in a transaction it is part of it"
    );
    assert!(moved(&db, "offers").await.is_empty());
    assert_eq!(products().batch_size(2).run(&ours).await.unwrap().rows, 3);
    assert_eq!(moved(&db, "offers").await, ["1", "2", "3"]);
}

async fn nobody_is_touched_in_a_scope_that_says_so(db: DatabaseConnection) {
    shop::create(&db).await;
    let done = no_touching(products().run(&db)).await.unwrap();
    assert!(done.finished);
    for table in ["products", "offers", "categories"] {
        assert!(moved(&db, table).await.is_empty(), "{table}");
    }
}
