//! The same fragment of many records.

use super::{FragmentCache, Rendered, lookups};
use crate::{
    cache::{
        CacheKey, Text, Versioned,
        entry::Utf8,
        key::KeyWriter,
        load::{LoadError, abandoned},
        store::Store,
    },
    error::{Error, Result},
};

/// A record and the name of its fragment.
struct Piece<'r, 'n, R, N> {
    record: &'r R,
    name: &'n N,
}

impl<R, N> Clone for Piece<'_, '_, R, N> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<R: Versioned, N: CacheKey> CacheKey for Piece<'_, '_, R, N> {
    fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
        (self.record, self.name).write_to(key)
    }
}

/// Of a text that was read, or rendered, and yet is not there.
fn unread(record: &impl Versioned) -> Error {
    record
        .cache_key()
        .map_or_else(|error| error, |key| abandoned(&key).into())
}

impl<S: Store> FragmentCache<S> {
    /// The fragment `name` of each record, in their order: one read of the store, and one call of `render_missing` for all
    /// that are not there, each once.
    ///
    /// `render_missing` returns one text for each record it gets, in their order. What another call is rendering already is
    /// waited for; only when that call goes away is `render_missing` called once more, for what it left.
    ///
    /// They are the fragments that [`fetch`](Self::fetch) of one record finds.
    ///
    /// # Errors
    /// See [`fetch`](Self::fetch). One record without a version is an error for all.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub async fn fetch_many<'r, R, N, T, E, Fut>(
        &self,
        records: &'r [R],
        name: N,
        render_missing: impl Fn(Vec<&'r R>) -> Fut,
    ) -> Result<Vec<Text>>
    where
        R: Versioned + Sync,
        N: CacheKey + Sync,
        T: Rendered,
        E: Into<LoadError>,
        Fut: Future<Output = Result<Vec<T>, E>>,
    {
        let piece = |record| Piece { record, name: &name };
        let pieces: Vec<_> = records.iter().map(piece).collect();
        let render = |missing: Vec<Piece<'r, '_, R, N>>| {
            let rendering = render_missing(missing.iter().map(|piece| piece.record).collect());
            async {
                let rendered = rendering.await.map_err(Into::into)?;
                rendered
                    .into_iter()
                    .map(Rendered::rendered)
                    .collect::<Result<_, LoadError>>()
            }
        };
        let filled = self
            .cache
            .inner
            .fetch_many_here::<_, Utf8, _, _, _>(&pieces, &self.options, render)
            .await?;
        for key in filled.slots.spelled() {
            lookups::note(key, filled.loaded.contains(key));
        }
        let texts = filled.slots.in_order().into_iter().zip(records);
        texts
            .map(|(text, record)| text.ok_or_else(|| unread(record)))
            .collect()
    }
}
