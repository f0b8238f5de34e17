//! What fails today.

use touchable_tests::FailingCase;

/// In the order of the kinds of fault.
pub const FAILING: &[FailingCase] = &[FailingCase {
    case: "k01_a_stale_foreign_key_at_level_4",
    places: &["sqlite", "postgres", "mariadb"],
    says: r#"should have moved: ["events 2"]; should have stayed: ["events 1"]"#,
    luck: false,
}];
