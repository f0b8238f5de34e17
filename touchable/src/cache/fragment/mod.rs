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

use super::{
    Cache, CacheKey, Options, Text, Versioned,
    entry::Utf8,
    key::Spelled,
    load::{LoadError, loader_failed},
    store::Store,
};
use crate::error::Result;

/// Text under the versions of the records it was rendered from.
///
/// It is cheap to clone; clones share everything.
#[derive(Debug)]
pub struct FragmentCache<S: Store> {
    cache: Cache<S>,
    options: Options,
}

impl<S: Store> Clone for FragmentCache<S> {
    fn clone(&self) -> Self {
        Self {
            cache: self.cache.clone(),
            options: self.options.clone(),
        }
    }
}

impl<S: Store> FragmentCache<S> {
    /// Keeps fragments in this cache until it needs their room.
    #[must_use]
    pub fn new(cache: Cache<S>) -> Self {
        Self::with_options(cache, Options::new())
    }

    /// Keeps fragments in this cache with these options: a [`ttl`](Options::ttl) for a store that never runs out of room.
    #[must_use]
    pub const fn with_options(cache: Cache<S>, options: Options) -> Self {
        Self { cache, options }
    }

    /// The cache that holds the fragments.
    #[must_use]
    pub const fn cache(&self) -> &Cache<S> {
        &self.cache
    }

    /// The fragment `name` of these records, in the state they are in: from the store, or rendered.
    ///
    /// However many ask at once, one of them renders. It does so where it is called and may borrow from there; when it goes
    /// away, one of those who wait renders. (A future that is kept and not polled holds them up.)
    ///
    /// `render` should show nothing but `records`, and what touches them when it changes. When it reads more from the database,
    /// see [`fetch_consistent`](Self::fetch_consistent).
    ///
    /// # Errors
    /// - [`is_no_version`](crate::Error::is_no_version): a record is not saved;
    /// - [`is_loader`](crate::Error::is_loader): `render` returned an error or panicked; everybody who waits gets it, and
    ///   nothing is stored;
    /// - [`is_store`](crate::Error::is_store): the store could not be read, see [`Failsafe`](super::store::Failsafe).
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub async fn fetch<R, N, Fut, T>(&self, records: R, name: N, render: impl FnOnce() -> Fut) -> Result<Text>
    where
        R: Versioned,
        N: CacheKey,
        Fut: Future<Output = T>,
        T: Rendered,
    {
        let key = self.key(&records, &name)?;
        if let Some(text) = self.at_hand(&key) {
            return Ok(text);
        }
        self.rendered(&key, async || render().await.rendered()).await
    }

    /// [`fetch`](Self::fetch) when `condition` holds; otherwise only `render`.
    ///
    /// # Errors
    /// See [`fetch`](Self::fetch).
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub async fn fetch_if<R, N, Fut, T>(
        &self,
        condition: bool,
        records: R,
        name: N,
        render: impl FnOnce() -> Fut,
    ) -> Result<Text>
    where
        R: Versioned,
        N: CacheKey,
        Fut: Future<Output = T>,
        T: Rendered,
    {
        if condition {
            return self.fetch(records, name, render).await;
        }
        let rendered = render().await.rendered();
        rendered.or_else(|source| Err(loader_failed(&records.cache_key()?, source).into()))
    }

    /// Whether the fragment is there, without reading it as a hit or rendering it.
    ///
    /// # Errors
    /// See [`fetch`](Self::fetch).
    pub async fn exists<R: Versioned, N: CacheKey>(&self, records: R, name: N) -> Result<bool> {
        self.cache.exists(&(records, name)).await
    }

    fn key<R: Versioned, N: CacheKey>(&self, records: &R, name: &N) -> Result<Spelled> {
        self.cache.inner.namespace.spell(&(records, name))
    }

    /// What is in the memory of this process: most calls end here, without the way to a renderer.
    fn at_hand(&self, key: &str) -> Option<Text> {
        let text = self.cache.inner.at_hand::<Utf8>(key, &self.options)?;
        lookups::note(key, false);
        Some(text)
    }

    async fn rendered(
        &self,
        key: &str,
        render: impl AsyncFnOnce() -> Result<Text, LoadError>,
    ) -> Result<Text> {
        let mut is_rendered = false;
        let render = async || {
            is_rendered = true;
            render().await
        };
        let text = self
            .cache
            .inner
            .fetch_here::<Utf8, _, _>(key, &self.options, render)
            .await;
        lookups::note(key, is_rendered);
        text
    }
}
