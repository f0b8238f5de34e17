//! Where the values of one name lie in Redis: all of a key in one slot, keys spread over shards.

use std::sync::Arc;

use twox_hash::XxHash3_64;

use crate::redis::escaped;

/// On a cluster; one server has one.
pub(super) const MOST_SHARDS: usize = 16;

/// The keys of one shard.
#[derive(Clone, Debug)]
pub(super) struct Shard {
    /// Due times, with first fills earlier.
    pub(super) due: String,
    /// Ends of claims.
    pub(super) claims: String,
    /// All names, to be found by their beginning.
    pub(super) names: String,
    /// Before the name of each.
    pub(super) entry: String,
}

/// The keys of one name, on all shards.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    pub(super) shards: Arc<[Shard]>,
    /// On which nodes tell each other what has changed.
    pub(super) channel: String,
}

impl Keys {
    pub(super) fn new(namespace: &str, name: &str, is_cluster: bool) -> Self {
        let (namespace, name) = (escaped(namespace), escaped(name));
        let shard = |number: usize| {
            // The slash: neither a stream nor a lease of the same name has keys like these.
            let prefix = format!("{namespace}:{{reactive/{name}/{number}}}");
            Shard {
                due: format!("{prefix}:due"),
                claims: format!("{prefix}:claims"),
                names: format!("{prefix}:names"),
                entry: format!("{prefix}:value:"),
            }
        };
        let count = if is_cluster { MOST_SHARDS } else { 1 };
        Self {
            shards: (0..count).map(shard).collect(),
            channel: format!("{namespace}:reactive:{name}"),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "it is below the number of shards")]
    pub(super) fn shard(&self, key: &str) -> &Shard {
        let count = self.shards.len() as u64;
        &self.shards[(XxHash3_64::oneshot(key.as_bytes()) % count) as usize]
    }
}

/// Which names have keys, with the moment until which that is known.
pub(super) fn registry(namespace: &str) -> String {
    format!("{}:{{reactive}}:names", escaped(namespace))
}

/// The keys of a shard and of one entry in it.
pub(super) struct WithEntry<'a> {
    shard: &'a Shard,
    entry: String,
}

impl WithEntry<'_> {
    pub(super) fn each(&self) -> [&str; 4] {
        [
            &self.shard.due,
            &self.shard.claims,
            &self.shard.names,
            &self.entry,
        ]
    }
}

impl Shard {
    /// The keys of a script for one key.
    pub(super) fn with(&self, key: &str) -> WithEntry<'_> {
        WithEntry {
            shard: self,
            entry: self.of(key),
        }
    }

    pub(super) fn of(&self, key: &str) -> String {
        format!("{}{key}", self.entry)
    }
}
