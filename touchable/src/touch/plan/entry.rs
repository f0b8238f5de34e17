//! Rows that something other than a cascade touches.

use std::{ptr, sync::Arc};

use super::{Reason, RowSet, Start, Values};
use crate::entity::{CompiledRule, Key, Schema};

/// Rows that something other than a cascade touches.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub target: &'static Schema,
    pub columns: &'static [&'static str],
    pub rows: Arc<RowSet>,
    pub source: &'static Schema,
    pub reason: Reason,
}

impl Entry {
    /// The rows that a rule of `source` names.
    pub(crate) fn fired(source: &'static Schema, rule: &'static CompiledRule, from: Start) -> Self {
        Self {
            target: (rule.target)(),
            columns: &rule.columns,
            rows: Arc::new(RowSet::Through { rule, from }),
            source,
            reason: Reason::Rule(rule),
        }
    }

    /// The rows of this key, to which a row of `source` belongs that need not be stored.
    pub(crate) fn parent(source: &'static Schema, rule: &'static CompiledRule, key: Key) -> Self {
        let values = Values {
            former: vec![key],
            ..Values::default()
        };
        Self::fired(source, rule, Start::Values(values))
    }

    /// Whether both name the rows of one rule.
    pub(crate) fn same_rule(&self, other: &Self) -> bool {
        let (RowSet::Through { rule: one, .. }, RowSet::Through { rule: another, .. }) =
            (&*self.rows, &*other.rows)
        else {
            return false;
        };
        ptr::eq(*one, *another) && self.columns == other.columns
    }

    /// The same rows in two parts; `None` for one row, or where they are found by a query.
    pub(crate) fn halves(&self) -> Option<(Self, Self)> {
        let with = |rows: RowSet| Self {
            rows: Arc::new(rows),
            ..self.clone()
        };
        match &*self.rows {
            RowSet::Keys(keys) if keys.len() > 1 => {
                let (first, second) = keys.split_at(keys.len() / 2);
                Some((
                    with(RowSet::Keys(first.to_vec())),
                    with(RowSet::Keys(second.to_vec())),
                ))
            }
            RowSet::Through {
                from: Start::Values(values),
                ..
            } => {
                let (first, second) = values.halves()?;
                Some((
                    self.with_start(Start::Values(first)),
                    self.with_start(Start::Values(second)),
                ))
            }
            _ => None,
        }
    }

    /// Whether this is as many keys as one statement may name.
    pub(crate) fn is_chunk(&self) -> bool {
        matches!(
            &*self.rows,
            RowSet::Through {
                from: Start::Values(_),
                ..
            }
        )
    }

    /// The same rule from elsewhere.
    pub(crate) fn with_start(&self, from: Start) -> Self {
        let rows = match &*self.rows {
            RowSet::Through { rule, .. } => Arc::new(RowSet::Through { rule, from }),
            _ => self.rows.clone(),
        };
        Self {
            target: self.target,
            columns: self.columns,
            rows,
            source: self.source,
            reason: self.reason,
        }
    }

    /// These rows themselves.
    pub(crate) fn rows(target: &'static Schema, keys: Vec<Key>) -> Self {
        Self {
            target,
            columns: &[],
            rows: Arc::new(RowSet::Keys(keys)),
            source: target,
            reason: Reason::Asked(target),
        }
    }
}
