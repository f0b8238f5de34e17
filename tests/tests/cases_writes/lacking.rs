//! What stands in for a method that the library lacks, so that a case can be written as it is right.
//!
//! The traits take their receiver by reference: a method of the same name that takes it by value is found first, in the
//! type itself and in other traits. So a case uses the library's own as soon as there is one.

use std::future::Ready;

use sea_orm::DbErr;

/// A write without `.touching()`.
pub trait LackingTouching {
    /// Panics at its first use.
    fn touching(&self) -> Lacking {
        Lacking
    }
}

impl<T> LackingTouching for T {}

/// A `.touching()` write without one of SeaORM's ways to execute it.
pub trait LackingReturning {
    fn exec_with_returning<C>(&self, _db: &C) -> Ready<Result<(), DbErr>> {
        panic!("there is no `.touching().exec_with_returning()`")
    }
}

impl<T> LackingReturning for T {}

/// A write that touches, which there is not.
pub struct Lacking;

impl Lacking {
    #[expect(clippy::unused_self, reason = "as the library's own have it")]
    pub fn exec<C>(self, _db: &C) -> Ready<Result<(), DbErr>> {
        panic!("there is no `.touching()` on this write")
    }
}
