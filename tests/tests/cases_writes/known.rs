//! What fails today.

use touchable_tests::FailingCase;

const EVERYWHERE: &[&str] = &["sqlite", "postgres", "mariadb"];
const MARIADB: &[&str] = &["mariadb"];

const LINK_STAYS: &str = r#"should have moved: ["links 1"]; should have stayed: []"#;
const NO_PRIMARY_KEY: &str = "Key 'PRIMARY' doesn't exist in table 'tasks'";

const fn fails(case: &'static str, places: &'static [&'static str], says: &'static str) -> FailingCase {
    FailingCase {
        case,
        places,
        says,
        luck: false,
    }
}

/// In the order of the kinds of fault.
pub const FAILING: &[FailingCase] = &[
    fails(
        "k14_a_column_set_after_the_hook_at_level_1",
        EVERYWHERE,
        LINK_STAYS,
    ),
    fails(
        "k14_a_column_set_after_the_hook_at_level_2",
        EVERYWHERE,
        LINK_STAYS,
    ),
    fails(
        "k14_a_unique_key_instead_of_a_primary_one_at_level_2",
        MARIADB,
        NO_PRIMARY_KEY,
    ),
    fails(
        "k14_a_unique_key_instead_of_a_primary_one_at_level_4",
        MARIADB,
        NO_PRIMARY_KEY,
    ),
];
