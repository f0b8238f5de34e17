//! What fails today.

use touchable_tests::FailingCase;

const EVERYWHERE: &[&str] = &["sqlite", "postgres", "mariadb"];

const LINK_STAYS: &str = r#"should have moved: ["links 1"]; should have stayed: []"#;

const fn fails(case: &'static str, places: &'static [&'static str], says: &'static str) -> FailingCase {
    FailingCase { case, places, says }
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
];
