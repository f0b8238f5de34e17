//! What the rows that an INSERT has written show elsewhere.

use std::collections::HashMap;

use sea_orm::sea_query::Alias;

use super::super::stored::Stored;
use crate::{
    clock::Stamp,
    entity::{CompiledRule, Key, Schema, SoftDelete, is_null, same},
    touch::{CHUNK, Entry, Except, Query as Rows, Start, Values, rows_of, sides},
};

/// A row that was there, and is not as it was.
#[derive(Debug)]
pub(super) struct Changed {
    pub key: Key,
    columns: Vec<&'static str>,
    /// The touch column has moved, by itself or with the others.
    touched: bool,
    soft_delete: SoftDelete,
    /// As it was, when that is known.
    before: Option<Stored>,
}

impl Changed {
    /// What is different now, where rows that change get this stamp. Columns that are `assigned` count whatever they hold.
    pub(super) fn of(
        schema: &Schema,
        before: &Stored,
        after: &Stored,
        assigned: &[String],
        stamp: Stamp,
    ) -> Option<Self> {
        let differ: Vec<&'static str> = schema
            .column_names()
            .zip(before.values.iter().zip(&after.values))
            .filter(|(name, (before, after))| {
                assigned.iter().any(|assigned| assigned == name) || !same(before, after)
            })
            .map(|(name, _)| name)
            .collect();
        let own = |name: &&str| *name == schema.touch || schema.version == Some(*name);
        // Every change moves the touch column; that is a touch only by itself, or to a stamp of the application's.
        let stored = |row: &Stored| (schema.value_stamp)(row.value(schema, schema.touch)?);
        let ours = stored(before).map_or(stamp, |before| stamp.max(before.next()));
        let touched =
            differ.contains(&schema.touch) && (differ.iter().all(own) || stored(after) != Some(ours));
        (!differ.is_empty()).then(|| Self {
            key: after.key.clone(),
            columns: differ.into_iter().filter(|name| !own(name)).collect(),
            touched,
            soft_delete: schema.deleted.map_or_else(SoftDelete::default, |column| {
                let is_null = |row: &Stored| row.value(schema, column).map(is_null);
                SoftDelete::of(is_null(before), is_null(after))
            }),
            before: Some(before.clone()),
        })
    }

    /// A row of which nobody knows how it was.
    pub(super) fn anyhow(schema: &Schema, key: Key) -> Self {
        Self {
            key,
            columns: schema.column_names().collect(),
            touched: true,
            soft_delete: SoftDelete::Unknown,
            before: None,
        }
    }

    /// Whether a rule may associate other rows now, be it by its condition.
    fn moves(&self, rule: &CompiledRule) -> bool {
        self.columns.iter().any(|column| rule.is_moved_by(column))
    }

    fn fires(&self, rule: &CompiledRule) -> bool {
        (rule.events.update && self.moves(rule))
            || self.columns.iter().any(|column| rule.watches(column))
            || (self.touched && rule.cascades())
            || self.soft_delete.fires(rule.events)
    }

    /// The row as it was, where a rule may associate other rows now.
    fn before(&self, rule: &CompiledRule) -> Option<&Stored> {
        self.before.as_ref().filter(|_| self.moves(rule))
    }

    /// What a rule under a condition named before: the condition is asked of the row as it was.
    fn formerly(&self, schema: &'static Schema, rule: &'static CompiledRule) -> Option<Entry> {
        let before = self.before(rule)?;
        let columns = schema.column_names().zip(&before.values);
        let was = columns
            .filter(|(name, _)| rule.is_moved_by(name))
            .map(|(name, value)| (name, schema.typed(name, value.clone())));
        Some(sides::becoming(schema, rule, &self.key, was.collect()))
    }
}

