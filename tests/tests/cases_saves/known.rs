//! What fails today.

use touchable_tests::FailingCase;

const POSTGRES: &[&str] = &["postgres"];
const MARIADB: &[&str] = &["mariadb"];

/// In the order of the kinds of fault.
pub const FAILING: &[FailingCase] = &[
    // Two touches that both hold a shared lock of the event, and both want it for themselves: retrying mostly helps.
    FailingCase {
        luck: true,
        ..fails(
            "k02_unchanged_saves_at_once_succeed",
            MARIADB,
            "1213 (40001): Deadlock found",
        )
    },
    // A column that is `citext` in the database and text in the entity: its keys are compared as text.
    fails(
        "k07_a_child_in_another_case",
        POSTGRES,
        r#"TouchConnection: {"taggings 1"}; TouchTransaction: {"taggings 1"}"#,
    ),
    fails(
        "k07_a_parent_in_another_case",
        POSTGRES,
        r#"TouchConnection: {"tags Rust"}; TouchTransaction: {"tags Rust"}"#,
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
