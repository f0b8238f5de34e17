//! Digests of templates in a directory of their own.

use std::{
    fs,
    path::PathBuf,
    process,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use super::files::Files;

/// A package with these files, gone after the test.
struct Package(PathBuf);

impl Package {
    fn with(files: &[(&str, &str)]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("touchable_{}_{}", process::id(), NEXT.fetch_add(1, Relaxed));
        let package = Self(std::env::temp_dir().join(name));
        for (path, content) in files {
            package.write(path, content);
        }
        package
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn files(&self, paths: &[&str], is_open: bool) -> Result<Files<'_>, String> {
        let mut files = Files::new(&self.0, is_open);
        paths.iter().try_for_each(|path| files.add(path))?;
        Ok(files)
    }

    fn digest(&self, path: &str) -> String {
        self.files(&[path], false).unwrap().digest()
    }

    fn problem(&self, path: &str) -> String {
        self.files(&[path], false).unwrap_err()
    }

    fn read(&self, paths: &[&str]) -> Vec<String> {
        let root = format!("{}/", self.0.display());
        let files = self.files(paths, true).unwrap();
        files.absolute().map(|path| path.replace(&root, "")).collect()
    }
}

impl Drop for Package {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const CARD: &str = "templates/tasks/card.html";

fn nested() -> Package {
    Package::with(&[
        (CARD, r#"{% extends "base.html" %}{% include "avatar.html" %}"#),
        ("templates/base.html", "<html>"),
        (
            "templates/tasks/avatar.html",
            r#"{% include "shared/icon.html" %}"#,
        ),
        ("templates/shared/icon.html", "<svg>"),
        ("templates/other.html", "other"),
    ])
}

#[test]
fn every_file_below_a_template_is_read() {
    let read = nested().read(&[CARD]);
    let expected = [
        "templates/base.html",
        "templates/shared/icon.html",
        "templates/tasks/avatar.html",
        CARD,
    ];
    assert_eq!(read, expected);
}

#[test]
fn an_edit_of_any_of_them_changes_the_digest() {
    let package = nested();
    let mut seen = vec![package.digest(CARD)];
    for path in package.read(&[CARD]) {
        let content = fs::read_to_string(package.0.join(&path)).unwrap();
        package.write(&path, &format!("{content} "));
        let digest = package.digest(CARD);
        assert!(!seen.contains(&digest), "{path}");
        seen.push(digest);
    }
    package.write("templates/other.html", "edited");
    assert_eq!(seen.last(), Some(&package.digest(CARD)));
}

#[test]
fn the_digest_is_the_same_wherever_the_package_is() {
    assert_eq!(nested().digest(CARD), nested().digest(CARD));
    // The formula itself: another one would make every entry of a running cache unfindable.
    let one = Package::with(&[("a.html", "text")]);
    assert_eq!(one.digest("a.html"), "3d50b9aba88f595d");
}

#[test]
fn moving_text_between_files_changes_the_digest() {
    let before = Package::with(&[("t/a.html", "x{% include 'b.html' %}"), ("t/b.html", "yz")]);
    let after = Package::with(&[("t/a.html", "x{% include 'b.html' %}y"), ("t/b.html", "z")]);
    assert_ne!(before.digest("t/a.html"), after.digest("t/a.html"));
}

#[test]
fn templates_that_include_each_other() {
    let package = Package::with(&[
        ("t/a.html", "{% include 'b.html' %}"),
        ("t/b.html", "{% include 'a.html' %}{% include 'b.html' %}"),
    ]);
    assert_eq!(package.read(&["t/a.html"]), ["t/a.html", "t/b.html"]);
    assert_ne!(package.digest("t/a.html"), "");
}

#[test]
fn names_are_looked_for_beside_the_file_and_above_the_template() {
    let package = Package::with(&[
        ("a/b/c.hbs", "{{> sub/d}}{{> e}}{{> up.hbs}}"),
        ("a/b/sub/d.hbs", "{{> near}}{{> e}}"),
        ("a/b/sub/near.hbs", ""),
        ("a/b/e.hbs", "both of this name count"),
        ("a/e.hbs", ""),
        ("up.hbs", ""),
    ]);
    let expected = [
        "a/b/c.hbs",
        "a/b/e.hbs",
        "a/b/sub/d.hbs",
        "a/b/sub/near.hbs",
        "a/e.hbs",
        "up.hbs",
    ];
    assert_eq!(package.read(&["a/b/c.hbs"]), expected);
}

#[test]
fn dots_in_paths() {
    let package = Package::with(&[
        ("t/x/a.html", "{% include './b.html' %}{% include '../c.html' %}"),
        ("t/x/b.html", ""),
        ("t/c.html", ""),
    ]);
    assert_eq!(
        package.read(&["./t/../t/x/a.html"]),
        ["t/c.html", "t/x/a.html", "t/x/b.html"]
    );
}

#[test]
fn a_missing_file_says_where_it_was_looked_for() {
    let package = Package::with(&[("t/x/a.html", "{% include 'b.html' %}")]);
    assert_eq!(
        package.problem("t/x/a.html"),
        "`t/x/a.html` has `{% include 'b.html' %}`, and there is no such file: tried `t/x/b.html`, \
         `t/b.html`, `b.html`"
    );
    assert!(
        package
            .problem("none.html")
            .starts_with("cannot read `none.html`")
    );
    assert!(package.problem("t").starts_with("cannot read `t`"));
}

#[test]
fn a_file_that_may_be_missing() {
    let package = Package::with(&[
        (
            "t/a.html",
            "{% include 'b.html' ignore missing %}{% include ['x', 'c.html'] %}",
        ),
        ("t/c.html", ""),
    ]);
    assert_eq!(package.read(&["t/a.html"]), ["t/a.html", "t/c.html"]);
}

#[test]
fn nothing_outside_of_the_package_is_read() {
    let package = Package::with(&[("t/a.html", "{% include '../../../etc/passwd' %}")]);
    for path in ["../x.html", "/etc/passwd", "t/../../x", "", "."] {
        assert!(package.problem(path).contains("not in this package"), "{path}");
    }
    assert!(package.problem("t/a.html").contains("there is no such file"));
}

#[test]
fn a_name_that_only_rendering_knows_needs_a_list() {
    let package = Package::with(&[
        ("t/a.html", "{% include kind %}"),
        ("t/b.html", ""),
        ("t/c.html", ""),
    ]);
    let problem = package.problem("t/a.html");
    assert!(
        problem.contains("`{% include kind %}`") && problem.contains("end with `..`"),
        "{problem}"
    );
    let read = package.read(&["t/a.html", "t/b.html", "t/c.html"]);
    assert_eq!(read, ["t/a.html", "t/b.html", "t/c.html"]);
}

#[test]
fn a_file_that_is_no_text() {
    let package = Package::with(&[("t/a.html", "")]);
    fs::write(package.0.join("t/a.html"), b"\xff{% include 'b.html' %}\xfe").unwrap();
    package.write("t/b.html", "");
    assert_eq!(package.read(&["t/a.html"]), ["t/a.html", "t/b.html"]);
}
