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
    // The touches of a save in a plain transaction are sent before its statement: one that is refused has touched.
    fails(
        "k02_a_refused_save_before_one_with_its_stamp_at_level_2",
        EVERYWHERE,
        r#"should have moved: []; should have stayed: ["events 1"]"#,
    ),
    fails(
        "k02_an_assertion_blames_no_other_database",
        SQLITE,
        "their entities were not known to the process before",
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
        "k06_a_float_again",
        MARIADB,
        r#"TouchConnection: {"meters 1", "readings 1"}"#,
    ),
    fails(
        "k06_another_offset_again",
        SERVERS,
        r#"Connection: {"meters 1", "readings 1"}; Transaction: {"meters 1", "readings 1"}; TouchTransaction: {"meters 1"}"#,
    ),
    fails(
        "k06_fewer_decimals_again",
        MARIADB,
        r#"Connection: {"meters 1", "readings 1"}; Transaction: {"meters 1", "readings 1"}; TouchConnection: {"meters 1", "readings 1"}; TouchTransaction: {"meters 1", "readings 1"}"#,
    ),
    fails(
        "k06_fewer_decimals_again",
        POSTGRES,
        r#"Connection: {"meters 1", "readings 1"}; Transaction: {"meters 1", "readings 1"}; TouchConnection: {"meters 1", "readings 1"}; TouchTransaction: {"meters 1", "readings 1"}"#,
    ),
    fails(
        "k06_json_again",
        SQLITE_AND_MARIADB,
        r#"TouchConnection: {"meters 1", "readings 1"}"#,
    ),
    fails(
        "k06_keys_in_another_order",
        POSTGRES,
        r#"Connection: {"meters 1", "readings 1"}; Transaction: {"meters 1", "readings 1"}; TouchTransaction: {"meters 1"}"#,
    ),
    fails(
        "k06_nanoseconds_again",
        SERVERS,
        r#"Connection: {"meters 1", "readings 1"}; Transaction: {"meters 1", "readings 1"}; TouchTransaction: {"meters 1"}"#,
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
    // No write is lost any more, but the driver now and then keeps the connection.
    FailingCase {
        case: "n02_a_write_after_one_that_was_dropped",
        places: MARIADB,
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
