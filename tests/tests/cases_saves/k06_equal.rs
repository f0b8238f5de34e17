//! K6: equal is what the database would store as it is stored, on all levels and in bulk.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, Set,
    sea_query::{Expr, ExprTrait},
};
use serde_json::json;
use touchable::TouchMany;
use touchable_tests::{World, at, cases, entities::society};

use crate::{
    entities::readings::{self, document, json, moment, offset, period, price, ratio, text_document},
    level::{expect_on_every_level, on_level},
};

/// A case that stores a value and sets the other one, on every level; the rows move that are named.
macro_rules! stored_and_set {
    ($($case:ident of $module:ident on $($backend:ident)+: $stored:expr, $set:expr, $moved:expr;)+) => {$(
        async fn $case(world: &World) {
            let seed = async || {
                readings::populate(world).await;
                world.seed([$module::row($stored)]).await;
            };
            let save = async |level| {
                let mut reading = world.active::<$module::Entity>(1).await;
                reading.value = Set($set);
                on_level!(level, world, |db| reading.update(db)).map(drop)
            };
            expect_on_every_level(world, &["readings", "meters"], &$moved, seed, save).await;
        }
        cases!(readings::tables::<$module::Entity>(), 2: $case on $($backend)+);
    )+};
}

fn nanoseconds() -> sea_orm::prelude::DateTimeUtc {
    at(7) + std::time::Duration::from_nanos(123)
}

fn two_hours_east_of_utc() -> time::OffsetDateTime {
    let offset = time::UtcOffset::from_hms(2, 0, 0).unwrap();
    time::OffsetDateTime::from_unix_timestamp(1_700_000_000)
        .unwrap()
        .to_offset(offset)
}

fn one_and_a_half() -> sea_orm::prelude::Decimal {
    sea_orm::prelude::Decimal::new(15, 1)
}

fn list() -> serde_json::Value {
    json!({"a": 1, "list": [1.5, "b", null]})
}

stored_and_set! {
    k06_nanoseconds_again of moment on sqlite postgres mariadb: nanoseconds(), nanoseconds(), [];
    k06_another_offset_again of offset on sqlite postgres mariadb:
        two_hours_east_of_utc(), two_hours_east_of_utc(), [];
    k06_fewer_decimals_again of price on postgres mariadb: one_and_a_half(), one_and_a_half(), [];
    k06_a_float_again of ratio on sqlite postgres mariadb: 0.1, 0.1, [];
    k06_json_again of json on sqlite postgres mariadb: list(), list(), [];
    k06_jsonb_again of document on sqlite postgres mariadb: list(), list(), [];
    k06_keys_in_another_order of text_document on postgres:
        r#"{"a": 1, "b": 2}"#.to_owned(), r#"{"b": 2, "a": 1}"#.to_owned(), [];
    // PostgreSQL calls these equal. They are stored, and shown, differently.
    k06_one_and_one_point_zero of document on postgres: json!(1), json!(1.0), ["readings 1", "meters 1"];
    k06_thirty_days_and_one_month of period on postgres:
        "30 days".to_owned(), "1 mon".to_owned(), ["readings 1", "meters 1"];
}

async fn k06_one_and_one_point_zero_in_bulk(world: &World) {
    readings::populate(world).await;
    world.seed([document::row(json!(1))]).await;
    let update = document::Entity::update_many()
        .col_expr(document::Column::Value, Expr::value(json!(1.0)))
        .filter(document::Column::Id.eq(1))
        .touching();
    world
        .expect_moved(&["readings 1", "meters 1"], update.exec(&world.db))
        .await
        .unwrap();
}

async fn k06_thirty_days_and_one_month_in_bulk(world: &World) {
    readings::populate(world).await;
    world.seed([period::row("30 days".to_owned())]).await;
    let update = period::Entity::update_many()
        .col_expr(period::Column::Value, Expr::value("1 mon").cast_as("interval"))
        .filter(period::Column::Id.eq(1))
        .touching();
    world
        .expect_moved(&["readings 1", "meters 1"], update.exec(&world.db))
        .await
        .unwrap();
}

cases!(readings::tables::<document::Entity>(), 2: k06_one_and_one_point_zero_in_bulk on postgres);
cases!(readings::tables::<period::Entity>(), 2: k06_thirty_days_and_one_month_in_bulk on postgres);

/// No rule watches the column, and the row stays as it is.
async fn k06_an_unwatched_column_again_at_level_3(world: &World) {
    world.seed([society::event(1)]).await;
    let db = touchable::connect(world.db.clone());
    let mut event = world.active::<society::event::Entity>(1).await;
    event.location = Set("a".to_owned());
    world.expect_moved(&[], event.update(&db)).await.unwrap();
}

cases!(society::tables(), 2: k06_an_unwatched_column_again_at_level_3 on sqlite postgres mariadb);
