//! What a flush has to do.

use std::{ptr, sync::Arc};

use sea_orm::sea_query::SelectStatement;

use super::RowSet;
use crate::entity::{CompiledRule, Key, Schema};

/// What a flush has to do.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// The entities whose change this is for, each once.
    pub sources: Vec<&'static Schema>,
    /// Ordered by table, the same on every node.
    pub touches: Vec<Touch>,
}

impl Plan {
    /// Leaves out the rows of `of` that move by their own save.
    pub(crate) fn spare(&mut self, of: &Schema, saved: &Except) {
        for touch in self.touches.iter_mut().filter(|touch| touch.moves(of)) {
            touch.except = saved.clone();
        }
    }

    /// Has all rows locked first where some are found through rows that come later.
    pub(super) fn hold(&mut self) {
        let looks_ahead = (0..self.touches.len()).any(|at| {
            let (before, from) = self.touches.split_at(at);
            let is_locked = |schema: &Schema| before.iter().any(|touch| ptr::eq(touch.target, schema));
            from[0].rows.looks_ahead(&is_locked)
        });
        for touch in &mut self.touches {
            touch.held = looks_ahead;
        }
    }

    /// Asks for the keys of the rows of published entities.
    pub(crate) fn publish(&mut self) {
        for touch in &mut self.touches {
            touch.published = touch.target.feed.is_some();
        }
    }
}

/// One UPDATE: every row of a table that a flush touches in the same columns.
#[derive(Debug)]
pub(crate) struct Touch {
    pub target: &'static Schema,
    /// Empty for the touch column.
    pub columns: &'static [&'static str],
    pub rows: Arc<RowSet>,
    pub except: Except,
    /// The rules that led here, for messages.
    pub rules: Vec<Reason>,
    /// The keys of the rows that it moves are asked for.
    pub published: bool,
    /// The plan looks for rows through others that it locks later: these may lead elsewhere by then. All are locked first.
    pub held: bool,
}

impl Touch {
    /// The columns that move: those of the rule, or the touch column and the version.
    pub(crate) fn bumped(&self) -> impl Iterator<Item = &'static str> {
        let own = [Some(self.target.touch), self.target.version]
            .into_iter()
            .flatten();
        self.columns
            .iter()
            .copied()
            .chain(own.filter(|_| self.columns.is_empty()))
    }

    /// Whether this moves the touch column of rows of this entity.
    pub(crate) fn moves(&self, schema: &Schema) -> bool {
        ptr::eq(self.target, schema) && self.columns.is_empty()
    }
}

/// What leads to a touch: a rule, or the application itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reason {
    Rule(&'static CompiledRule),
    Asked(&'static Schema),
}

impl Reason {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Rule(rule) => &rule.label,
            Self::Asked(schema) => &schema.touched,
        }
    }
}

impl PartialEq for Reason {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self.label(), other.label())
    }
}

/// Rows that have moved already, by their own save.
#[derive(Clone, Debug, Default)]
pub(crate) enum Except {
    #[default]
    Nobody,
    Row(Key),
    /// The rows that a bulk write is about to move.
    Rows(Box<SelectStatement>),
}
