//! Where touches come back to where they began.

use std::collections::VecDeque;

use super::TouchGraph;

impl TouchGraph {
    /// The circles in which touches run, each as the tables on its way: `["events", "tasks"]` says that a touch of an
    /// event touches tasks, and that of a task events.
    ///
    /// Cycles are allowed: a flush follows them until it finds no new row. But they make a small change touch much,
    /// up to everything that hangs together. For every rule that lies on a cycle the shortest one is listed, so that
    /// no such rule is missing and no long way round is listed beside the short ones it is made of.
    #[must_use]
    pub fn cycles(&self) -> Vec<Vec<&'static str>> {
        let edges = self.cascading();
        let mut cycles: Vec<Vec<usize>> = Vec::new();
        for (from, to) in &edges {
            let Some(mut cycle) = shortest(*to, *from, &edges, self.schemas.len()) else {
                continue;
            };
            let first = (0..cycle.len()).min_by_key(|at| cycle[*at]).unwrap_or_default();
            cycle.rotate_left(first);
            if !cycles.contains(&cycle) {
                cycles.push(cycle);
            }
        }
        let names = |cycle: Vec<usize>| cycle.into_iter().map(|node| self.schemas[node].name).collect();
        cycles.into_iter().map(names).collect()
    }

    /// The cascading rules as pairs of places.
    fn cascading(&self) -> Vec<(usize, usize)> {
        self.rules()
            .filter(super::GraphRule::cascades)
            .filter_map(|rule| {
                Some((
                    self.place(rule.source_schema())?,
                    self.place(rule.target_schema())?,
                ))
            })
            .collect()
    }
}

/// The nodes of a shortest way, both ends included; breadth first.
fn shortest(from: usize, to: usize, edges: &[(usize, usize)], nodes: usize) -> Option<Vec<usize>> {
    let mut before = vec![None; nodes];
    let mut open = VecDeque::from([from]);
    before[from] = Some(from);
    while let Some(node) = open.pop_front() {
        if node == to {
            let mut way = vec![to];
            let mut at = to;
            while at != from {
                at = before[at]?;
                way.push(at);
            }
            way.reverse();
            return Some(way);
        }
        for (_, next) in edges.iter().filter(|(source, _)| *source == node) {
            if before[*next].is_none() {
                before[*next] = Some(node);
                open.push_back(*next);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::shortest;

    #[test]
    fn a_loop_is_a_way_of_one_node() {
        assert_eq!(shortest(0, 0, &[(0, 0)], 1), Some(vec![0]));
    }

    #[test]
    fn the_short_way_round_is_taken() {
        let edges = [(0, 1), (1, 2), (2, 0), (1, 0)];
        assert_eq!(shortest(1, 0, &edges, 3), Some(vec![1, 0]));
        assert_eq!(shortest(2, 1, &edges, 3), Some(vec![2, 0, 1]));
        assert_eq!(shortest(0, 3, &edges, 4), None);
    }
}
