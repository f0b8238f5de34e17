//! The house has floors: a module of the library uses what lies below it, and nothing above.

use std::{fs, path::Path};

use syn::{
    Item, ItemUse, UseTree,
    visit::{self, Visit},
};

/// From the top of the stack to the ground. `lib.rs` and `__private.rs` put everything together and are not part of it.
const FLOORS: [&str; 21] = [
    "testing",
    "http",
    "check",
    "repair",
    "explain",
    "reactive",
    "refresh",
    "cache",
    "feed",
    "save",
    "connection",
    "touch",
    "dialect",
    "graph",
    "entity",
    "lease",
    "redis",
    "schedule",
    "observe",
    "clock",
    "error",
];

/// Exported macros have no other place than the root.
const MACROS: [&str; 2] = ["assert_touched", "assert_not_touched"];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| *floor == module)
}

/// The first segments of all paths from the crate's root.
#[derive(Default)]
struct Roots(Vec<String>);

impl<'ast> Visit<'ast> for Roots {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if let UseTree::Path(path) = &item.tree
            && path.ident == "crate"
        {
            self.collect(&path.tree);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let mut segments = path.segments.iter();
        if segments.next().is_some_and(|segment| segment.ident == "crate")
            && let Some(root) = segments.next()
        {
            self.0.push(root.ident.to_string());
        }
        visit::visit_path(self, path);
    }
}

impl Roots {
    fn collect(&mut self, tree: &UseTree) {
        match tree {
            UseTree::Path(path) => self.0.push(path.ident.to_string()),
            UseTree::Name(name) => self.0.push(name.ident.to_string()),
            UseTree::Rename(rename) => self.0.push(rename.ident.to_string()),
            UseTree::Glob(_) => self.0.push("*".to_owned()),
            UseTree::Group(group) => group.items.iter().for_each(|item| self.collect(item)),
        }
    }
}

fn is_test(item: &Item) -> bool {
    let Item::Mod(module) = item else { return false };
    module.ident == "tests"
}

/// Every use of another module, as `file: from -> to`.
fn uses(folder: &Path, module: Option<&str>, found: &mut Vec<(String, String, String)>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let own = module.unwrap_or(&stem);
        if path.is_dir() {
            uses(&path, Some(own), found);
            continue;
        }
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        if !is_rust || (module.is_none() && ["lib", "__private"].contains(&&*stem)) {
            continue;
        }
        let mut file = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
        file.items.retain(|item| !is_test(item));
        let mut roots = Roots::default();
        roots.visit_file(&file);
        found.extend(
            roots
                .0
                .into_iter()
                .map(|root| (path.display().to_string(), own.to_owned(), root)),
        );
    }
}

#[test]
fn no_module_uses_what_is_above_it() {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../touchable/src");
    let mut found = Vec::new();
    uses(&library, None, &mut found);
    assert!(found.len() > 300, "the library was read");
    let wrong: Vec<String> = found
        .into_iter()
        .filter(|(_, from, to)| from != to && !MACROS.contains(&&**to))
        .filter_map(|(file, from, to)| match (floor(&from), floor(&to)) {
            (Some(above), Some(below)) if above < below => None,
            (Some(_), Some(_)) => Some(format!("{file}: `{from}` uses `{to}`, which is above it")),
            (None, _) => Some(format!("{file}: `{from}` has no floor")),
            (_, None) => Some(format!(
                "{file}: `crate::{to}` is not named by the module that owns it"
            )),
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
