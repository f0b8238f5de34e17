//! What fails today.

use touchable_tests::FailingCase;

const EVERYWHERE: &[&str] = &["sqlite", "postgres", "mariadb"];
const SERVERS: &[&str] = &["postgres", "mariadb"];
const SQLITE: &[&str] = &["sqlite"];
const POSTGRES: &[&str] = &["postgres"];
const MARIADB: &[&str] = &["mariadb"];

const BOTH_ENDS_MOVE: &str = r#"should have moved: []; should have stayed: ["posts 2", "tags 1"]"#;
const RECURSION_LIMIT: &str =
    "1931 (HY000): Query execution was interrupted. The query exceeded max_recursive_iterations";
const FIRST_THOUSAND: &str = "moved nodes of a chain of 1,500\n  left: 1002\n";
const LOCKED: &str = "database is locked";
const BULK_DEADLOCK: &str = "the bulk update failed: could not touch `tasks` (rules: events -> tasks): Execution Error: error returned from database: deadlock detected";
const CUSTOM_ERROR: &str = "Custom(\"could not touch `events`";
const GERMAN: &str = "Verklemmung entdeckt";
const LINK_STAYS: &str = r#"should have moved: ["links 1"]; should have stayed: []"#;
const TEASER_STAYS: &str = r#"should have moved: ["teasers 1"]; should have stayed: []"#;
const NO_PRIMARY_KEY: &str = "Key 'PRIMARY' doesn't exist in table 'tasks'";
const COARSE: &str = "the touch column `events.updated_at` does not keep microseconds";

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
    fails("k08_links_that_are_there_at_level_1", MARIADB, BOTH_ENDS_MOVE),
    fails("k08_links_that_are_there_at_level_2", MARIADB, BOTH_ENDS_MOVE),
    fails("k08_links_that_are_there_at_level_3", EVERYWHERE, BOTH_ENDS_MOVE),
    fails("k08_links_that_are_there_at_level_4", EVERYWHERE, BOTH_ENDS_MOVE),
    fails(
        "k09_many_inserts_with_four_rules",
        SQLITE,
        "(code: 1) too many SQL variables",
    ),
    fails("k09_a_long_chain_at_level_1", MARIADB, RECURSION_LIMIT),
    fails("k09_a_long_chain_at_level_2", MARIADB, RECURSION_LIMIT),
    fails("k09_a_long_chain_at_level_3", MARIADB, RECURSION_LIMIT),
    fails("k09_a_long_chain_at_level_4", MARIADB, RECURSION_LIMIT),
    fails(
        "k09_a_long_chain_in_a_lenient_session_at_level_1",
        MARIADB,
        FIRST_THOUSAND,
    ),
    fails(
        "k09_a_long_chain_in_a_lenient_session_at_level_2",
        MARIADB,
        FIRST_THOUSAND,
    ),
    fails(
        "k09_a_long_chain_in_a_lenient_session_at_level_3",
        MARIADB,
        FIRST_THOUSAND,
    ),
    fails(
        "k09_a_long_chain_in_a_lenient_session_at_level_4",
        MARIADB,
        FIRST_THOUSAND,
    ),
    fails("k10_transactions_of_one_save_at_level_2", SQLITE, LOCKED),
    fails("k10_transactions_of_one_save_at_level_4", SQLITE, LOCKED),
    fails(
        "k11_update_many_beside_a_save_at_level_1",
        POSTGRES,
        BULK_DEADLOCK,
    ),
    fails(
        "k11_update_many_beside_a_save_at_level_3",
        POSTGRES,
        BULK_DEADLOCK,
    ),
    fails(
        "k11_inserts_in_a_circle",
        MARIADB,
        "1213 (40001): Deadlock found when trying to get lock",
    ),
    fails(
        "k11_a_deadlock_in_a_touch_keeps_its_code_at_level_1",
        SERVERS,
        CUSTOM_ERROR,
    ),
    fails(
        "k11_a_deadlock_in_a_touch_keeps_its_code_at_level_2",
        SERVERS,
        CUSTOM_ERROR,
    ),
    fails(
        "k11_a_deadlock_in_a_touch_keeps_its_code_at_level_3",
        MARIADB,
        CUSTOM_ERROR,
    ),
    fails(
        "k11_a_deadlock_in_a_touch_keeps_its_code_at_level_4",
        SERVERS,
        CUSTOM_ERROR,
    ),
    fails(
        "k11_a_deadlock_in_german_is_tried_again_at_level_1",
        POSTGRES,
        GERMAN,
    ),
    fails(
        "k11_a_deadlock_in_german_is_tried_again_at_level_3",
        POSTGRES,
        GERMAN,
    ),
    fails(
        "k11_a_deadlock_of_a_bulk_write_is_tried_again",
        SERVERS,
        "deadlock detected",
    ),
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
        "k14_a_column_set_after_the_hook_at_level_3",
        EVERYWHERE,
        LINK_STAYS,
    ),
    fails(
        "k14_a_column_set_after_the_hook_at_level_4",
        EVERYWHERE,
        LINK_STAYS,
    ),
    fails(
        "k14_a_watched_generated_column_at_level_1",
        EVERYWHERE,
        TEASER_STAYS,
    ),
    fails(
        "k14_a_watched_generated_column_at_level_2",
        EVERYWHERE,
        TEASER_STAYS,
    ),
    fails(
        "k14_a_watched_generated_column_at_level_3",
        EVERYWHERE,
        TEASER_STAYS,
    ),
    fails(
        "k14_a_watched_generated_column_at_level_4",
        EVERYWHERE,
        TEASER_STAYS,
    ),
    fails(
        "k14_a_unique_key_instead_of_a_primary_one_at_level_2",
        MARIADB,
        NO_PRIMARY_KEY,
    ),
    fails(
        "k14_a_unique_key_instead_of_a_primary_one_at_level_3",
        MARIADB,
        NO_PRIMARY_KEY,
    ),
    fails(
        "k14_a_unique_key_instead_of_a_primary_one_at_level_4",
        MARIADB,
        NO_PRIMARY_KEY,
    ),
    fails(
        "k14_whole_milliseconds_after_a_refused_insert_at_level_1",
        EVERYWHERE,
        COARSE,
    ),
    fails(
        "k14_whole_milliseconds_after_a_refused_insert_at_level_2",
        EVERYWHERE,
        COARSE,
    ),
    fails(
        "k14_strict_belongs_to_its_handle",
        EVERYWHERE,
        "the other handle refuses too",
    ),
];
