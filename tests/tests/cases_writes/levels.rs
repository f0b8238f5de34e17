//! The four kinds of connection that a write can be made on.

/// Makes cases of one write, one for each level it is written for: 1 a plain connection, 2 a plain transaction,
/// 3 a `TouchConnection`, 4 a `TouchTransaction`. Each has the rows of `$populate`, and exactly `$expected` have to move.
macro_rules! on_levels {
    ($populate:path, $write:path, $expected:expr => $($level:tt $case:ident),+ $(,)?) => {$(
        async fn $case(world: &touchable_tests::World) {
            $populate(world).await;
            let write = $crate::levels::on_level!($level world $write);
            world.expect_moved(&$expected, write).await;
        }
    )+};
}

/// A future that writes on a level, and commits.
macro_rules! on_level {
    (1 $world:ident $write:path) => {
        async { $write(&$world.db).await.unwrap() }
    };
    (2 $world:ident $write:path) => {
        async {
            let transaction = sea_orm::TransactionTrait::begin(&$world.db).await.unwrap();
            $write(&transaction).await.unwrap();
            transaction.commit().await.unwrap();
        }
    };
    (3 $world:ident $write:path) => {
        async { $write(&touchable::connect($world.db.clone())).await.unwrap() }
    };
    (4 $world:ident $write:path) => {
        async {
            let db = touchable::connect($world.db.clone());
            let transaction = sea_orm::TransactionTrait::begin(&db).await.unwrap();
            $write(&transaction).await.unwrap();
            transaction.commit().await.unwrap();
        }
    };
}

pub(crate) use {on_level, on_levels};
