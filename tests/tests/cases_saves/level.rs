//! The four kinds of connection that a save can be made on.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DbErr};
use touchable_tests::World;

/// How far a connection carries the promises of a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// A plain connection.
    Connection,
    /// A plain transaction.
    Transaction,
    /// A `TouchConnection`.
    TouchConnection,
    /// A `TouchTransaction`.
    TouchTransaction,
}

impl Level {
    pub const ALL: [Self; 4] = [
        Self::Connection,
        Self::Transaction,
        Self::TouchConnection,
        Self::TouchTransaction,
    ];
}

/// Makes the same save at every level, each time on rows that are seeded anew, and names the levels at which it failed
/// or moved other rows than these.
pub async fn expect_on_every_level(
    world: &World,
    tables: &[&str],
    expected: &[&str],
    seed: impl AsyncFn(),
    save: impl AsyncFn(Level) -> Result<(), DbErr>,
) {
    let expected: BTreeSet<String> = expected.iter().copied().map(str::to_owned).collect();
    let mut wrong = Vec::new();
    for level in Level::ALL {
        for table in tables {
            let sql = format!("DELETE FROM {table}");
            world.db.execute_unprepared(&sql).await.unwrap();
        }
        seed().await;
        let before = world.moments().await;
        let saved = save(level).await;
        let moved = before.moved(&world.moments().await);
        match saved {
            Err(error) => wrong.push(format!("{level:?}: {error}")),
            Ok(()) if moved != expected => wrong.push(format!("{level:?}: {moved:?}")),
            Ok(()) => {}
        }
    }
    assert!(
        wrong.is_empty(),
        "{expected:?} should have moved, but {}",
        wrong.join("; ")
    );
}

/// Awaits what saves on a connection of this level. A transaction is committed, also when the save was refused: the
/// application may have done other work in it.
macro_rules! on_level {
    ($level:expr, $world:expr, |$db:ident| $save:expr) => {{
        use sea_orm::TransactionTrait as _;
        match $level {
            $crate::level::Level::Connection => {
                let $db = &$world.db;
                $save.await
            }
            $crate::level::Level::Transaction => {
                let transaction = $world.db.begin().await.unwrap();
                let $db = &transaction;
                let saved = $save.await;
                match transaction.commit().await {
                    Ok(()) => saved,
                    Err(refused) => saved.and(Err(refused)),
                }
            }
            $crate::level::Level::TouchConnection => {
                let $db = &touchable::connect($world.db.clone());
                $save.await
            }
            $crate::level::Level::TouchTransaction => {
                let transaction = touchable::connect($world.db.clone()).begin().await.unwrap();
                let $db = &transaction;
                let saved = $save.await;
                match transaction.commit().await {
                    Ok(()) => saved,
                    Err(refused) => saved.and(Err(refused)),
                }
            }
        }
    }};
}

/// Names a case on each level that it speaks of.
macro_rules! on_levels {
    ($($case:ident = $body:ident at $level:ident),+ $(,)?) => {$(
        async fn $case(world: &touchable_tests::World) {
            $body(world, $crate::level::Level::$level).await;
        }
    )+};
}

pub(crate) use {on_level, on_levels};
