//! Every mistake in a declaration is an error on the token that made it, with the fix in it.

use std::{env, fs, os::unix::fs::symlink, path::Path};

#[test]
fn mistakes() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

/// Declarations that are answered wrongly today, each beside the right answer. Whoever fixes one moves it to `ui/` and
/// counts down. What should compile has an error of its own at the end, which then has to be the only one.
#[test]
#[should_panic(expected = "4 of 4 tests failed")]
fn failing() {
    link_out_of_the_package();
    trybuild::TestCases::new().compile_fail("tests/failing/*.rs");
}

/// In the directory of the package that trybuild makes of the cases.
fn link_out_of_the_package() {
    let binary = env::current_exe().unwrap();
    let target = binary.ancestors().nth(3).unwrap();
    let package = target.join("tests/trybuild").join(env!("CARGO_PKG_NAME"));
    fs::create_dir_all(&package).unwrap();
    let link = package.join("link.html");
    if !link.is_symlink() {
        symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"), link).unwrap();
    }
}
