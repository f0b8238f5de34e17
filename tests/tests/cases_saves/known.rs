//! What fails today.

use touchable_tests::FailingCase;

const EVERYWHERE: &[&str] = &["sqlite", "postgres", "mariadb"];
const SERVERS: &[&str] = &["postgres", "mariadb"];
const SQLITE_AND_MARIADB: &[&str] = &["sqlite", "mariadb"];
const SQLITE: &[&str] = &["sqlite"];
const POSTGRES: &[&str] = &["postgres"];
const MARIADB: &[&str] = &["mariadb"];

/// In the order of the kinds of fault.
pub const FAILING: &[FailingCase] = &[
    fails(
        "k02_a_refused_insert_before_one_with_its_stamp",
        EVERYWHERE,
        "one new event touched its venue 2 times",
    ),
    fails(
        "k02_a_refused_save_before_one_with_its_stamp_at_level_3",
        SQLITE_AND_MARIADB,
        r#"should have moved: []; should have stayed: ["events 1"]"#,
    ),
    fails(
        "k02_a_refused_save_before_one_with_its_stamp_at_level_3",
        POSTGRES,
        r#"left: "a""#,
    ),
    fails(
        "k02_a_refused_save_before_one_with_its_stamp_at_level_4",
        EVERYWHERE,
        r#"should have moved: []; should have stayed: ["events 1"]"#,
    ),
    fails(
        "k02_a_save_with_nanoseconds_is_atomic_with_its_touches",
        EVERYWHERE,
        r#"should have moved: []; should have stayed: ["tasks 1"]"#,
    ),
    fails(
        "k02_an_assertion_blames_no_other_database",
        SQLITE,
        "their entities were not known to the process before",
    ),
    fails(
        "k02_an_assertion_reads_its_own_tables",
        SQLITE,
        r#"the rows cannot be read: Query Error: error occurred while decoding column "name""#,
    ),
    fails(
        "k02_an_import_by_eight_tasks",
        SERVERS,
        "a save returned `Ok` and was not stored",
    ),
    fails(
        "k02_an_insert_with_nanoseconds_on_a_strict_connection",
        EVERYWHERE,
        "a write goes around the touch rules of `tasks` (event)",
    ),
    fails(
        "k02_an_unchanged_save_beside_one_in_another_database",
        SQLITE,
        r#"should have moved: []; should have stayed: ["events 1"]"#,
    ),
    fails(
        "k02_nanoseconds_on_a_strict_connection",
        EVERYWHERE,
        "a write goes around the touch rules of `tasks` (event)",
    ),
    fails(
        "k02_nanoseconds_without_returning",
        EVERYWHERE,
        r#"should have moved: ["events 1"]; should have stayed: []"#,
    ),
    fails(
        "k02_one_stamp_in_two_databases",
        SQLITE,
        r#"should have moved: []; should have stayed: ["tasks 1"]"#,
    ),
    fails(
        "k02_two_saves_with_one_stamp_at_once",
        POSTGRES,
        r#"left: ("a", "a")"#,
    ),
    fails(
        "k02_unchanged_saves_at_once_at_level_3",
        EVERYWHERE,
        r#"should have moved: []; should have stayed: ["events 1"]"#,
    ),
    // Two touches that both hold a shared lock of the event, and both want it for themselves: retrying mostly helps.
    FailingCase {
        luck: true,
        ..fails(
            "k02_unchanged_saves_at_once_succeed",
            MARIADB,
            "1213 (40001): Deadlock found",
        )
    },
    fails(
        "k03_a_child_inserted_before_the_row_is_locked",
        POSTGRES,
        "the task that was inserted meanwhile has kept its stamp",
    ),
    fails(
        "k03_a_child_inserted_between_touch_and_commit",
        POSTGRES,
        "the track was shown with the old title and has kept its stamp",
    ),
    fails(
        "k03_a_grandparent_that_changes_meanwhile",
        POSTGRES,
        "venue 2 was touched 1 time",
    ),
    fails(
        "k04_a_foreign_key_under_a_condition",
        EVERYWHERE,
        r#"TouchConnection: {"pins 1", "posts 1"}"#,
    ),
    fails(
        "k04_a_foreign_key_under_a_condition_in_bulk",
        EVERYWHERE,
        r#"should have moved: ["posts 2"]; should have stayed: []"#,
    ),
    fails(
        "k04_a_polymorphic_key",
        EVERYWHERE,
        r#"Connection: {"photos 1", "posts 1", "posts 2", "remarks 1"}; Transaction: {"photos 1", "posts 1", "posts 2", "remarks 1"}; TouchConnection: {"posts 1", "remarks 1"}; TouchTransaction: {"photos 1", "posts 1", "posts 2", "remarks 1"}"#,
    ),
    fails(
        "k04_a_polymorphic_key_in_bulk",
        EVERYWHERE,
        r#"should have moved: ["posts 2"]; should have stayed: []"#,
    ),
    fails(
        "k04_a_type_column",
        EVERYWHERE,
        r#"Connection: {"photos 1", "remarks 1"}; Transaction: {"photos 1", "remarks 1"}; TouchConnection: {"posts 1", "remarks 1"}; TouchTransaction: {"photos 1", "remarks 1"}"#,
    ),
    fails(
        "k04_a_type_column_in_bulk",
        EVERYWHERE,
        r#"should have moved: ["photos 1"]; should have stayed: []"#,
    ),
    fails(
        "k05_a_save_dropped_at_level_2",
        EVERYWHERE,
        "the event was renamed: true; its task was touched: false",
    ),
    fails(
        "k06_a_float_again",
        MARIADB,
        r#"TouchConnection: {"meters 1", "readings 1"}"#,
    ),
    fails(
        "k06_an_unwatched_column_again_at_level_3",
        EVERYWHERE,
        r#"should have moved: []; should have stayed: ["events 1"]"#,
    ),
    fails(
        "k06_another_offset_again",
        SERVERS,
        r#"Connection: {"meters 1", "readings 1"}; Transaction: {"meters 1", "readings 1"}; TouchTransaction: {"meters 1", "readings 1"}"#,
    ),
    fails(
        "k06_fewer_decimals_again",
        MARIADB,
        r#"Connection: {"meters 1", "readings 1"}; Transaction: {"meters 1", "readings 1"}; TouchConnection: {"meters 1", "readings 1"}; TouchTransaction: {"meters 1", "readings 1"}"#,
    ),
    fails(
        "k06_fewer_decimals_again",
        POSTGRES,
        r#"Connection: {"meters 1", "readings 1"}; Transaction: {"meters 1", "readings 1"}; TouchConnection: {"readings 1"}; TouchTransaction: {"meters 1", "readings 1"}"#,
    ),
    fails(
        "k06_json_again",
        SQLITE_AND_MARIADB,
        r#"TouchConnection: {"meters 1", "readings 1"}"#,
    ),
    fails(
        "k06_keys_in_another_order",
        POSTGRES,
        r#"Connection: {"meters 1", "readings 1"}; Transaction: {"meters 1", "readings 1"}; TouchTransaction: {"meters 1", "readings 1"}"#,
    ),
    fails(
        "k06_nanoseconds_again",
        SERVERS,
        r#"Connection: {"meters 1", "readings 1"}; Transaction: {"meters 1", "readings 1"}; TouchTransaction: {"meters 1", "readings 1"}"#,
    ),
    fails("k06_one_and_one_point_zero", POSTGRES, "TouchConnection: {}"),
    fails(
        "k06_one_and_one_point_zero_in_bulk",
        POSTGRES,
        r#"should have moved: ["meters 1", "readings 1"]; should have stayed: ["readings 1.value"]"#,
    ),
    fails("k06_thirty_days_and_one_month", POSTGRES, "TouchConnection: {}"),
    fails(
        "k06_thirty_days_and_one_month_in_bulk",
        POSTGRES,
        r#"should have moved: ["meters 1", "readings 1"]; should have stayed: ["readings 1.value"]"#,
    ),
    fails(
        "k07_a_child_in_another_case",
        POSTGRES,
        r#"Connection: {"taggings 1"}; Transaction: {"taggings 1"}; TouchTransaction: {"taggings 1"}"#,
    ),
    fails(
        "k07_a_child_of_an_enum",
        POSTGRES,
        "operator does not exist: kind = text",
    ),
    fails(
        "k07_a_deleted_child_of_an_enum",
        POSTGRES,
        "operator does not exist: kind = text",
    ),
    fails(
        "k07_a_new_child_of_an_enum",
        POSTGRES,
        "operator does not exist: kind = text",
    ),
    fails(
        "k07_a_parent_in_another_case",
        POSTGRES,
        r#"Connection: {"tags Rust"}; Transaction: {"tags Rust"}; TouchTransaction: {"tags Rust"}"#,
    ),
    fails(
        "k07_a_parent_with_an_enum",
        POSTGRES,
        "operator does not exist: kind = text",
    ),
    fails(
        "k07_a_re_parented_child_of_an_enum",
        POSTGRES,
        "operator does not exist: kind = text",
    ),
    fails(
        "k07_an_enum_explained",
        POSTGRES,
        "operator does not exist: kind = text",
    ),
    fails(
        "k07_enums_in_bulk",
        POSTGRES,
        "operator does not exist: kind = text",
    ),
    // Now the write is lost, now the connection: that depends on which wait meets the BEGIN.
    FailingCase {
        case: "n02_a_write_after_one_that_was_dropped",
        places: &["postgres", "mariadb"],
        says: "",
        luck: true,
    },
];

/// A case that fails each time it is run.
const fn fails(case: &'static str, places: &'static [&'static str], says: &'static str) -> FailingCase {
    FailingCase {
        case,
        places,
        says,
        luck: false,
    }
}
