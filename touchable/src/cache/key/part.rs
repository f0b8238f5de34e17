//! Keys of several parts.

use super::{CacheKey, KeyWriter};
use crate::error::Result;

impl<K: CacheKey> CacheKey for [K] {
    fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
        key.parts(self.iter())
    }
}

impl<K: CacheKey, const N: usize> CacheKey for [K; N] {
    fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
        key.parts(self.iter())
    }
}

impl<K: CacheKey> CacheKey for Vec<K> {
    fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
        key.parts(self.iter())
    }
}

macro_rules! tuples {
    ($($($part:ident)+;)+) => {$(
        impl<$($part: CacheKey),+> CacheKey for ($($part,)+) {
            #[allow(non_snake_case)]
            fn write_to(&self, key: &mut KeyWriter) -> Result<()> {
                let ($($part,)+) = self;
                key.enclosed([$(stringify!($part)),+].len(), |key| {
                    $($part.write_to(key)?;)+
                    Ok(())
                })
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
