//! Fragments: rendered once, found again until what they show changes, and never older than their key.

mod consistent;
mod frugal;
mod many;
mod nested;
mod once;

use touchable::cache::{Cache, FragmentCache, Lookup, store::Memory};

type Fragments = FragmentCache<Memory>;

fn fragments() -> Fragments {
    FragmentCache::new(Cache::new(Memory::default()).expect("a cache"))
}

/// The keys of what was rendered, without namespace and version, sorted: `events/1 page`.
fn rendered(lookups: &[Lookup]) -> Vec<String> {
    let mut keys: Vec<String> = lookups
        .iter()
        .filter(|lookup| lookup.rendered)
        .map(|lookup| named(&lookup.key))
        .collect();
    keys.sort();
    keys
}

/// `cache:events/1@00001700000000000101:page` as `events/1 page`.
fn named(key: &str) -> String {
    let mut parts = key.trim_start_matches("cache:").split([':', '@']);
    let record = parts.next().unwrap_or_default();
    let name = parts.next_back().unwrap_or_default();
    format!("{record} {name}")
}
