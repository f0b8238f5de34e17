//! The cache behind every piece of a page.
//!
//! A fragment's key is its record, the record's version and its template. Nothing here is ever invalidated: a save or a
//! touch moves the version, and the old entry is not asked for again.
//!
//! What a renderer shows beside its record it reads itself, after the record: then it may show what is newer than the
//! version it is kept under, which the next touch puts right, and never what is older, which nothing would.

use std::{error::Error, time::Duration};

use chrono::Utc;
use touchable::cache::{
    Cache, FragmentCache, Lookup, Options, Template, Versioned,
    store::{AnyStore, Failsafe, Memory, Redis},
};

use crate::{
    badges::{Fragment, Seen, State},
    failure::Failure,
};

/// What all keys begin with, so that others can use the same Redis.
const NAMESPACE: &str = "board";

/// Old versions of fragments go by themselves; Redis would keep them for ever.
const TTL: Duration = Duration::from_hours(24);

/// The cache.
pub struct Fragments {
    cache: FragmentCache<AnyStore>,
    place: &'static str,
}

impl Fragments {
    /// In Redis, or in the memory of this process.
    pub async fn open(redis: Option<&str>) -> Result<Self, Box<dyn Error>> {
        let (store, place) = match redis {
            Some(url) => {
                let store = Failsafe::new(Redis::connect(url).await?);
                let store = store.on_error(|failure| eprintln!("the cache: {}", failure.error));
                (AnyStore::new(store), "Redis")
            }
            None => (AnyStore::new(Memory::new()), "memory"),
        };
        let cache = Cache::builder(store).namespace(NAMESPACE).build()?;
        Ok(Self {
            cache: FragmentCache::with_options(cache, Options::new().ttl(TTL)),
            place,
        })
    }

    /// Where the fragments are, in words.
    pub const fn place(&self) -> &'static str {
        self.place
    }

    /// The fragment of a record, rendered when this version of it is not there.
    pub async fn fetch<R, Fut>(
        &self,
        record: &R,
        template: Template,
        render: impl FnOnce() -> Fut,
    ) -> Result<Fragment, Failure>
    where
        R: Versioned,
        Fut: Future<Output = Result<String, Failure>>,
    {
        let html = self.cache.fetch(record, template, render).await?;
        Ok(Fragment {
            name: name(record, template)?,
            html,
        })
    }

    /// The fragments of records in their order; all that are missing are rendered at once.
    pub async fn fetch_many<'a, R, Fut>(
        &self,
        records: &'a [R],
        template: Template,
        render: impl Fn(Vec<&'a R>) -> Fut,
    ) -> Result<Vec<Fragment>, Failure>
    where
        R: Versioned + Sync,
        Fut: Future<Output = Result<Vec<String>, Failure>>,
    {
        let htmls = self.cache.fetch_many(records, template, render).await?;
        let fragments = records.iter().zip(htmls).map(|(record, html)| {
            let name = name(record, template)?;
            Ok(Fragment { name, html })
        });
        fragments.collect()
    }
}

/// Runs a page view and says which fragments it has asked for.
pub async fn observe<T>(view: impl Future<Output = T>) -> (T, Vec<Seen>) {
    let (output, lookups) = touchable::cache::observe(view).await;
    (output, lookups.iter().map(seen).collect())
}

fn seen(lookup: &Lookup) -> Seen {
    Seen {
        name: name_in(&lookup.key).unwrap_or_else(|| lookup.key.clone()),
        state: if lookup.rendered { State::Miss } else { State::Hit },
    }
}

/// `tasks/5 task_card`.
fn name(record: &impl Versioned, template: Template) -> Result<String, Failure> {
    Ok(format!("{} {}", record.cache_key()?, stem(template.name())))
}

/// The same from a key in the store.
fn name_in(key: &str) -> Option<String> {
    let key = key.strip_prefix(NAMESPACE)?.strip_prefix(':')?;
    let (record, rest) = key.split_once('@')?;
    let (_, template) = rest.split_once('(')?;
    let (template, _) = template.split_once(':')?;
    Some(format!("{record} {}", stem(template)))
}

/// `task_card` of `templates/task_card.html`.
fn stem(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split('.').next().unwrap_or(file)
}

/// The time of day, to the millisecond, for the foot of a fragment.
pub fn now() -> String {
    Utc::now().format("%H:%M:%S%.3f").to_string()
}

#[cfg(test)]
mod tests {
    use touchable::{cache::key::Namespace, template};

    use super::*;
    use crate::entities::owner;

    #[test]
    fn a_key_and_its_parts_have_the_same_name() {
        let owner = owner::Model {
            id: 5,
            name: "Ada".to_owned(),
            time_zone: "UTC".to_owned(),
            updated_at: Utc::now(),
        };
        let template = template!("templates/owner_badge.html");
        let key = Namespace::new(NAMESPACE)
            .unwrap()
            .key(&(&owner, template))
            .unwrap();
        assert_eq!(name(&owner, template).unwrap(), "owners/5 owner_badge");
        assert_eq!(name_in(&key).as_deref(), Some("owners/5 owner_badge"), "{key}");
    }
}
