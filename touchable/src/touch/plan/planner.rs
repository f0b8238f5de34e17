//! Merges entries, and follows the rules that cascade.

use std::{cmp::Reverse, ptr, sync::Arc};

use super::{Entry, Except, Plan, Reason, RowSet, Start, Touch, Walk, WalkEdge};
use crate::entity::{CompiledRule, Schema, components};

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
    let mut plan = Plan {
        sources,
        touches: planner.into_touches(),
    };
    plan.hold();
    plan
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
                rule,
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
                    published: false,
                    held: false,
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
