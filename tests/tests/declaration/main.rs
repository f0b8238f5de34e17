//! What each form of a declaration compiles to, read back from `Touchable::RULES`.
//!
//! That what the derive generates passes strict lints is the subject of `pedantic.rs`.

mod compact;
mod dense;
mod junctions;
mod legacy;
mod linked;
mod names;
mod options;
mod trees;

use sea_orm::{RelationDef, sea_query::TableRef};
use touchable::{
    Touchable,
    entity::{Fields, Rule},
};

/// A path as text: `events.id -> tasks.event_id`, one line per hop.
fn path<E: Touchable>(rule: &Rule<E>) -> String {
    let hops: Vec<_> = (rule.path)().iter().map(hop).collect();
    hops.join(", ")
}

fn hop(def: &RelationDef) -> String {
    let from = columns(&def.from_tbl, &def.from_col);
    let to = columns(&def.to_tbl, &def.to_col);
    format!("{from} -> {to}")
}

fn columns(table: &TableRef, columns: &sea_orm::Identity) -> String {
    let table = table.sea_orm_table().to_string();
    let columns: Vec<_> = columns.iter().map(|column| format!("{table}.{column}")).collect();
    columns.join("+")
}

/// The rules of an entity, one line each: association, fields, events, target's columns, path.
fn rules<E: Touchable>() -> Vec<String> {
    E::RULES.iter().map(rule).collect()
}

fn rule<E: Touchable>(rule: &Rule<E>) -> String {
    let fields = match rule.fields {
        Fields::Any => String::from("any"),
        Fields::Only(columns) => format!("only {}", names::<E>(columns)),
        Fields::Except(columns) => format!("except {}", names::<E>(columns)),
    };
    let events = [
        ("create", rule.events.create),
        ("update", rule.events.update),
        ("delete", rule.events.delete),
    ];
    let events: Vec<_> = events
        .iter()
        .filter(|(_, on)| *on)
        .map(|(name, _)| *name)
        .collect();
    let columns = (rule.columns)().join("+");
    format!(
        "{}: {fields}; on {}; [{columns}] {}",
        rule.association,
        events.join("+"),
        path(rule)
    )
}

fn names<E: Touchable>(columns: &[E::Column]) -> String {
    let names: Vec<_> = columns.iter().map(sea_orm::IdenStatic::as_str).collect();
    names.join("+")
}
