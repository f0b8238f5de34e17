//! What a source that is newer than its target says about a rule. Pure: nothing here speaks to a database.
//!
//! A rule without a field list fires on every save and every touch of its source. Whatever associates a target with the
//! source later has to move the target as well, or an old target may come to a newer source without any touch being missed.

use std::fmt;

use sea_orm::{
    RelationDef,
    sea_query::{Alias, IntoIden, PostgresQueryBuilder, Query, TableRef},
};

use crate::{
    entity::{ColumnKind, CompiledRule, Fields, Schema},
    graph::TouchGraph,
};

/// What a source that is newer than its target says about a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// A touch was missed: the rule moves its targets whenever the source's touch column moves.
    Certain,
    /// A touch may have been missed; the other explanation.
    Possible(&'static str),
    /// Stamps say nothing about this rule; the reason.
    NotJudged(&'static str),
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certain => f.write_str("certain"),
            Self::Possible(why) => write!(f, "possible: {why}"),
            Self::NotJudged(why) => write!(f, "not judged: {why}"),
        }
    }
}

pub(super) fn evidence(graph: &TouchGraph, source: &Schema, rule: &'static CompiledRule) -> Evidence {
    use Evidence::{Certain, NotJudged, Possible};
    let stays = rule.events.touch || source.deleted.is_some();
    if !rule.events.create && !rule.events.update && !stays {
        return NotJudged("it fires on deletes only, which leave no row to compare with");
    }
    if stamps(rule).is_empty() {
        return NotJudged("its `columns` are no times");
    }
    if !matches!(rule.fields(), Fields::Any) {
        return Possible("a change of another column moves the row too");
    }
    if !rule.events.update {
        return Possible("an update moves the row and does not fire the rule");
    }
    if !rule.hops.iter().all(is_timeless) {
        return Possible("the condition of the association may have come true meanwhile");
    }
    if !moves_with_links(graph, rule) || !moves_with_conditions(graph, rule) {
        return Possible("an older row may have been linked since, which fires no rule");
    }
    Certain
}

/// The columns of the target that the rule moves and that hold times.
pub(super) fn stamps(rule: &CompiledRule) -> Vec<&'static str> {
    let target = (rule.target)();
    if rule.columns.is_empty() {
        return vec![target.touch];
    }
    let is_time =
        |column: &&'static str| matches!(target.kind(column), Some(ColumnKind::Zoned | ColumnKind::Naive));
    rule.columns.iter().copied().filter(is_time).collect()
}

/// Whether each save that links rows of a rule's path moves the target: that of the row which holds the foreign key.
fn moves_with_links(graph: &TouchGraph, rule: &CompiledRule) -> bool {
    let end = rule.hops.len();
    rule.hops.iter().enumerate().all(|(at, hop)| {
        match at + usize::from(hop.is_owner) {
            0 => rule.events.create,
            // The target itself, whose own save moves its touch column.
            holder if holder == end => rule.columns.is_empty(),
            holder => leads_on(graph, &rule.hops[holder..], &rule.columns),
        }
    })
}

/// Whether each save between source and target that makes a condition come true moves the target.
fn moves_with_conditions(graph: &TouchGraph, rule: &CompiledRule) -> bool {
    let end = rule.hops.len();
    let leads_on = |row: usize| row == 0 || row == end || leads_on(graph, &rule.hops[row..], &rule.columns);
    let conditions = rule
        .hops
        .iter()
        .enumerate()
        .filter(|(_, hop)| hop.on_condition.is_some());
    conditions
        .map(|(at, _)| at)
        .all(|at| leads_on(at) && leads_on(at + 1))
}

/// Whether every save at the beginning of a path touches its end, be it in cascades.
fn leads_on(graph: &TouchGraph, path: &[RelationDef], columns: &[&str]) -> bool {
    let Some(first) = path.first() else { return false };
    let schemas = graph.schemas().iter();
    let mut rules = schemas
        .filter(|schema| same_table(&schema.table, &first.from_tbl))
        .flat_map(|schema| &schema.rules);
    rules.any(|rule| {
        let whole = rule.hops.len() == path.len();
        rule.cascades()
            && rule.events.create
            && rule.hops.iter().all(is_timeless)
            && is_prefix(&rule.hops, path)
            && if whole {
                rule.columns == columns
            } else {
                leads_on(graph, &path[rule.hops.len()..], columns)
            }
    })
}

fn is_prefix(hops: &[RelationDef], path: &[RelationDef]) -> bool {
    !hops.is_empty()
        && hops.len() <= path.len()
        && hops.iter().zip(path).all(|(one, other)| {
            same_table(&one.from_tbl, &other.from_tbl)
                && same_table(&one.to_tbl, &other.to_tbl)
                && one.from_col == other.from_col
                && one.to_col == other.to_col
                && one.on_condition.is_some() == other.on_condition.is_some()
        })
}

/// Whatever alias a relation gives it.
fn same_table(one: &TableRef, other: &TableRef) -> bool {
    match (one, other) {
        (TableRef::Table(one, _), TableRef::Table(other, _)) => one == other,
        _ => false,
    }
}

/// Whether a hop's condition, if it has one, changes by saves of its two rows only: it calls no function and asks no
/// other table.
fn is_timeless(hop: &RelationDef) -> bool {
    let Some(on) = &hop.on_condition else { return true };
    let [source, target] = ["touchable_source", "touchable_target"].map(|name| Alias::new(name).into_iden());
    let sql = Query::select()
        .cond_where(on(source, target))
        .to_string(PostgresQueryBuilder)
        .to_uppercase();
    let calls = |(at, _): (usize, &str)| sql[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    !sql.match_indices('(').any(calls)
        && !sql["SELECT".len()..].contains("SELECT ")
        && !sql.contains("CURRENT_")
}
