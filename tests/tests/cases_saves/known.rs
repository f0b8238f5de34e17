//! What fails today.

use touchable_tests::FailingCase;

const POSTGRES: &[&str] = &["postgres"];
const MARIADB: &[&str] = &["mariadb"];

/// In the order of the kinds of fault.
pub const FAILING: &[FailingCase] = &[
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
    // The driver (sqlx 0.9) takes an answer of `PREPARE` that nobody waits for any more for one of the queued `ROLLBACK`, and
    // waits for ever; with plain SeaORM as with ours.
    fails(
        "n02_a_write_after_one_that_was_dropped",
        MARIADB,
        "the connection is gone",
    ),
    fails("n02_control_by_hand", MARIADB, "the connection is gone"),
];

/// A case that fails each time it is run.
const fn fails(case: &'static str, places: &'static [&'static str], says: &'static str) -> FailingCase {
    FailingCase { case, places, says }
}
