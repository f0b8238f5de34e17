//! Writes without an active model's hooks, which touch as if each row had been saved.
//!
//! ```text
//! write    one transaction, and when it begins again
//! stored   rows as they are, under their locks
//! stamps   what an UPDATE or an upsert sets the touch column and the version to
//! update   update, update_many
//! delete   delete, delete_by_id, delete_many
//! insert   insert, insert_many, and what happens on conflict
//! as_saved nothing written: rows that a raw write has passed by
//! ```

mod as_saved;
mod delete;
mod insert;
mod returning;
mod stamps;
mod stored;
mod update;
mod write;

pub(crate) use as_saved::AsSaved;

use sea_orm::{
    ActiveModelTrait, DeleteMany, DeleteOne, Insert, InsertMany, TryInsert, UpdateMany, UpdateOne,
    ValidatedDeleteOne, ValidatedUpdateOne,
};

use crate::{entity::Touchable, error::Error};

/// `.touching()` on SeaORM's writes that have no hooks.
///
/// # Example: rename every event of a city
///
/// ```ignore
/// Event::update_many()
///     .col_expr(event::Column::Name, Expr::value("Gala"))
///     .filter(event::Column::City.eq("Ulm"))
///     .touching()
///     .exec(&db)
///     .await?;
/// ```
pub trait TouchMany: Sized {
    /// Touches as if each row had been saved, in the same transaction as the write.
    fn touching(self) -> Touching<Self> {
        Touching(self)
    }
}

impl<E: Touchable> TouchMany for UpdateMany<E> {}
impl<A: ActiveModelTrait<Entity: Touchable>> TouchMany for UpdateOne<A> {}
impl<A: ActiveModelTrait<Entity: Touchable>> TouchMany for ValidatedUpdateOne<A> {}
impl<E: Touchable> TouchMany for DeleteMany<E> {}
impl<E: Touchable> TouchMany for DeleteOne<E> {}
impl<E: Touchable> TouchMany for ValidatedDeleteOne<E> {}
impl<A: ActiveModelTrait<Entity: Touchable>> TouchMany for Insert<A> {}
impl<A: ActiveModelTrait<Entity: Touchable>> TouchMany for InsertMany<A> {}
impl<A: ActiveModelTrait<Entity: Touchable>> TouchMany for TryInsert<A> {}

/// A write that touches. See [`TouchMany`].
///
/// It is executed as without `.touching()`, and returns the same. The rows that match are found once and locked, their
/// primary keys are held in memory, and everything happens in one transaction (a savepoint, on a transaction). The number
/// of statements does not depend on the number of rows, up to 10,000; beyond, the same statements run for each 10,000.
///
/// An upsert (`on_conflict(.. update ..)`) reads the rows that it will update first, and touches for those that it has
/// changed; their touch column rises whether it is among the columns to update or not.
#[derive(Clone, Debug)]
#[must_use = "nothing is written before `exec`"]
pub struct Touching<W>(W);

fn unreadable(table: &'static str) -> Error {
    Error::declaration(
        table,
        "touching()",
        "the statement is not one that SeaORM's builders make",
    )
}
