//! Strongly connected components: where rules form cycles.

/// The strongly connected components of a graph, sources first (R. Tarjan, "Depth-first search and linear graph
/// algorithms", 1972).
pub(crate) fn components(nodes: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut search = Search {
        edges,
        index: vec![None; nodes],
        low: vec![0; nodes],
        stack: Vec::new(),
        next: 0,
        found: Vec::new(),
    };
    for node in 0..nodes {
        if search.index[node].is_none() {
            search.visit(node);
        }
    }
    search.found.reverse();
    search.found
}

struct Search<'a> {
    edges: &'a [(usize, usize)],
    index: Vec<Option<usize>>,
    low: Vec<usize>,
    stack: Vec<usize>,
    next: usize,
    found: Vec<Vec<usize>>,
}

impl Search<'_> {
    fn visit(&mut self, node: usize) {
        let index = self.next;
        self.next += 1;
        self.index[node] = Some(index);
        self.low[node] = index;
        self.stack.push(node);
        for &(_, to) in self.edges.iter().filter(|(from, _)| *from == node) {
            if self.index[to].is_none() {
                self.visit(to);
                self.low[node] = self.low[node].min(self.low[to]);
            } else if let Some(index) = self.index[to].filter(|_| self.stack.contains(&to)) {
                self.low[node] = self.low[node].min(index);
            }
        }
        if self.low[node] == index {
            let start = self
                .stack
                .iter()
                .position(|other| *other == node)
                .unwrap_or_default();
            self.found.push(self.stack.split_off(start));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::components;

    #[test]
    fn a_chain_comes_in_order() {
        assert_eq!(components(3, &[(2, 1), (1, 0)]), [vec![2], vec![1], vec![0]]);
    }

    #[test]
    fn a_cycle_is_one_component_and_comes_before_what_it_leads_to() {
        assert_eq!(
            components(4, &[(0, 1), (1, 2), (2, 1), (2, 3)]),
            [vec![0], vec![1, 2], vec![3]]
        );
    }
}
