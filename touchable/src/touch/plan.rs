//! From fired rules to touches: merged, cascaded, in a fixed order. Pure: nothing here speaks to a database.

use std::{cmp::Reverse, collections::HashMap, ptr, sync::Arc};

use sea_orm::{
    RelationDef, Value,
    sea_query::{Expr, SelectStatement},
};

use super::{Schema, components::components, schema::CompiledRule};

/// The values of one row's key, in the order of the key's columns.
pub(crate) type Key = Vec<Value>;

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

    /// Asks for the keys of the rows of published entities.
    pub(crate) fn tell(&mut self) {
        for touch in &mut self.touches {
            touch.told = touch.target.feed.is_some();
        }
    }

    /// Whether it moves rows of which the keys are asked for.
    pub(crate) fn is_told(&self) -> bool {
        self.touches.iter().any(|touch| touch.told)
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
    pub told: bool,
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

/// A set of rows of one entity, described so that the database can find it.
#[derive(Debug)]
pub(crate) enum RowSet {
    /// The rows with these primary keys.
    Keys(Vec<Key>),
    /// The rows at the end of a path of associations.
    Through {
        hops: &'static [RelationDef],
        from: Start,
    },
    Union(Vec<Arc<RowSet>>),
    /// The rows of one entity among those reached by going round a cycle of rules.
    Walk {
        walk: Arc<Walk>,
        node: usize,
    },
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
            rows: Arc::new(RowSet::Through {
                hops: &rule.hops,
                from,
            }),
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
        let (RowSet::Through { hops: one, .. }, RowSet::Through { hops: another, .. }) =
            (&*self.rows, &*other.rows)
        else {
            return false;
        };
        ptr::eq(*one, *another) && self.columns == other.columns
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
            RowSet::Through { hops, .. } => Arc::new(RowSet::Through { hops, from }),
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

/// A cascading rule between two of the planned entities.
struct Edge {
    from: usize,
    to: usize,
    rule: &'static CompiledRule,
}

/// Plans the touches of these entries and of everything they cascade to.
///
/// `suppressed` entities are neither touched nor passed through.
pub(crate) fn plan(mut entries: Vec<Entry>, suppressed: impl Fn(&Schema) -> bool) -> Plan {
    entries.retain(|entry| !suppressed(entry.target));
    let mut sources: Vec<&'static Schema> = Vec::new();
    for entry in &entries {
        if !sources.iter().any(|source| ptr::eq(*source, entry.source)) {
            sources.push(entry.source);
        }
    }
    let (nodes, edges) = reachable(&entries, &suppressed);
    let mut planner = Planner {
        sets: nodes.iter().map(|_| None).collect(),
        parts: Vec::new(),
        nodes,
        edges,
    };
    let order = components(
        planner.nodes.len(),
        &planner
            .edges
            .iter()
            .map(|edge| (edge.from, edge.to))
            .collect::<Vec<_>>(),
    );
    for entry in entries {
        let node = planner.index(entry.target);
        planner.parts.push(Part {
            node,
            columns: entry.columns,
            rows: entry.rows,
            reason: entry.reason,
        });
    }
    for component in order {
        planner.close(&component);
    }
    Plan {
        sources,
        touches: planner.into_touches(),
    }
}

/// The entities that touches can reach, and the cascading rules among them.
fn reachable(entries: &[Entry], suppressed: &impl Fn(&Schema) -> bool) -> (Vec<&'static Schema>, Vec<Edge>) {
    let mut nodes: Vec<&'static Schema> = Vec::new();
    let mut edges = Vec::new();
    let seen = |nodes: &mut Vec<&'static Schema>, schema: &'static Schema| {
        nodes
            .iter()
            .position(|node| ptr::eq(*node, schema))
            .unwrap_or_else(|| {
                nodes.push(schema);
                nodes.len() - 1
            })
    };
    for entry in entries {
        seen(&mut nodes, entry.target);
    }
    let mut from = 0;
    while let Some(schema) = nodes.get(from).copied() {
        for rule in schema.cascading() {
            let target = (rule.target)();
            if !suppressed(target) {
                let to = seen(&mut nodes, target);
                edges.push(Edge { from, to, rule });
            }
        }
        from += 1;
    }
    (nodes, edges)
}

struct Planner {
    nodes: Vec<&'static Schema>,
    edges: Vec<Edge>,
    parts: Vec<Part>,
    /// For each closed node, every row of it that is touched, in whatever columns.
    sets: Vec<Option<Arc<RowSet>>>,
}

/// Some rows of a node, and the columns to bump in them.
struct Part {
    node: usize,
    columns: &'static [&'static str],
    rows: Arc<RowSet>,
    reason: Reason,
}

impl Planner {
    fn index(&self, schema: &'static Schema) -> usize {
        self.nodes
            .iter()
            .position(|node| ptr::eq(*node, schema))
            .unwrap_or_default()
    }

    /// Adds what the touched rows of a component's nodes cascade to. Everything before it is closed.
    fn close(&mut self, component: &[usize]) {
        let inner: Vec<usize> = (0..self.edges.len())
            .filter(|edge| {
                let edge = &self.edges[*edge];
                component.contains(&edge.from) && component.contains(&edge.to)
            })
            .collect();
        let outside: Vec<(usize, Arc<RowSet>)> = self
            .parts
            .iter()
            .filter(|part| component.contains(&part.node))
            .map(|part| (part.node, part.rows.clone()))
            .collect();
        if inner.is_empty() {
            for node in component {
                self.sets[*node] = Some(union(outside.iter().map(|(_, rows)| rows.clone()).collect()));
            }
        } else {
            self.walk(component, outside, &inner);
        }
        for edge in 0..self.edges.len() {
            if component.contains(&self.edges[edge].from) {
                self.follow(edge);
            }
        }
    }

    fn walk(&mut self, component: &[usize], base: Vec<(usize, Arc<RowSet>)>, inner: &[usize]) {
        let local = |node: usize| {
            component
                .iter()
                .position(|other| *other == node)
                .unwrap_or_default()
        };
        let walk = Arc::new(Walk {
            nodes: component.iter().map(|node| self.nodes[*node]).collect(),
            base: base.into_iter().map(|(node, rows)| (local(node), rows)).collect(),
            edges: inner
                .iter()
                .map(|edge| &self.edges[*edge])
                .map(|edge| WalkEdge {
                    from: local(edge.from),
                    to: local(edge.to),
                    hops: &edge.rule.hops,
                })
                .collect(),
        });
        for node in component {
            self.sets[*node] = Some(Arc::new(RowSet::Walk {
                walk: walk.clone(),
                node: local(*node),
            }));
        }
    }

    /// Adds the rows that one cascading rule leads to.
    fn follow(&mut self, edge: usize) {
        let Edge { from, to, rule } = self.edges[edge];
        let Some(rows) = self.sets[from].clone() else {
            return;
        };
        let source = self.nodes[from];
        self.parts.push(Part {
            node: to,
            columns: &rule.columns,
            rows: Arc::new(RowSet::Through {
                hops: &rule.hops,
                from: Start::Rows { source, rows },
            }),
            reason: Reason::Rule(rule),
        });
    }

    /// One touch for each table and set of columns.
    fn into_touches(self) -> Vec<Touch> {
        let mut touches: Vec<Touch> = Vec::new();
        let mut rows: Vec<Vec<Arc<RowSet>>> = Vec::new();
        for part in &self.parts {
            let target = self.nodes[part.node];
            let found = touches
                .iter()
                .position(|touch| ptr::eq(touch.target, target) && touch.columns == part.columns);
            let at = found.unwrap_or_else(|| {
                touches.push(Touch {
                    target,
                    columns: part.columns,
                    rows: part.rows.clone(),
                    except: Except::Nobody,
                    rules: Vec::new(),
                    told: false,
                });
                rows.push(Vec::new());
                touches.len() - 1
            });
            if !touches[at].rules.contains(&part.reason) {
                touches[at].rules.push(part.reason);
            }
            rows[at].push(part.rows.clone());
        }
        for (touch, rows) in touches.iter_mut().zip(rows) {
            touch.rows = self.whole(touch).unwrap_or_else(|| union(rows));
        }
        touches.sort_by_cached_key(|touch| {
            (
                Reverse(touch.target.place().height),
                touch.target.order(),
                touch.columns,
            )
        });
        touches
    }

    /// A walk has found all rows of its nodes: where they are all bumped in the same columns, nothing else need be asked.
    fn whole(&self, touch: &Touch) -> Option<Arc<RowSet>> {
        let node = self.index(touch.target);
        let set = self.sets[node]
            .as_ref()
            .filter(|set| matches!(***set, RowSet::Walk { .. }))?;
        self.parts
            .iter()
            .filter(|part| part.node == node)
            .all(|part| part.columns == touch.columns)
            .then(|| set.clone())
    }
}

fn union(mut rows: Vec<Arc<RowSet>>) -> Arc<RowSet> {
    match rows.pop() {
        Some(only) if rows.is_empty() => only,
        Some(last) => {
            rows.push(last);
            Arc::new(RowSet::Union(rows))
        }
        None => Arc::new(RowSet::Keys(Vec::new())),
    }
}
