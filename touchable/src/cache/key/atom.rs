//! Keys of one word: text, numbers, flags, options, and what points to a key.

use std::{
    borrow::Cow,
    fmt::{Display, Write},
    rc::Rc,
    sync::Arc,
};

use super::{CacheKey, KeyWriter};
use crate::error::{Result, cache::Failure};

impl CacheKey for str {
    fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
        key.text(self);
        Ok(())
    }
}

impl CacheKey for String {
    fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
        self.as_str().write_to(key)
    }
}

/// The text of one character.
impl CacheKey for char {
    fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
        self.encode_utf8(&mut [0; 4]).write_to(key)
    }
}

impl CacheKey for bool {
    fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
        key.flag(*self);
        Ok(())
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl CacheKey for $number {
            fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
                key.number(*self);
                Ok(())
            }
        }
    )*};
}
numbers!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);

impl<K: CacheKey> CacheKey for Option<K> {
    fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
        key.option(self.as_ref(), K::write_to)
    }
}

macro_rules! pointers {
    ($($pointer:ty),*) => {$(
        impl<K: CacheKey + ?Sized> CacheKey for $pointer {
            fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
                (**self).write_to(key)
            }
        }
    )*};
}
pointers!(&K, &mut K, Box<K>, Rc<K>, Arc<K>);

impl<K: CacheKey + ToOwned + ?Sized> CacheKey for Cow<'_, K> {
    fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
        (**self).write_to(key)
    }
}

/// A key by what its `Display` shows, such as a UUID.
///
/// ```
/// use touchable::cache::key::{AsText, Namespace};
///
/// # fn main() -> touchable::Result<()> {
/// let address: std::net::IpAddr = [127, 0, 0, 1].into();
/// assert_eq!(Namespace::new("visits")?.key(&AsText(address))?, "visits:'127.0.0.1");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AsText<T>(pub T);

impl<T: Display> CacheKey for AsText<T> {
    fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
        let mut pieces = key.pieces();
        write!(pieces, "{}", self.0).map_err(|_| Failure::Key("its `Display` fails".to_owned()))?;
        pieces.end();
        Ok(())
    }
}
