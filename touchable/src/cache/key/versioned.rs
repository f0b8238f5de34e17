//! What has a key and a version: records, and several of them.

use std::{rc::Rc, sync::Arc};

use super::{CacheKey, KeyWriter, Version};
use crate::{clock::Stamp, error::Result};

/// What a fragment can be rendered from: a record, or tuples, slices and options of records.
///
/// `#[derive(Touchable)]` implements it for an entity's `Model`, `ModelEx` and `ActiveModel`. As a
/// [`CacheKey`] it is the key *with* the version, so that an entry of an older version is not found.
///
/// ```
/// mod task {
///     use sea_orm::entity::prelude::*;
///     use touchable::Touchable;
///
///     #[sea_orm::model]
///     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
///     #[sea_orm(table_name = "tasks")]
///     pub struct Model {
///         #[sea_orm(primary_key)]
///         pub id: i32,
///         pub title: String,
///         pub updated_at: DateTimeUtc,
///     }
/// }
///
/// use touchable::cache::Versioned;
///
/// # fn main() -> touchable::Result<()> {
/// let updated_at = "2026-01-01T00:00:00.000001Z".parse().unwrap();
/// let task = task::Model { id: 5, title: "Write".to_owned(), updated_at };
/// assert_eq!(task.cache_key()?, "tasks/5");
/// assert_eq!(task.cache_version()?.to_string(), "00001767225600000001");
/// assert_eq!(task.cache_key_with_version()?, "tasks/5@00001767225600000001");
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no version",
    note = "records whose entity derives `Touchable` have one, and tuples, slices and options of them; `version.of(key)` gives one to any key"
)]
pub trait Versioned: CacheKey {
    /// Appends the key alone, without the version, as one part.
    ///
    /// # Errors
    /// When a record is not saved.
    fn write_key_to(&self, key: &mut KeyWriter) -> Result<()>;

    /// The state it is in. That of several records covers their keys, their versions and their order.
    ///
    /// # Errors
    /// [`is_no_version`](crate::Error::is_no_version) when a record is not saved, has unsaved changes, or when its touch
    /// column is null or was not selected.
    fn cache_version(&self) -> Result<Version> {
        Ok(Version::digest(self.cache_key_with_version()?.as_bytes()))
    }

    /// When it was last saved or touched; `None` where no single moment tells that: one of several records can leave
    /// without any stamp that rises.
    fn touched_at(&self) -> Option<Stamp> {
        None
    }

    /// The key alone, which stays the same for the life of a record: `tasks/5`, `post_tags/1,2`.
    ///
    /// # Errors
    /// See [`write_key_to`](Self::write_key_to).
    fn cache_key(&self) -> Result<String> {
        KeyWriter::spell(|key| self.write_key_to(key))
    }

    /// Both: `tasks/5@00001767225600000001`.
    ///
    /// # Errors
    /// See [`cache_version`](Self::cache_version).
    fn cache_key_with_version(&self) -> Result<String> {
        KeyWriter::spell(|key| self.write_to(key))
    }
}

macro_rules! pointers {
    ($($pointer:ty),*) => {$(
        impl<V: Versioned + ?Sized> Versioned for $pointer {
            fn write_key_to(&self, key: &mut KeyWriter) -> Result<()> {
                (**self).write_key_to(key)
            }
            fn cache_version(&self) -> Result<Version> {
                (**self).cache_version()
            }
            fn touched_at(&self) -> Option<Stamp> {
                (**self).touched_at()
            }
        }
    )*};
}
pointers!(&V, Box<V>, Rc<V>, Arc<V>);

impl<V: Versioned> Versioned for Option<V> {
    fn write_key_to(&self, key: &mut KeyWriter) -> Result<()> {
        key.option(self.as_ref(), V::write_key_to)
    }
}

impl<V: Versioned> Versioned for [V] {
    fn write_key_to(&self, key: &mut KeyWriter) -> Result<()> {
        key.sequence(self.iter(), V::write_key_to)
    }
}

impl<V: Versioned, const N: usize> Versioned for [V; N] {
    fn write_key_to(&self, key: &mut KeyWriter) -> Result<()> {
        self.as_slice().write_key_to(key)
    }
}

impl<V: Versioned> Versioned for Vec<V> {
    fn write_key_to(&self, key: &mut KeyWriter) -> Result<()> {
        self.as_slice().write_key_to(key)
    }
}

macro_rules! tuples {
    ($($($part:ident)+;)+) => {$(
        impl<$($part: Versioned),+> Versioned for ($($part,)+) {
            #[allow(non_snake_case)]
            fn write_key_to(&self, key: &mut KeyWriter) -> Result<()> {
                let ($($part,)+) = self;
                let parts: [&dyn Versioned; _] = [$($part),+];
                key.sequence(parts.into_iter(), |part, key| part.write_key_to(key))
            }
        }
    )+};
}
tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
}