/// What a rule names in a row, unless it is null.
pub(super) fn key_of(schema: &Schema, row: &Stored, rule: &CompiledRule) -> Option<Key> {
    rule.key()
        .map(|column| {
            row.value(schema, &column)
                .filter(|value| !is_null(value))
                .cloned()
        })
        .collect()
}

/// What an INSERT has written, as far as rules show it.
#[derive(Debug)]
pub(super) struct Shown {
    pub schema: &'static Schema,
    /// New rows.
    pub created: Vec<Key>,
    /// Rules that new rows fire, found in the database.
    pub creating: Vec<&'static CompiledRule>,
    /// What new rows name, where that is known without asking.
    pub parents: Vec<(&'static CompiledRule, Vec<Key>)>,
    /// Rows that were there.
    pub changed: Vec<Changed>,
    /// Rules that they can fire.
    pub updating: Vec<&'static CompiledRule>,
}

impl Shown {
    /// What is to be touched, and the rows that have moved by themselves, in parts that one statement can name.
    pub(super) fn parts(&self) -> impl Iterator<Item = (Vec<Entry>, Except)> {
        let rules = self.creating.len().max(1) + 2 * self.updating.len();
        let size = (CHUNK / rules).max(1);
        let most = self.parents.iter().map(|(_, keys)| keys.len());
        let most = most.chain([self.created.len(), self.changed.len()]).max();
        (0..most.unwrap_or_default().div_ceil(size)).map(move |n| self.part(n, size))
    }

    fn part(&self, n: usize, size: usize) -> (Vec<Entry>, Except) {
        let created = self.created.chunks(size).nth(n).unwrap_or_default();
        let changed = self.changed.chunks(size).nth(n).unwrap_or_default();
        let parents = self.parents.iter().filter_map(|(rule, keys)| {
            let former = keys.chunks(size).nth(n)?.to_vec();
            Some(self.named(rule, former))
        });
        let created_rows = self
            .creating
            .iter()
            .filter(|_| !created.is_empty())
            .map(|rule| self.stored(rule, created));
        let changed_rows = self.updating.iter().flat_map(|rule| {
            let fired: Vec<&Changed> = changed.iter().filter(|row| row.fires(rule)).collect();
            let keys: Vec<Key> = fired.iter().map(|row| row.key.clone()).collect();
            let now = (!keys.is_empty()).then(|| self.stored(rule, &keys));
            let before: Vec<Entry> = if rule.is_conditional() {
                fired
                    .iter()
                    .filter_map(|row| row.formerly(self.schema, rule))
                    .collect()
            } else {
                let former = fired
                    .iter()
                    .filter_map(|row| key_of(self.schema, row.before(rule)?, rule));
                let former: Vec<Key> = former.collect();
                (!former.is_empty())
                    .then(|| self.named(rule, former))
                    .into_iter()
                    .collect()
            };
            now.into_iter().chain(before)
        });
        let entries = parents.chain(created_rows).chain(changed_rows).collect();
        let moved = created.iter().chain(changed.iter().map(|row| &row.key));
        (entries, self.except(&moved.cloned().collect::<Vec<_>>()))
    }

    /// What a rule names in stored rows.
    fn stored(&self, rule: &'static CompiledRule, keys: &[Key]) -> Entry {
        let rows = Rows::of(self.schema, rows_of(self.schema, keys), HashMap::new());
        Entry::fired(self.schema, rule, Start::Query(rows.into()))
    }

    /// The rows of these keys.
    fn named(&self, rule: &'static CompiledRule, former: Vec<Key>) -> Entry {
        let values = Values {
            former,
            ..Values::default()
        };
        Entry::fired(self.schema, rule, Start::Values(values))
    }

    fn except(&self, moved: &[Key]) -> Except {
        if moved.is_empty() {
            return Except::Nobody;
        }
        let mut rows = rows_of(self.schema, moved);
        rows.columns(self.schema.primary_key.iter().map(|name| Alias::new(*name)));
        Except::Rows(Box::new(rows))
    }
}
