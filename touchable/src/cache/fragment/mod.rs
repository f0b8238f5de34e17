//! Rendered fragments under the versions of the records they show.
//!
//! ```
//! # mod task {
//! #     use sea_orm::entity::prelude::*;
//! #     use touchable::Touchable;
//! #
//! #     #[sea_orm::model]
//! #     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
//! #     #[sea_orm(table_name = "tasks")]
//! #     pub struct Model {
//! #         #[sea_orm(primary_key)]
//! #         pub id: i32,
//! #         pub title: String,
//! #         pub updated_at: DateTimeUtc,
//! #     }
//! # }
//! use touchable::cache::{Cache, FragmentCache, store::Memory};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> touchable::Result<()> {
//! let fragments = FragmentCache::new(Cache::new(Memory::default())?);
//!
//! # let updated_at = "2026-01-01T00:00:00.000001Z".parse().unwrap();
//! # let task = task::Model { id: 5, title: "Write".to_owned(), updated_at };
//! let card = fragments
//!     .fetch(&task, "card", async || format!("<li>{}</li>", task.title))
//!     .await?;
//! assert_eq!(&*card, "<li>Write</li>");
//! # Ok(())
//! # }
//! ```
//!
//! A fragment is never invalidated. A touch moves the version of the record, and with it the key; what was stored under the
//! former one is never asked for again and goes when room is needed, or with its time to live.
//!
//! Fragments nest: a renderer calls [`fetch`](FragmentCache::fetch) for the inner ones. That the outer one is rendered anew
//! when an inner one changes is what the [rules](crate::touch) are for: `#[touch(event)]` on the task.
//!
//! For the name of a fragment take [`template!`](crate::template), so that an edited template is a new name.

mod consistent;
mod lookups;
mod many;
mod rendered;

pub use lookups::{Lookup, observe};
pub use rendered::Rendered;

use super::{Cache, CacheKey, Text, Versioned, store::Store};
use crate::Result;

/// Text under the versions of the records it was rendered from.
#[derive(Debug)]
pub struct FragmentCache<S> {
    cache: Cache<S>,
}

impl<S> Clone for FragmentCache<S> {
    fn clone(&self) -> Self {
        Self {
            cache: self.cache.clone(),
        }
    }
}

impl<S: Store> FragmentCache<S> {
    /// Keeps fragments in this cache.
    #[must_use]
    pub const fn new(cache: Cache<S>) -> Self {
        Self { cache }
    }

    /// The cache that holds the fragments.
    #[must_use]
    pub const fn cache(&self) -> &Cache<S> {
        &self.cache
    }

    /// The fragment `name` of these records, in the state they are in: from the store, or rendered.
    ///
    /// However many ask at once, one of them renders. It does so where it is called, and may borrow from there; when it
    /// is cancelled, the next one who waits renders.
    ///
    /// `render` should show nothing but `records` and what touches them, see [`fetch_consistent`](Self::fetch_consistent)
    /// for one that reads more from the database.
    ///
    /// # Errors
    /// When a record [has no version](crate::Error::is_no_version), or `render` returns an error, which everybody who
    /// waits for it gets; nothing is stored then.
    pub async fn fetch<R, N, T>(&self, records: R, name: N, render: impl AsyncFnOnce() -> T) -> Result<Text>
    where
        R: Versioned,
        N: CacheKey,
        T: Rendered,
    {
        let key = self.key((&records, &name))?;
        self.rendered(key, async || render().await.rendered()).await
    }

    /// Like [`fetch`](Self::fetch) when `condition` holds; otherwise only `render`.
    ///
    /// # Errors
    /// See [`fetch`](Self::fetch).
    pub async fn fetch_if<R, N, T>(
        &self,
        condition: bool,
        records: R,
        name: N,
        render: impl AsyncFnOnce() -> T,
    ) -> Result<Text>
    where
        R: Versioned,
        N: CacheKey,
        T: Rendered,
    {
        if condition {
            return self.fetch(records, name, render).await;
        }
        let key = records.cache_key()?;
        render()
            .await
            .rendered()
            .map_err(|source| Failure::Loader { key, source: source.into() }.into())
    }
}
