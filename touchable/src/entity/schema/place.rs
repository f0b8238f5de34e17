//! Where an entity stands among those that rules connect.

use std::ptr;

use super::super::components::components;
use crate::entity::Schema;

/// Where an entity stands among those that rules connect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// How many steps rules lead on from here at most, cycles counted as one.
    pub height: usize,
    /// Whether rules lead back here.
    pub circular: bool,
}

impl Place {
    pub(super) fn of(schema: &'static Schema) -> Self {
        let mut nodes = vec![schema];
        let mut edges = Vec::new();
        let mut from = 0;
        while let Some(node) = nodes.get(from).copied() {
            for rule in &node.rules {
                let target = (rule.target)();
                let to = nodes
                    .iter()
                    .position(|node| ptr::eq(*node, target))
                    .unwrap_or_else(|| {
                        nodes.push(target);
                        nodes.len() - 1
                    });
                edges.push((from, to));
            }
            from += 1;
        }
        let components = components(nodes.len(), &edges);
        let mut heights = vec![0; nodes.len()];
        for component in components.iter().rev() {
            let onward = edges
                .iter()
                .filter(|(from, to)| component.contains(from) && !component.contains(to))
                .map(|(_, to)| heights[*to] + 1);
            let height = onward.max().unwrap_or_default();
            for node in component {
                heights[*node] = height;
            }
        }
        let circular = components
            .iter()
            .any(|component| component.contains(&0) && component.len() > 1)
            || edges.contains(&(0, 0));
        Self {
            height: heights[0],
            circular,
        }
    }
}
