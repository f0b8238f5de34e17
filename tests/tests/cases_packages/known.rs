//! What fails today.

use touchable_tests::FailingCase;

const fn failing(case: &'static str, places: &'static [&'static str], says: &'static str) -> FailingCase {
    FailingCase { case, places, says }
}

const HERE: &[&str] = &["here"];
const EVERYWHERE: &[&str] = &["sqlite", "postgres", "mariadb"];

/// In the order of the kinds of fault.
pub const FAILING: &[FailingCase] = &[
    failing(
        "s_packages_hold_a_readme_and_the_licences",
        HERE,
        r#"not in their packages: ["touchable/README.md", "touchable/LICENSE-APACHE", "touchable/LICENSE-MIT", "#,
    ),
    failing(
        "s_the_mit_licence_says_whose_copyright_it_is",
        HERE,
        "the licence has no copyright line",
    ),
    failing(
        "s_docs_rs_shows_every_feature",
        HERE,
        "docs.rs would show the default features",
    ),
    failing("s_the_derive_is_required_exactly", HERE, r#"left: "^0.1.0""#),
    failing(
        "s_lower_bounds_are_those_of_the_tree",
        HERE,
        "lower bounds below what the tree asks for: {\"bytes\": [1, 5, 0], ",
    ),
    failing(
        "s_lower_bounds_compile",
        HERE,
        r#"the lowest version does not do: ["chrono (by touchable)", "metrics (by touchable)", "#,
    ),
    failing(
        "s_migrations_publish_no_example",
        HERE,
        r#"the example's schema is published: ["src/example/"#,
    ),
    failing(
        "s_what_may_be_depended_on_is_checked",
        HERE,
        "`scripts/test` never asks `deny.toml`",
    ),
    failing(
        "s_public_types_can_grow",
        HERE,
        r#"not `#[non_exhaustive]`: ["enum Fields", "enum Event", "#,
    ),
    failing(
        "s_an_error_keeps_literals_to_itself",
        EVERYWHERE,
        "a literal of the statement is told: Custom Error: a write bypasses",
    ),
    failing(
        "s_a_warning_keeps_literals_to_itself",
        EVERYWHERE,
        "a literal of the statement is told: message=a write bypasses",
    ),
    failing(
        "s_warned_statements_take_little_memory",
        HERE,
        "1,000 statements that were warned of still take memory: 1",
    ),
    failing(
        "s_a_long_comment_is_read",
        HERE,
        "the process that read 100,000 lines of comment ended with signal: 6",
    ),
    failing(
        "s_a_refused_rediss_url_names_tls",
        HERE,
        "a right URL is called wrong: the redis store failed to connect to its server: the URL is none",
    ),
    failing(
        "s_strict_refuses_truncate",
        &["postgres", "mariadb"],
        "let through: TRUNCATE",
    ),
    failing("s_strict_refuses_merge", &["postgres"], "let through: MERGE"),
    failing("s_strict_refuses_copy", &["postgres"], "let through: COPY"),
    failing(
        "s_strict_refuses_a_name_in_another_case",
        &["sqlite", "postgres"],
        "let through: UPDATE EVENTS",
    ),
    failing(
        "s_strict_refuses_a_name_after_a_comment",
        EVERYWHERE,
        "let through: UPDATE /* x */",
    ),
    failing(
        "s_strict_refuses_a_spaced_name_in_quotes",
        &["postgres"],
        r#"let through: UPDATE "public" . "#,
    ),
    failing(
        "s_strict_refuses_a_spaced_name_of_a_schema",
        &["sqlite"],
        r#"let through: UPDATE "main" . "#,
    ),
    failing(
        "s_strict_refuses_the_second_of_two_statements",
        EVERYWHERE,
        "let through: SELECT 1; UPDATE",
    ),
    failing(
        "s_strict_refuses_explain_analyze",
        &["postgres"],
        "let through: EXPLAIN ANALYZE",
    ),
    failing("s_strict_refuses_analyze", &["mariadb"], "let through: ANALYZE"),
    failing(
        "s_strict_refuses_an_update_of_joined_tables",
        &["mariadb"],
        "let through: UPDATE tasks JOIN",
    ),
    failing(
        "s_strict_refuses_a_delete_by_alias",
        &["mariadb"],
        "let through: DELETE e FROM",
    ),
    failing(
        "s_strict_refuses_insert_high_priority",
        &["mariadb"],
        "let through: INSERT HIGH_PRIORITY",
    ),
    failing(
        "s_strict_refuses_update_or_fail",
        &["sqlite"],
        "let through: UPDATE OR FAIL",
    ),
];
