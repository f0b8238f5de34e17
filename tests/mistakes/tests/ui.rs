//! Every mistake in a declaration is an error on the token that made it, with the mend in it.

#[test]
fn mistakes() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
