//! The cache behind every piece of a page.
//!
//! A fragment's key is its record, the record's version and its template. Nothing here is ever invalidated: a save or a
//! touch moves the version, and the old entry is not asked for again.

use std::{
    collections::HashMap,
    error::Error,
    sync::{Mutex, PoisonError},
};

use chrono::Utc;
use touchable::cache::{Template, Versioned};

use crate::{
    badges::{Fragment, Seen, State},
    failure::Failure,
};

tokio::task_local! {
    static SEEN: Mutex<Vec<Seen>>;
}

/// Every fragment that has been rendered.
pub struct Fragments {
    entries: Mutex<HashMap<String, String>>,
}

impl Fragments {
    pub async fn open(_redis: Option<&str>) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            entries: Mutex::default(),
        })
    }

    /// Where the fragments are, in words.
    pub fn place(&self) -> &'static str {
        "memory"
    }

    /// The fragment of a record, rendered when this version of it is not there.
    pub async fn fetch<R, L>(&self, record: &R, template: Template, render: L) -> Result<Fragment, Failure>
    where
        R: Versioned,
        L: AsyncFnOnce() -> Result<String, Failure>,
    {
        let name = name(record, template)?;
        let key = format!("{} {}", record.cache_key_with_version()?, template.name());
        let found = self
            .entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .cloned();
        see(&name, found.is_some());
        let html = match found {
            Some(html) => html,
            None => {
                let html = render().await?;
                self.entries
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(key, html.clone());
                html
            }
        };
        Ok(Fragment { name, html })
    }

    /// The fragments of records in their order; all that are missing are rendered at once.
    pub async fn fetch_many<'r, R, L>(
        &self,
        records: &'r [R],
        template: Template,
        render: L,
    ) -> Result<Vec<Fragment>, Failure>
    where
        R: Versioned,
        L: AsyncFnOnce(Vec<&'r R>) -> Result<Vec<String>, Failure>,
    {
        let mut found = HashMap::new();
        let mut missing = Vec::new();
        for record in records {
            let key = format!("{} {}", record.cache_key_with_version()?, template.name());
            let html = self
                .entries
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(&key)
                .cloned();
            see(&name(record, template)?, html.is_some());
            match html {
                Some(html) => {
                    found.insert(record.cache_key()?, html);
                }
                None => missing.push(record),
            }
        }
        if !missing.is_empty() {
            let htmls = render(missing.clone()).await?;
            for (record, html) in missing.iter().zip(htmls) {
                let key = format!("{} {}", record.cache_key_with_version()?, template.name());
                self.entries
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(key, html.clone());
                found.insert(record.cache_key()?, html);
            }
        }
        records
            .iter()
            .map(|record| {
                let html = found.get(&record.cache_key()?).cloned().unwrap_or_default();
                Ok(Fragment {
                    name: name(record, template)?,
                    html,
                })
            })
            .collect()
    }
}

/// Runs a page view and says which fragments it has asked for.
pub async fn observe<T>(view: impl Future<Output = T>) -> (T, Vec<Seen>) {
    SEEN.scope(Mutex::default(), async {
        let output = view.await;
        let seen =
            SEEN.with(|seen| std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner)));
        (output, seen)
    })
    .await
}

fn see(name: &str, hit: bool) {
    let state = if hit { State::Hit } else { State::Miss };
    let _ = SEEN.try_with(|seen| {
        seen.lock().unwrap_or_else(PoisonError::into_inner).push(Seen {
            name: name.to_owned(),
            state,
        });
    });
}

/// `tasks/5 task_card`.
fn name(record: &impl Versioned, template: Template) -> Result<String, Failure> {
    let file = template.name().rsplit('/').next().unwrap_or_default();
    let template = file.trim_end_matches(".html");
    Ok(format!("{} {template}", record.cache_key()?))
}

/// The time of day, to the millisecond, for the foot of a fragment.
pub fn now() -> String {
    Utc::now().format("%H:%M:%S%.3f").to_string()
}
