//! `README.md` lists every test by what it holds, and is written by this program.
//!
//! ```text
//! TOUCHABLE_UPDATE=1 cargo test -p touchable-tests --all-features --test readme
//! ```

use std::{collections::BTreeMap, env, fmt::Write as _, fs, path::Path};

use syn::{Attribute, Expr, ExprLit, Item, Lit, Meta};

/// Where the program's part of the page begins.
const MARK: &str = "<!-- what follows is written by tests/readme.rs -->\n";

/// A part of the page, and how the names of its binaries begin.
const PARTS: [(&str, &[&str]); 5] = [
    ("Reactive cache", &["reactive"]),
    ("Cache", &["cache_", "cases_cache"]),
    ("Feed and leases", &["feed", "lease", "cases_feed"]),
    ("The house", &["layers", "pedantic", "readme", "cases_packages"]),
    ("Touches", &[""]),
];

/// The tests of one file.
#[derive(Debug)]
struct Held {
    says: String,
    /// Their names by where they run.
    tests: BTreeMap<String, Vec<String>>,
}

#[test]
fn the_list_of_tests_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let page = fs::read_to_string(&path).expect("the page");
    let (head, _) = page.split_once(MARK).expect("a mark in the page");
    let written = format!("{head}{MARK}{}", lists());
    if env::var_os("TOUCHABLE_UPDATE").is_some() {
        fs::write(&path, written).expect("the page");
    } else {
        assert!(
            page == written,
            "tests/README.md is out of date: run this test with TOUCHABLE_UPDATE=1"
        );
    }
}

/// The folders that tests lie in.
const FOLDERS: [&str; 2] = ["tests", "background/tests"];

/// The behaviours of `touch.md`, and those of them whose tests bear the name of the kind of fault that found them.
const BEHAVIOURS: std::ops::RangeInclusive<u32> = 1..=47;
const BY_KIND: [(u32, &str); 10] = [
    (35, "k01_"),
    (36, "k04_"),
    (37, "k02_"),
    (38, "k06_"),
    (39, "k03_"),
    (40, "k05_"),
    (41, "k13_"),
    (42, "k12_"),
    (44, "k14_strict_belongs_to_its_handle"),
    (46, "k10_"),
];

#[test]
fn every_behaviour_is_held() {
    let missing = not_held("Touches", BEHAVIOURS, &BY_KIND);
    assert!(missing.is_empty(), "no test holds {missing:?}");
}

/// The behaviours of `reactive.md`.
const REACTIVE: std::ops::RangeInclusive<u32> = 1..=17;

#[test]
fn every_behaviour_of_reactive_caches_is_held() {
    let missing = not_held("Reactive cache", REACTIVE, &[]);
    assert!(missing.is_empty(), "no test holds {missing:?}");
}

fn not_held(part: &str, mut all: std::ops::RangeInclusive<u32>, by_kind: &[(u32, &str)]) -> Vec<u32> {
    let files = files();
    let of_part = files.iter().filter(|(module, _)| part_of(module) == part);
    let names: Vec<&String> = of_part
        .flat_map(|(_, held)| held.tests.values())
        .flatten()
        .collect();
    let is_missing = |number: &u32| {
        let kind = by_kind.iter().find(|(other, _)| other == number);
        let head = kind.map_or_else(|| format!("b{number:02}_"), |(_, kind)| (*kind).to_owned());
        !names.iter().any(|name| name.starts_with(&head))
    };
    all.by_ref().filter(is_missing).collect()
}

/// The part of the page that a file belongs to.
fn part_of(module: &str) -> &'static str {
    let begins = |(_, heads): &&(&str, &[&str])| heads.iter().any(|head| module.starts_with(head));
    PARTS.iter().find(begins).expect("the last takes all").0
}

fn files() -> BTreeMap<String, Held> {
    let mut files = BTreeMap::new();
    for folder in FOLDERS {
        read(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
            "",
            &mut files,
        );
    }
    files
}

fn lists() -> String {
    let files = files();
    let mut page = String::new();
    for (part, _) in PARTS.iter().rev() {
        let _ = write!(page, "\n## {part}\n\n| file | holds | tests |\n|---|---|---|\n");
        for (module, held) in files.iter().filter(|(module, _)| part_of(module) == *part) {
            let _ = writeln!(page, "| `{module}` | {} | {} |", held.says, tests(&held.tests));
        }
    }
    page
}

fn tests(all: &BTreeMap<String, Vec<String>>) -> String {
    let on = |(place, names): (&String, &Vec<String>)| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        format!("{place}: {}", names.join(", "))
    };
    all.iter().map(on).collect::<Vec<_>>().join("<br>")
}

fn read(folder: &Path, module: &str, files: &mut BTreeMap<String, Held>) {
    for entry in fs::read_dir(folder).expect("a folder of tests") {
        let path = entry.expect("an entry").path();
        let stem = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        let inner = if module.is_empty() {
            stem.to_owned()
        } else {
            format!("{module}::{stem}")
        };
        if path.is_dir() {
            read(&path, &inner, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a file of tests");
            let file = syn::parse_file(&text).expect("Rust");
            let held = Held {
                says: first_sentence(&file.attrs),
                tests: tests_of(&file.items),
            };
            if !held.tests.is_empty() {
                files.insert(inner, held);
            }
        }
    }
}

/// The first paragraph of a file's documentation.
fn first_sentence(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => match &doc.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text), ..
            }) => Some(text.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    });
    lines
        .take_while(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
}

fn tests_of(items: &[Item]) -> BTreeMap<String, Vec<String>> {
    let mut tests: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for item in items {
        match item {
            Item::Macro(item) => {
                let Some(name) = item.mac.path.get_ident().map(ToString::to_string) else {
                    continue;
                };
                for (test, place) in listed(&name, &item.mac.tokens.to_string()) {
                    tests.entry(place).or_default().push(test);
                }
            }
            Item::Fn(item) if item.attrs.iter().any(is_test) => {
                tests
                    .entry("once".to_owned())
                    .or_default()
                    .push(item.sig.ident.to_string());
            }
            _ => {}
        }
    }
    tests
}

fn is_test(attr: &Attribute) -> bool {
    attr.path()
        .segments
        .last()
        .is_some_and(|last| last.ident == "test")
}

/// The tests that a macro makes, and where they run.
fn listed(name: &str, text: &str) -> Vec<(String, String)> {
    let place = match name {
        "cases" => None,
        "on_every_backend" | "on_every_database" => Some("every database"),
        "on_every_level" => Some("every database and level"),
        "on_every_server" => Some("every database server"),
        "on_every_store" => Some("every store"),
        "on_every_store_that_fails" => Some("every store that can fail"),
        "on_every_place" => Some("every place"),
        "on_every_schedule" => Some("every schedule"),
        "on_every_shared_schedule" => Some("Redis and Redis Cluster"),
        _ => return Vec::new(),
    };
    // What stands before the colon says on what the tests run.
    let list = text.rsplit_once(" : ").map_or(text, |(_, list)| list);
    list.split(',')
        .filter_map(|test| {
            let mut words = test.split_whitespace();
            let name = words.next()?.to_owned();
            let on = words.skip(1).collect::<Vec<_>>().join(", ");
            Some((name, place.map_or(on, str::to_owned)))
        })
        .collect()
}
