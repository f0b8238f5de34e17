//! The table in `docs/touch.md` is made of what was measured.
//!
//! ```text
//! TOUCHABLE_UPDATE=1 cargo test -p touchable-tests --all-features --test equality the_table
//! ```

use std::{
    collections::BTreeMap,
    env,
    fmt::Write as _,
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

use touchable_tests::{
    Backend::{self, MariaDb, Postgres, Sqlite},
    Level, World, run,
};

use crate::{
    measure::{self, Measured},
    types::{FURTHER, ROWS, WITHOUT, has},
    ways::Way,
};

const BEGIN: &str = "<!-- what follows is written by tests/equality -->\n";
const END: &str = "<!-- what is above is written by tests/equality -->\n";

const BACKENDS: [Backend; 3] = [Sqlite, Postgres, MariaDb];

#[test]
fn b38_the_table_is_what_was_measured() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/touch.md");
    let page = fs::read_to_string(&path).expect("the page");
    let (head, rest) = page.split_once(BEGIN).expect("the beginning of the table");
    let (_, tail) = rest.split_once(END).expect("the end of the table");
    let written = format!("{head}{BEGIN}{}{END}{tail}", table());
    if env::var_os("TOUCHABLE_UPDATE").is_some() {
        fs::write(&path, written).expect("the page");
    } else {
        assert!(
            page == written,
            "the table in docs/touch.md is out of date: run this test with TOUCHABLE_UPDATE=1"
        );
    }
}

fn table() -> String {
    let measured = BACKENDS.map(cells);
    let mut table = "| type | SQLite | PostgreSQL | MariaDB |\n|---|---|---|---|\n".to_owned();
    for (column, title) in ROWS {
        let (name, of) = title.split_once(", of ").unwrap_or((title, ""));
        let of = if of.is_empty() {
            String::new()
        } else {
            format!(" of {of}")
        };
        let _ = write!(table, "| `{name}`{of} |");
        for (backend, cells) in BACKENDS.iter().zip(&measured) {
            let cell = match cells.get(column) {
                Some(cell) => cell.as_str(),
                None if has(*backend, column) => panic!("{title} was not measured on {backend:?}"),
                None => "–",
            };
            let _ = write!(table, " {cell} |");
        }
        table.push('\n');
    }
    table
}

/// What a backend makes of each column.
fn cells(backend: Backend) -> BTreeMap<&'static str, String> {
    let cells = Mutex::new(BTreeMap::new());
    run(backend, Vec::new(), 1, &async |world: &World| {
        let measured = measure::all(world, &[Way::Bulk(Level::Connection)]).await;
        let mut cells = cells.lock().unwrap_or_else(PoisonError::into_inner);
        cells.extend(
            measured
                .iter()
                .map(|column| (column.samples.column, cell(column))),
        );
    });
    let cells = cells.into_inner().unwrap_or_else(PoisonError::into_inner);
    for column in cells.keys() {
        let is_listed = ROWS.iter().any(|(row, _)| row == column) || FURTHER.contains(column);
        assert!(is_listed, "{column} has no row");
        assert!(has(backend, column), "{column} is on {backend:?}: {WITHOUT:?}");
    }
    cells
}

/// What counts as a change, and what does not.
fn cell(column: &Measured) -> String {
    let again: Vec<bool> = column
        .written
        .iter()
        .filter(|written| is_same(&written.row.stored, &written.row.set) && !is_null(&written.row.set))
        .map(|written| written.touched)
        .collect();
    if again.iter().all(|touched| *touched) {
        return "every `Set`".to_owned();
    }
    let mut none = Vec::new();
    let mut changes = Vec::new();
    for (differ_in, one, other) in &column.samples.pairs {
        let values = &column.samples.values;
        let both = [(*one, *other), (*other, *one), (*one, *one), (*other, *other)];
        let of = |(stored, set): (usize, usize)| {
            column
                .written
                .iter()
                .find(|written| {
                    is_same(&written.row.stored, &values[stored]) && is_same(&written.row.set, &values[set])
                })
                .expect("all pairs were written")
        };
        if of(both[0]).differs {
            changes.push((*differ_in).to_owned());
        } else if both.into_iter().any(|pair| of(pair).touched) {
            changes.push(format!("({differ_in})"));
        } else {
            none.push((*differ_in).to_owned());
        }
    }
    let part =
        |sign: &str, words: Vec<String>| (!words.is_empty()).then(|| format!("{sign} {}", words.join(", ")));
    let parts = [part("=", none), part("≠", changes)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        return "by value".to_owned();
    }
    parts.join("<br>")
}

fn is_same(one: &sea_orm::Value, other: &sea_orm::Value) -> bool {
    format!("{one:?}") == format!("{other:?}")
}

fn is_null(value: &sea_orm::Value) -> bool {
    is_same(value, &value.as_null())
}
