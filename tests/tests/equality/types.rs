//! The types of columns that SeaORM knows, and which of the databases have none of theirs.

use std::{collections::BTreeSet, env, fs, path::PathBuf, process::Command};

use syn::Item;
use touchable_tests::Backend::{self, MariaDb, Postgres, Sqlite};

/// Rows of the table: a column of the samples, and how its type is called. The name of `ColumnType` comes first.
pub const ROWS: [(&str, &str); 43] = [
    ("char", "Char"),
    ("string", "String"),
    ("text", "Text"),
    ("folded", "Text, of a collation without case"),
    ("blob", "Blob"),
    ("binary", "Binary(8)"),
    ("var_binary", "VarBinary"),
    ("tiny_integer", "TinyInteger"),
    ("small_integer", "SmallInteger"),
    ("integer", "Integer"),
    ("big_integer", "BigInteger"),
    ("tiny_unsigned", "TinyUnsigned"),
    ("small_unsigned", "SmallUnsigned"),
    ("unsigned", "Unsigned"),
    ("big_unsigned", "BigUnsigned"),
    ("boolean", "Boolean"),
    ("bit", "Bit"),
    ("var_bit", "VarBit"),
    ("float", "Float"),
    ("narrow", "Float, of an `f64`"),
    ("double", "Double"),
    ("scaled", "Decimal(10, 2)"),
    ("decimal", "Decimal"),
    ("money", "Money"),
    ("date_time", "DateTime"),
    ("coarse", "DateTime, of whole seconds"),
    ("timestamp", "Timestamp"),
    ("timestamp_with_time_zone", "TimestampWithTimeZone"),
    ("time", "Time"),
    ("date", "Date"),
    ("year", "Year"),
    ("interval", "Interval"),
    ("json", "Json"),
    ("json_binary", "JsonBinary"),
    ("uuid", "Uuid"),
    ("enumeration", "Enum"),
    ("array", "Array"),
    ("vector", "Vector"),
    ("cidr", "Cidr"),
    ("inet", "Inet"),
    ("mac_addr", "MacAddr"),
    ("l_tree", "LTree"),
    ("custom", "Custom"),
];

/// Columns that only widen what is measured of a type.
pub const FURTHER: [&str; 2] = ["array_of_text", "array_of_json"];

/// Where a database has no such column, and why.
pub const WITHOUT: [(&str, &[Backend], &str); 12] = [
    ("year", &[Sqlite, Postgres], "SeaQuery cannot create one"),
    ("interval", &[Sqlite, MariaDb], "SeaQuery cannot create one"),
    ("bit", &[Sqlite], "SeaQuery cannot create one"),
    ("var_bit", &[Sqlite], "SeaQuery cannot create one"),
    ("array", &[Sqlite, MariaDb], "SeaQuery cannot create one"),
    ("cidr", &[Sqlite, MariaDb], "SeaQuery cannot create one"),
    ("inet", &[Sqlite, MariaDb], "SeaQuery cannot create one"),
    ("mac_addr", &[Sqlite, MariaDb], "SeaQuery cannot create one"),
    ("l_tree", &[Sqlite, MariaDb], "SeaQuery cannot create one"),
    // On PostgreSQL it comes with an extension that the tests' server need not have.
    (
        "vector",
        &[Sqlite, Postgres, MariaDb],
        "no server of the tests has one",
    ),
    ("coarse", &[Sqlite], "a time is text there, of any precision"),
    // PostgreSQL's driver reads no `real` into an `f64`, and SQLite has one kind of floats.
    ("narrow", &[Sqlite, Postgres], "cannot be read, or is a double"),
];

/// Whether a database has such a column.
pub fn has(backend: Backend, column: &str) -> bool {
    !WITHOUT
        .iter()
        .any(|(without, backends, _)| *without == column && backends.contains(&backend))
}

/// The enum can get new variants at any time, and no `match` of ours would fail to compile: its source is asked.
#[test]
fn b38_every_type_of_column_has_a_row() {
    let ours: BTreeSet<String> = ROWS
        .iter()
        .map(|(_, title)| {
            title
                .split(|c: char| !c.is_alphanumeric())
                .next()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    assert_eq!(ours, variants(), "rows of the table, and SeaQuery's `ColumnType`");
}

fn variants() -> BTreeSet<String> {
    let path = sea_query().join("src/table/column.rs");
    let text = fs::read_to_string(&path).expect("the source of `ColumnType`");
    let file = syn::parse_file(&text).expect("Rust");
    file.items
        .into_iter()
        .find_map(|item| match item {
            Item::Enum(item) if item.ident == "ColumnType" => Some(item.variants),
            _ => None,
        })
        .expect("`ColumnType` in its file")
        .into_iter()
        .map(|variant| variant.ident.to_string())
        .collect()
}

/// The platform that this was compiled on.
fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().expect("rustc");
    let text = String::from_utf8(output.stdout).expect("text of rustc");
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("a host").to_owned()
}

/// The folder of the version that is compiled.
fn sea_query() -> PathBuf {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        // What other platforms need may never have been fetched.
        .args(["--filter-platform", &host()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON of cargo");
    let packages = metadata["packages"].as_array().expect("packages");
    let manifest = packages
        .iter()
        .filter(|package| package["name"] == "sea-query")
        .filter_map(|package| package["manifest_path"].as_str())
        .next_back()
        .expect("sea-query among the packages");
    PathBuf::from(manifest).parent().expect("a folder").to_owned()
}
