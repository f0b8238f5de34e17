//! Sets of rows, described so that the database can find them.

use std::{collections::HashMap, sync::Arc};

use sea_orm::{
    Identity, RelationDef,
    sea_query::{Expr, SelectStatement},
};

use crate::entity::{CompiledRule, Key, Schema};

/// A set of rows of one entity, described so that the database can find it.
#[derive(Debug)]
pub(crate) enum RowSet {
    /// The rows with these primary keys.
    Keys(Vec<Key>),
    /// The rows at the end of a path of associations.
    Through {
        rule: &'static CompiledRule,
        from: Start,
    },
    Union(Vec<Arc<RowSet>>),
    /// The rows of one entity among those reached by going round a cycle of rules.
    Walk {
        walk: Arc<Walk>,
        node: usize,
    },
}

impl RowSet {
    /// Whether some of the rows are found through rows that are not locked when these are, and that may lead elsewhere by then.
    pub(super) fn looks_ahead(&self, is_locked: &impl Fn(&Schema) -> bool) -> bool {
        match self {
            Self::Walk { .. } => true,
            Self::Union(parts) => parts.iter().any(|part| part.looks_ahead(is_locked)),
            Self::Through {
                rule,
                from: Start::Rows { source, rows },
            } => {
                let leads = rule.hops.first();
                (!is_locked(source) && !leads.is_some_and(|hop| rows.are_found_by(&hop.from_col)))
                    || rows.looks_ahead(is_locked)
            }
            Self::Keys(_) | Self::Through { .. } => false,
        }
    }

    /// Whether the rows are those with known values in these columns: one that gets others is none of them any more.
    fn are_found_by(&self, columns: &Identity) -> bool {
        match self {
            Self::Through {
                rule,
                from: Start::Values(_) | Start::Query(_),
            } => matches!(rule.hops.as_slice(), [hop] if !rule.is_conditional() && hop.to_col == *columns),
            Self::Union(parts) => parts.iter().all(|part| part.are_found_by(columns)),
            _ => false,
        }
    }
}

/// Where a path of associations starts.
#[derive(Clone, Debug)]
pub(crate) enum Start {
    /// A row whose key columns are known to the process.
    Values(Values),
    /// The rows of a query.
    Query(Arc<Query>),
    /// Rows that this flush touches.
    Rows {
        source: &'static Schema,
        rows: Arc<RowSet>,
    },
}

/// What is known of a saved row's association.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    /// The primary key, while the row is stored: conditions on the association are asked of it.
    pub row: Option<Key>,
    pub row_table: Option<&'static Schema>,
    /// The association's key as it is stored now.
    pub current: Vec<Key>,
    /// The key as it was: nobody can ask the row for it any more.
    pub former: Vec<Key>,
}

impl Values {
    /// The same keys in two parts, unless there is one.
    pub(super) fn halves(&self) -> Option<(Self, Self)> {
        if self.current.len() + self.former.len() < 2 {
            return None;
        }
        let part = |current: &[Key], former: &[Key]| Self {
            current: current.to_vec(),
            former: former.to_vec(),
            ..self.clone()
        };
        Some(if self.current.is_empty() {
            let (first, second) = self.former.split_at(self.former.len() / 2);
            (part(&[], first), part(&[], second))
        } else if self.former.is_empty() {
            let (first, second) = self.current.split_at(self.current.len() / 2);
            (part(first, &[]), part(second, &[]))
        } else {
            (part(&self.current, &[]), part(&[], &self.former))
        })
    }
}

/// Rows of an entity that a bulk write will change, before it does.
#[derive(Debug)]
pub(crate) struct Query {
    pub source: &'static Schema,
    /// `FROM` and `WHERE`, without columns.
    pub rows: SelectStatement,
    /// Columns that the write is about to set.
    pub becomes: HashMap<&'static str, Expr>,
}

impl Query {
    pub(crate) fn of(
        source: &'static Schema,
        rows: SelectStatement,
        becomes: HashMap<&'static str, Expr>,
    ) -> Self {
        Self {
            source,
            rows,
            becomes,
        }
    }
}

/// The rows reached from some rows by following rules that form a cycle, until nothing new is found.
#[derive(Debug)]
pub(crate) struct Walk {
    pub nodes: Vec<&'static Schema>,
    pub base: Vec<(usize, Arc<RowSet>)>,
    pub edges: Vec<WalkEdge>,
}

#[derive(Debug)]
pub(crate) struct WalkEdge {
    pub from: usize,
    pub to: usize,
    pub hops: &'static [RelationDef],
}
