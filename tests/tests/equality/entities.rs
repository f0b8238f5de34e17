//! A sample has a column of each type that its database knows, all of them watched by the show that it belongs to.

use sea_orm::{ConnectionTrait, EntityTrait, Schema, sea_query::MysqlQueryBuilder};
use touchable_tests::{Backend, World};

/// A type of the database's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sea_orm::EnumIter, sea_orm::DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "mood")]
pub enum Mood {
    #[sea_orm(string_value = "glad")]
    Glad,
    #[sea_orm(string_value = "sad")]
    Sad,
}

pub mod show {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(table_name = "shows")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub updated_at: DateTimeUtc,
    }
}

/// An entity with the columns that all databases know, and those of one of them.
macro_rules! samples {
    ($($module:ident { $($(#[$meta:meta])* $column:ident: $type:ty,)+ })+) => {$(
        pub mod $module {
            use sea_orm::entity::prelude::*;
            use touchable::Touchable;

            use super::Mood;

            #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Touchable)]
            #[sea_orm(table_name = "samples")]
            #[touch(Show, on_fields = [
                char, string, text, folded, blob, binary, var_binary, small_integer, integer, big_integer, boolean,
                float, double, decimal, scaled, date_time, timestamp_with_time_zone, time, date, uuid,
                enumeration, $($column),+
            ])]
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub id: i32,
                #[sea_orm(column_type = "Char(Some(8))")]
                pub char: Option<String>,
                #[sea_orm(column_type = "String(StringLen::N(20))")]
                pub string: Option<String>,
                #[sea_orm(column_type = "Text")]
                pub text: Option<String>,
                #[sea_orm(column_type = "Text")]
                pub folded: Option<String>,
                #[sea_orm(column_type = "Blob")]
                pub blob: Option<Vec<u8>>,
                #[sea_orm(column_type = "Binary(8)")]
                pub binary: Option<Vec<u8>>,
                #[sea_orm(column_type = "VarBinary(StringLen::N(8))")]
                pub var_binary: Option<Vec<u8>>,
                pub small_integer: Option<i16>,
                pub integer: Option<i32>,
                pub big_integer: Option<i64>,
                pub boolean: Option<bool>,
                #[sea_orm(column_type = "Float")]
                pub float: Option<f32>,
                #[sea_orm(column_type = "Double")]
                pub double: Option<f64>,
                #[sea_orm(column_type = "Decimal(None)")]
                pub decimal: Option<Decimal>,
                #[sea_orm(column_type = "Decimal(Some((10, 2)))")]
                pub scaled: Option<Decimal>,
                pub date_time: Option<DateTime>,
                pub timestamp_with_time_zone: Option<DateTimeWithTimeZone>,
                pub time: Option<Time>,
                pub date: Option<Date>,
                pub uuid: Option<Uuid>,
                pub enumeration: Option<Mood>,
                $($(#[$meta])* pub $column: Option<$type>,)+
                pub show_id: i32,
                pub updated_at: DateTimeUtc,
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {
                #[sea_orm(
                    belongs_to = "super::show::Entity",
                    from = "Column::ShowId",
                    to = "super::show::Column::Id"
                )]
                Show,
            }
        }
    )+};
}

