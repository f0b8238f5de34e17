//! 1 to 10 and 12 from every model: what is touched follows from the stored row, not from what the model knows of it.
//!
//! Another writer changes the row before it is saved. The stored row is then the same, wherever the saved model comes from.

use std::collections::BTreeSet;

use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, DbErr, EntityTrait, IntoActiveModel, Iterable, PrimaryKeyToColumn,
    PrimaryKeyTrait, sea_query::FromValueTuple,
};
use touchable_tests::{Connection, Stage, World};

/// Updates the row by the model, with a change or without.
macro_rules! updating {
    ($model:ident) => {
        async |$model, db| $model.update(db).await.map(drop)
    };
    ($model:ident => $change:expr) => {
        async |mut $model, db| {
            $change;
            $model.update(db).await.map(drop)
        }
    };
}

/// Deletes the row.
macro_rules! deleting {
    ($model:ident) => {
        async |$model, db| $model.delete(db).await.map(drop)
    };
}

mod cascading;
mod moved;
mod watched;

/// What the derives make of a row.
trait Row:
    ActiveModelTrait<Entity: EntityTrait<ActiveModel = Self, Model: IntoActiveModel<Self>>>
    + ActiveModelBehavior
    + Send
{
}

impl<A> Row for A where
    A: ActiveModelTrait<Entity: EntityTrait<ActiveModel = A, Model: IntoActiveModel<A>>>
        + ActiveModelBehavior
        + Send
{
}

/// Where the model comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// Read just now.
    Fresh,
    /// Read before the other writer came.
    Stale,
    /// Never read: its key alone is known.
    Partial,
    /// Read just now, and all its columns are set.
    Reset,
    /// Read before the other writer came, and all its columns are set: what that one has written is taken back.
    StaleReset,
}

impl Origin {
    const ALL: [Self; 5] = [
        Self::Fresh,
        Self::Stale,
        Self::Partial,
        Self::Reset,
        Self::StaleReset,
    ];

    /// Lets the other writer save, and gives the model of the same row.
    async fn model<A: Row>(self, world: &Stage<'_, impl Connection>, other: A) -> A {
        let mut bare = other.clone();
        for column in <A::Entity as EntityTrait>::Column::iter() {
            if <A::Entity as EntityTrait>::PrimaryKey::from_column(column).is_none() {
                bare.not_set(column);
            }
        }
        let before = read(world, &bare).await;
        world.act(other.update(&world.db)).await.expect("the other save");
        let now = read(world, &bare).await;
        match self {
            Self::Fresh => now,
            Self::Stale => before,
            Self::Partial => bare,
            Self::Reset => now.reset_all(),
            Self::StaleReset => before.reset_all(),
        }
    }
}

async fn read<A: Row>(world: &Stage<'_, impl Connection>, key: &A) -> A {
    let key = key.get_primary_key_value().expect("a key");
    let key = <<A::Entity as EntityTrait>::PrimaryKey as PrimaryKeyTrait>::ValueType::from_value_tuple(key);
    world.active::<A::Entity>(key).await
}

/// Saves the row from every model, each time on rows that are seeded anew, and asserts that only these rows moved.
async fn expect_from_every_model<A: Row, D: Connection>(
    world: &Stage<'_, D>,
    populate: impl AsyncFn(&World),
    other: A,
    save: impl AsyncFn(A, &D) -> Result<(), DbErr>,
    expected: impl Fn(Origin) -> &'static [&'static str],
) {
    for origin in Origin::ALL {
        world.clear().await;
        populate(&**world).await;
        let model = origin.model(world, other.clone()).await;
        let before = world.moments().await;
        let saved = world.act(save(model, &world.db)).await;
        let moved = before.moved(&world.moments().await);
        let expected: BTreeSet<String> = expected(origin).iter().copied().map(str::to_owned).collect();
        let here = format!("from a model that is {origin:?}, at level {:?}", world.level());
        assert_eq!(saved, Ok(()), "{here}");
        assert_eq!(moved, expected, "{here}");
    }
}
