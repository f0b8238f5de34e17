//! Every mistake in a declaration is an error on the token that made it, with the mend in it.

#[test]
fn mistakes() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

/// Declarations that are answered wrongly today, each beside the right answer. Whoever mends one moves it to `ui/` and
/// counts down. What should compile has an error of its own at the end, which then has to be the only one.
#[test]
#[should_panic(expected = "3 of 3 tests failed")]
fn failing() {
    trybuild::TestCases::new().compile_fail("tests/failing/*.rs");
}
