//! The four kinds of connection that a save can be made on.

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
                transaction.commit().await.unwrap();
                saved
            }
            $crate::level::Level::TouchConnection => {
                let $db = &touchable::connect($world.db.clone());
                $save.await
            }
            $crate::level::Level::TouchTransaction => {
                let transaction = touchable::connect($world.db.clone()).begin().await.unwrap();
                let $db = &transaction;
                let saved = $save.await;
                transaction.commit().await.unwrap();
                saved
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
