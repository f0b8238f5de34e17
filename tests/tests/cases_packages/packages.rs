//! What `cargo publish` would hand out, and what its manifests promise.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use touchable_tests::judge;

use crate::known::FAILING;

fn workspace() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap().to_owned()
}

fn read(file: &str) -> String {
    fs::read_to_string(workspace().join(file)).unwrap()
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(workspace())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn cargo(arguments: &[&str]) -> String {
    run(
        &env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()),
        arguments,
    )
}

/// The files of a package, as `cargo publish` would pack them.
fn files(package: &str) -> BTreeSet<String> {
    let list = cargo(&[
        "package",
        "--list",
        "--allow-dirty",
        "--offline",
        "--package",
        package,
    ]);
    list.lines().map(str::to_owned).collect()
}

/// The dependency graph of this platform, from what is downloaded already.
fn metadata() -> Value {
    let version = run("rustc", &["-vV"]);
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap();
    let json = cargo(&[
        "metadata",
        "--offline",
        "--format-version=1",
        "--all-features",
        "--filter-platform",
        host,
    ]);
    serde_json::from_str(&json).unwrap()
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap()
}

fn list<'v>(value: &'v Value, field: &str) -> impl Iterator<Item = &'v Value> {
    value[field].as_array().unwrap().iter()
}

/// The packages of the workspace that are published.
fn published(metadata: &Value) -> Vec<&Value> {
    let members: Vec<_> = list(metadata, "workspace_members").collect();
    list(metadata, "packages")
        .filter(|package| members.contains(&&package["id"]) && package["publish"].is_null())
        .collect()
}

fn package<'v>(metadata: &'v Value, name: &str) -> &'v Value {
    published(metadata)
        .into_iter()
        .find(|package| text(package, "name") == name)
        .unwrap()
}

/// What a package needs to be built, without what its own tests need.
fn needs(package: &Value) -> impl Iterator<Item = &Value> {
    list(package, "dependencies").filter(|dependency| dependency["kind"] != "dev")
}

/// The case without a database.
macro_rules! here {
    ($($case:ident)+) => {$(
        mod $case {
            #[test]
            fn here() {
                super::judge(super::FAILING, stringify!($case), "here", super::$case);
            }
        }
    )+};
}

here! {
    s_packages_hold_a_readme_and_the_licences
    s_the_mit_licence_says_whose_copyright_it_is
    s_docs_rs_shows_every_feature
    s_the_derive_is_required_exactly
    s_lower_bounds_are_those_of_the_tree
    s_lower_bounds_compile
    s_migrations_publish_no_example
    s_what_may_be_depended_on_is_checked
}

fn s_packages_hold_a_readme_and_the_licences() {
    let mut missing = Vec::new();
    for package in published(&metadata()) {
        let name = text(package, "name");
        let files = files(name);
        for file in ["README.md", "LICENSE-APACHE", "LICENSE-MIT"] {
            if !files.contains(file) {
                missing.push(format!("{name}/{file}"));
            }
        }
    }
    assert!(missing.is_empty(), "not in their packages: {missing:?}");
}

fn s_the_mit_licence_says_whose_copyright_it_is() {
    let licence = read("LICENSE-MIT");
    assert!(
        licence.lines().any(|line| line.starts_with("Copyright")),
        "the licence has no copyright line"
    );
}

fn s_docs_rs_shows_every_feature() {
    let metadata = metadata();
    let docs = &package(&metadata, "touchable")["metadata"]["docs"]["rs"];
    assert_eq!(
        docs["all-features"], true,
        "docs.rs would show the default features"
    );
}

/// Generated code calls what is hidden in `touchable`: both are of one version.
fn s_the_derive_is_required_exactly() {
    let metadata = metadata();
    let derive = needs(package(&metadata, "touchable"))
        .find(|dependency| text(dependency, "name") == "touchable-derive")
        .unwrap();
    assert_eq!(text(derive, "req"), format!("={}", env!("CARGO_PKG_VERSION")));
}

/// The lowest version of a requirement such as `^1.2` or `>=1.2, <3`.
fn lowest(requirement: &str) -> [u64; 3] {
    let first = requirement.split(',').next().unwrap();
    let version = first.trim_start_matches(['^', '~', '=', '>', ' ']);
    let mut numbers = version
        .split(['.', '-', '+'])
        .map(|number| number.parse().unwrap_or_default());
    [(); 3].map(|()| numbers.next().unwrap_or_default())
}

