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
    level::{Level, on_level, on_levels},
};

/// A case that stores a value and sets the other one at a level; the rows move that are named.
macro_rules! stored_and_set {
    ($body:ident, $module:ident: $stored:expr, $set:expr, $moved:expr) => {
        async fn $body(world: &World, level: Level) {
            readings::populate(world).await;
            world.seed([$module::row($stored)]).await;
            let mut reading = world.active::<$module::Entity>(1).await;
            reading.value = Set($set);
            let moved: &[&str] = $moved;
            world
                .expect_moved(moved, async {
                    on_level!(level, world, |db| reading.update(db)).unwrap();
                })
                .await;
        }
    };
    ($body:ident, $module:ident: $again:expr) => {
        stored_and_set!($body, $module: $again, $again, &[]);
    };
}

/// Cases of such a value on every level, for these backends.
macro_rules! on_all_levels {
    ($($body:ident, $module:ident: $one:ident $two:ident $three:ident $four:ident on $($backend:ident)+;)+) => {$(
        on_levels! {
            $one = $body at Connection,
            $two = $body at Transaction,
            $three = $body at TouchConnection,
            $four = $body at TouchTransaction,
        }
        cases!(readings::tables::<$module::Entity>(), 2:
            $one on $($backend)+,
            $two on $($backend)+,
            $three on $($backend)+,
            $four on $($backend)+,
        );
    )+};
}

stored_and_set!(nanoseconds, moment: at(7) + std::time::Duration::from_nanos(123));
stored_and_set!(two_hours_east, offset: two_hours_east_of_utc());
stored_and_set!(fewer_decimals, price: sea_orm::prelude::Decimal::new(15, 1));
stored_and_set!(float, ratio: 0.1);
stored_and_set!(own_json, json: json!({"a": 1, "list": [1.5, "b", null]}));
stored_and_set!(own_jsonb, document: json!({"a": 1, "list": [1.5, "b", null]}));
stored_and_set!(keys_in_another_order, text_document:
    r#"{"a": 1, "b": 2}"#.to_owned(), r#"{"b": 2, "a": 1}"#.to_owned(), &[]);
// `1` and `1.0` are equal to PostgreSQL, and so are these periods; they are stored, and shown, differently.
stored_and_set!(more_decimals, document: json!(1), json!(1.0), &["readings 1", "meters 1"]);
stored_and_set!(another_period, period:
    "30 days".to_owned(), "1 mon".to_owned(), &["readings 1", "meters 1"]);

fn two_hours_east_of_utc() -> time::OffsetDateTime {
    let offset = time::UtcOffset::from_hms(2, 0, 0).unwrap();
    time::OffsetDateTime::from_unix_timestamp(1_700_000_000)
        .unwrap()
        .to_offset(offset)
}

on_all_levels! {
    nanoseconds, moment:
        k06_nanoseconds_again_at_level_1 k06_nanoseconds_again_at_level_2
        k06_nanoseconds_again_at_level_3 k06_nanoseconds_again_at_level_4
        on sqlite postgres mariadb;
    two_hours_east, offset:
        k06_another_offset_again_at_level_1 k06_another_offset_again_at_level_2
        k06_another_offset_again_at_level_3 k06_another_offset_again_at_level_4
        on sqlite postgres mariadb;
    fewer_decimals, price:
        k06_fewer_decimals_again_at_level_1 k06_fewer_decimals_again_at_level_2
        k06_fewer_decimals_again_at_level_3 k06_fewer_decimals_again_at_level_4
        on postgres mariadb;
    float, ratio:
        k06_a_float_again_at_level_1 k06_a_float_again_at_level_2
        k06_a_float_again_at_level_3 k06_a_float_again_at_level_4
        on sqlite postgres mariadb;
    own_json, json:
        k06_json_again_at_level_1 k06_json_again_at_level_2
        k06_json_again_at_level_3 k06_json_again_at_level_4
        on sqlite postgres mariadb;
    own_jsonb, document:
        k06_jsonb_again_at_level_1 k06_jsonb_again_at_level_2
        k06_jsonb_again_at_level_3 k06_jsonb_again_at_level_4
        on sqlite postgres mariadb;
    keys_in_another_order, text_document:
        k06_keys_in_another_order_at_level_1 k06_keys_in_another_order_at_level_2
        k06_keys_in_another_order_at_level_3 k06_keys_in_another_order_at_level_4
        on postgres;
    more_decimals, document:
        k06_one_and_one_point_zero_at_level_1 k06_one_and_one_point_zero_at_level_2
        k06_one_and_one_point_zero_at_level_3 k06_one_and_one_point_zero_at_level_4
        on postgres;
    another_period, period:
        k06_thirty_days_and_one_month_at_level_1 k06_thirty_days_and_one_month_at_level_2
        k06_thirty_days_and_one_month_at_level_3 k06_thirty_days_and_one_month_at_level_4
        on postgres;
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
