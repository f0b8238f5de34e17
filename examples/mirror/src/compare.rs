//! Whether the mirror equals the table.

use crate::source::Products;

/// The ids of rows that only one of them has, or that are not the same in both.
pub fn differing(table: &Products, mirror: &Products) -> Vec<i32> {
    let only_there = mirror.keys().filter(|id| !table.contains_key(id));
    let others = table
        .iter()
        .filter(|(id, product)| mirror.get(id) != Some(product));
    let mut ids: Vec<i32> = others.map(|(id, _)| id).chain(only_there).copied().collect();
    ids.sort_unstable();
    ids
}
