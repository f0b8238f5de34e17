//! A history as somebody reads it.

use std::fmt::Write as _;

use crate::{
    history::{From, History, How, Isolation, Nest, Order, Quiet, Row, Set, Stamp, Step, What, Write},
    perform::values,
    schema::{Schema, Table},
};

/// A line a step.
#[must_use]
pub fn script(schema: &Schema, history: &History) -> String {
    let mut text = format!("on `{}`", schema.name);
    let _ = match &history.order {
        Order::Serial => writeln!(text, ", one step after the other"),
        Order::Levels => writeln!(text, ", on each level"),
        Order::Stalled(choices) => writeln!(text, ", a statement at a time; turns: {choices:?}"),
        Order::Free => writeln!(text, ", all at once"),
    };
    for (number, writer) in history.writers.iter().enumerate() {
        let on = match (writer.touch, writer.strict) {
            (true, false) => "a TouchConnection",
            (true, true) => "a strict TouchConnection",
            (false, _) => "a plain connection",
        };
        let _ = writeln!(text, "  writer {number}, on {on}");
        for (at, step) in writer.steps.iter().enumerate() {
            let token = format!("w{number}.{at}");
            let _ = writeln!(text, "    {at}: {}", spell(schema, step, &token));
        }
    }
    text
}

fn spell(schema: &Schema, step: &Step, token: &str) -> String {
    match step {
        Step::Begin(Isolation::Default) => "begin".to_owned(),
        Step::Begin(isolation) => format!("begin {isolation:?}"),
        Step::Commit => "commit".to_owned(),
        Step::Rollback => "roll back".to_owned(),
        Step::Load(row) => format!("load {}", named(schema, *row)),
        Step::Lock(row) => format!("select {} for update", named(schema, *row)),
        Step::AfterCommit => "register work for after the commit".to_owned(),
        Step::Write(write) => spell_write(schema, write, token),
    }
}

fn spell_write(schema: &Schema, write: &Write, token: &str) -> String {
    let table = table(schema, write.what.table());
    let sets = |sets: &[Set]| spell_sets(table, sets, token);
    let rows = |rows: &[u8]| {
        let rows: Vec<_> = rows.iter().map(|row| key(table, *row)).collect();
        if rows.is_empty() {
            "all".to_owned()
        } else {
            rows.join(", ")
        }
    };
    let stamped = |stamp: &Stamp| match stamp {
        Stamp::No => String::new(),
        stamp => format!(" with the stamp {stamp:?}"),
    };
    let what = match &write.what {
        What::Update(row, from, how, changed, stamp) => {
            let from = match from {
                From::Fresh => "fresh",
                From::Loaded => "as loaded",
                From::Partial => "partial",
                From::Reset => "as loaded and reset",
            };
            let how = match how {
                How::Update => "update",
                How::Save => "save",
                How::WithoutReturning => "update without returning",
            };
            format!(
                "{how} {} ({from}) {}{}",
                named(schema, *row),
                sets(changed),
                stamped(stamp)
            )
        }
        What::Insert(row, changed, stamp) => {
            format!(
                "insert {} {}{}",
                named(schema, *row),
                sets(changed),
                stamped(stamp)
            )
        }
        What::Delete(row, from) => format!("delete {} ({from:?})", named(schema, *row)),
        What::InsertMany(_, new, conflict) => {
            let new: Vec<_> = new
                .iter()
                .map(|(row, of)| format!("{} {}", key(table, *row), sets(of)))
                .collect();
            let conflict = conflict.as_ref().map(|columns| {
                let name = |at: &u8| {
                    table.columns[table.key..]
                        .get(*at as usize)
                        .map_or("updated_at", |found| found.name)
                };
                let columns: Vec<_> = columns.iter().map(name).collect();
                format!(", on conflict update {}", columns.join(", "))
            });
            format!(
                "insert many {}: {}{}",
                table.name,
                new.join("; "),
                conflict.unwrap_or_default()
            )
        }
        What::UpdateMany(_, of, changed) => {
            format!("update many {} {} {}", table.name, rows(of), sets(changed))
        }
        What::DeleteMany(_, of) => format!("delete many {} {}", table.name, rows(of)),
        What::Touch(row) => format!("touch {}", named(schema, *row)),
        What::TouchAll(_, of) => format!("touch all {} {}", table.name, rows(of)),
        What::Bypass(row, changed) => format!(
            "update that bypasses the rules {} {}",
            named(schema, *row),
            sets(changed)
        ),
        What::Nest(row, nest) => spell_nest(schema, *row, nest, token),
        What::Raw(row, changed) => format!("raw update {} {}", named(schema, *row), sets(changed)),
    };
    let quiet = match write.quiet {
        Quiet::No => String::new(),
        Quiet::All => ", touching nobody".to_owned(),
        Quiet::On(other) => format!(", touching no {}", self::table(schema, other).name),
    };
    let dropped = write
        .dropped
        .map(|waits| format!(", dropped after {waits} waits"))
        .unwrap_or_default();
    format!("{what}{quiet}{dropped}")
}

fn spell_sets(table: &Table, sets: &[Set], token: &str) -> String {
    let sets: Vec<_> = values(table, sets, token)
        .into_iter()
        .map(|(at, value)| format!("{}: {value}", table.columns[at].name))
        .collect();
    format!("{{ {} }}", sets.join(", "))
}

fn spell_nest(schema: &Schema, row: Row, nest: &Nest, token: &str) -> String {
    let root = table(schema, row.0);
    let mut text = format!(
        "nested {:?} {} {}",
        nest.action,
        named(schema, row),
        spell_sets(root, &nest.sets, token)
    );
    for relation in &nest.relations {
        let Some(of) = root
            .nesting
            .map(|nesting| &schema.tables[nesting.table(relation.which)])
        else {
            continue;
        };
        let rows: Vec<_> = relation
            .rows
            .iter()
            .map(|(row, sets)| format!("{} {}", key(of, *row), spell_sets(of, sets, token)))
            .collect();
        let how = if relation.replace { "replaced by" } else { "and" };
        let _ = write!(text, ", {} {how} [{}]", of.name, rows.join(", "));
    }
    text
}

fn table(schema: &Schema, number: u8) -> &Table {
    &schema.tables[number as usize % schema.tables.len()]
}

fn named(schema: &Schema, row: Row) -> String {
    let table = table(schema, row.0);
    format!("{} {}", table.name, key(table, row.1))
}

fn key(table: &Table, number: u8) -> String {
    let parts = &table.keys[number as usize % table.keys.len()];
    parts
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("/")
}