samples! {
    sqlite {
        #[sea_orm(column_type = "Timestamp")]
        timestamp: DateTime,
        tiny_integer: i8,
        tiny_unsigned: u8,
        small_unsigned: u16,
        unsigned: u32,
        #[sea_orm(column_type = "BigUnsigned")]
        big_unsigned: i64,
        #[sea_orm(column_type = "Money(Some((10, 2)))")]
        money: Decimal,
        #[sea_orm(column_type = "Json")]
        json: String,
        #[sea_orm(column_type = "JsonBinary")]
        json_binary: String,
        #[sea_orm(column_type = "custom(\"text\")")]
        custom: String,
    }
    postgres {
        #[sea_orm(column_type = "Timestamp")]
        timestamp: DateTime,
        #[sea_orm(column_type = "TinyInteger")]
        tiny_integer: i16,
        #[sea_orm(column_type = "TinyUnsigned")]
        tiny_unsigned: i16,
        #[sea_orm(column_type = "SmallUnsigned")]
        small_unsigned: i32,
        #[sea_orm(column_type = "Unsigned")]
        unsigned: i64,
        #[sea_orm(column_type = "BigUnsigned")]
        big_unsigned: i64,
        #[sea_orm(column_type = "Money(None)", select_as = "numeric", save_as = "money")]
        money: Decimal,
        #[sea_orm(column_type = "Json", select_as = "text", save_as = "json")]
        json: String,
        #[sea_orm(column_type = "JsonBinary", select_as = "text", save_as = "jsonb")]
        json_binary: String,
        #[sea_orm(column_type = "custom(\"citext\")")]
        custom: String,
        coarse: DateTime,
        #[sea_orm(column_type = "Interval(None, None)", select_as = "text", save_as = "interval")]
        interval: String,
        #[sea_orm(column_type = "Bit(Some(4))", select_as = "text", save_as = "bit(4)")]
        bit: String,
        #[sea_orm(column_type = "VarBit(8)", select_as = "text", save_as = "varbit(8)")]
        var_bit: String,
        array: Vec<Decimal>,
        array_of_text: Vec<String>,
        array_of_json: Vec<Json>,
        #[sea_orm(column_type = "Cidr", select_as = "text", save_as = "cidr")]
        cidr: String,
        #[sea_orm(column_type = "Inet", select_as = "text", save_as = "inet")]
        inet: String,
        #[sea_orm(column_type = "MacAddr", select_as = "text", save_as = "macaddr")]
        mac_addr: String,
        #[sea_orm(column_type = "LTree", select_as = "text", save_as = "ltree")]
        l_tree: String,
    }
    mariadb {
        #[sea_orm(column_type = "Timestamp")]
        timestamp: DateTimeUtc,
        tiny_integer: i8,
        tiny_unsigned: u8,
        small_unsigned: u16,
        unsigned: u32,
        big_unsigned: u64,
        #[sea_orm(column_type = "Money(Some((10, 2)))")]
        money: Decimal,
        // MySQL has a type for it, which is not read as text.
        #[sea_orm(column_type = "Json", select_as = "char")]
        json: String,
        #[sea_orm(column_type = "JsonBinary", select_as = "char")]
        json_binary: String,
        #[sea_orm(column_type = "custom(\"varchar(20)\")")]
        custom: String,
        coarse: DateTime,
        #[sea_orm(column_type = "Float")]
        narrow: f64,
        #[sea_orm(column_type = "Year")]
        year: u16,
        #[sea_orm(column_type = "Bit(Some(4))")]
        bit: u64,
        #[sea_orm(column_type = "VarBit(8)")]
        var_bit: u64,
    }
}

/// Creates both tables: as SeaORM does it, with microseconds, and with text in which case does not count.
pub async fn create<E: EntityTrait>(world: &World) {
    let db = &world.db;
    let (before, after): (&[&str], &[&str]) = match world.backend {
        Backend::Sqlite => (&[], &[]),
        Backend::Postgres => (
            &[
                "CREATE TYPE mood AS ENUM ('glad', 'sad')",
                "CREATE EXTENSION citext",
                "CREATE EXTENSION ltree",
                "CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
            ],
            &[
                "ALTER TABLE samples ALTER folded TYPE text COLLATE folded",
                "ALTER TABLE samples ALTER coarse TYPE timestamp(0)",
            ],
        ),
        Backend::MariaDb => (
            &[],
            &[
                "ALTER TABLE samples MODIFY folded text CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
                "ALTER TABLE samples MODIFY coarse datetime(0)",
            ],
        ),
    };
    let tables = [table::<show::Entity>(world), table::<E>(world)];
    let before = before.iter().map(|sql| (*sql).to_owned());
    let after = after.iter().map(|sql| (*sql).to_owned());
    for sql in before.chain(tables).chain(after) {
        db.execute_unprepared(&sql)
            .await
            .unwrap_or_else(|e| panic!("{e}: {sql}"));
    }
}

fn table<E: EntityTrait>(world: &World) -> String {
    let backend = world.dialect();
    let statement = Schema::new(backend).create_table_from_entity(E::default());
    match world.backend {
        Backend::MariaDb => statement
            .to_string(MysqlQueryBuilder)
            .replace("` timestamp", "` timestamp(6)")
            .replace("` datetime", "` datetime(6)")
            .replace("` time ", "` time(6) ")
            .replace("` time,", "` time(6),"),
        Backend::Sqlite => backend
            .build(&statement)
            .to_string()
            .replace("\"folded\" text", "\"folded\" text COLLATE NOCASE"),
        Backend::Postgres => backend.build(&statement).to_string(),
    }
}