/// Whether versions as low as these can stand for each other: the same major version, or the same minor one of 0.
fn compatible([major, minor, _]: [u64; 3], [other_major, other_minor, _]: [u64; 3]) -> bool {
    major == other_major && (major > 0 || minor == other_minor)
}

/// What a published package asks for at least.
struct Bound<'v> {
    of: &'v str,
    by: &'v str,
    lowest: [u64; 3],
}

fn bounds(metadata: &Value) -> Vec<Bound<'_>> {
    let bounds = published(metadata).into_iter().flat_map(|package| {
        needs(package).map(|dependency| Bound {
            of: text(dependency, "name"),
            by: text(package, "name"),
            lowest: lowest(text(dependency, "req")),
        })
    });
    bounds
        .filter(|bound| !bound.of.starts_with("touchable"))
        .collect()
}

/// The packages that are built with the published ones.
fn built(metadata: &Value) -> Vec<&Value> {
    let mut waiting: Vec<&Value> = published(metadata).iter().map(|package| &package["id"]).collect();
    let mut ids = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if !ids.insert(id.as_str().unwrap()) {
            continue;
        }
        let node = list(&metadata["resolve"], "nodes")
            .find(|node| node["id"] == *id)
            .unwrap();
        let deps = list(node, "deps").filter(|dep| list(dep, "dep_kinds").any(|kind| kind["kind"] != "dev"));
        waiting.extend(deps.map(|dep| &dep["pkg"]));
    }
    list(metadata, "packages")
        .filter(|package| ids.contains(text(package, "id")))
        .collect()
}

/// A bound below what another crate of the tree asks for is one that nobody can have: it was never tried.
fn s_lower_bounds_are_those_of_the_tree() {
    let metadata = metadata();
    let bounds = bounds(&metadata);
    let mut low = BTreeMap::new();
    for package in built(&metadata) {
        let by = text(package, "name");
        // What is itself required may be an older one, which asks for less.
        if by.starts_with("touchable") || bounds.iter().any(|bound| bound.of == by) {
            continue;
        }
        for dependency in needs(package).filter(|dependency| dependency["optional"] == false) {
            let (name, asked) = (text(dependency, "name"), lowest(text(dependency, "req")));
            let mut own = bounds.iter().filter(|bound| bound.of == name);
            if own.any(|bound| compatible(bound.lowest, asked) && bound.lowest < asked) {
                low.entry(name)
                    .and_modify(|most: &mut [u64; 3]| *most = asked.max(*most))
                    .or_insert(asked);
            }
        }
    }
    assert!(
        low.is_empty(),
        "lower bounds below what the tree asks for: {low:?}"
    );
}

/// The first version of these lacks a feature that is asked for, or does not compile.
const TOO_OLD: [(&str, [u64; 3]); 7] = [
    ("chrono", [0, 4, 0]),
    ("metrics", [0, 24, 0]),
    ("moka", [0, 12, 0]),
    ("serde_json", [1, 0, 0]),
    ("tokio", [1, 0, 0]),
    ("tracing", [0, 1, 0]),
    ("twox-hash", [2, 0, 0]),
];

fn s_lower_bounds_compile() {
    let metadata = metadata();
    let too_old: Vec<String> = bounds(&metadata)
        .into_iter()
        .filter(|bound| TOO_OLD.contains(&(bound.of, bound.lowest)))
        .map(|bound| format!("{} (by {})", bound.of, bound.by))
        .collect();
    assert!(too_old.is_empty(), "the lowest version does not do: {too_old:?}");
}

/// An application's migrations are its own.
fn s_migrations_publish_no_example() {
    let files = files("touchable-migrations");
    let example: Vec<_> = files
        .iter()
        .filter(|file| file.starts_with("src/example/") || *file == "src/main.rs")
        .collect();
    assert!(
        example.is_empty(),
        "the example's schema is published: {example:?}"
    );
}

/// `deny.toml` says which licences and sources may come in; somebody has to ask it.
fn s_what_may_be_depended_on_is_checked() {
    assert!(
        read("scripts/test").contains("cargo deny"),
        "`scripts/test` never asks `deny.toml`"
    );
}
