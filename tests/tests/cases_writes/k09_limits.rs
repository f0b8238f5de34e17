//! K9: the limits of a database are never exceeded, whatever the number of rows.

use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, Set, TransactionTrait, Unchanged};
use touchable_tests::{World, at, cases, entities::tree};

use crate::{
    entities::{port, voyage, voyages},
    levels::on_level,
};

const VOYAGES: i32 = 9_000;

/// `SQLite` binds 32,766 values in a statement; the parents of this transaction are 36,000.
async fn k09_many_inserts_with_four_rules(world: &World) {
    let first = port::ActiveModel {
        id: Set(0),
        updated_at: Set(at(1)),
    };
    world.seed([first]).await;
    world.multiply::<port::Entity>(0, 1, 4 * VOYAGES).await;
    let db = touchable::connect(world.db.clone());
    let transaction = db.begin().await.unwrap();
    for id in 1..=VOYAGES {
        let voyage = voyage::ActiveModel {
            id: Set(id),
            first_id: Set(4 * id - 3),
            second_id: Set(4 * id - 2),
            third_id: Set(4 * id - 1),
            fourth_id: Set(4 * id),
            ..Default::default()
        };
        voyage.insert(&transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
    let ports = port::Entity::find().all(&world.db).await.unwrap();
    let touched = ports.iter().filter(|port| port.updated_at != at(1)).count();
    assert_eq!(touched, 36_000, "touched ports");
}

cases!(voyages(), 1: k09_many_inserts_with_four_rules on sqlite);

const DEPTH: i32 = 1_500;

/// A chain of so many nodes; node 1 is its root.
async fn chain(world: &World) {
    let nodes = (1..=DEPTH).map(|id| tree::node(id, (id > 1).then(|| id - 1)));
    world.seed(nodes).await;
}

async fn rename_the_leaf(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    let leaf = tree::node::ActiveModel {
        id: Unchanged(DEPTH),
        label: Set("renamed".to_owned()),
        ..Default::default()
    };
    leaf.update(db).await.map(drop)
}

async fn assert_all_moved(world: &World) {
    let nodes = tree::node::Entity::find().all(&world.db).await.unwrap();
    let moved = nodes
        .iter()
        .filter(|node| node.updated_at != at(i64::from(node.id)))
        .count();
    assert_eq!(moved, 1_500, "moved nodes of a chain of 1,500");
}

/// `MariaDB` ends a recursion after 1,000 steps unless told otherwise.
macro_rules! long_chain {
    ($($level:tt $case:ident, $lenient:ident),+ $(,)?) => {
        $(
            async fn $case(world: &World) {
                chain(world).await;
                on_level!($level world rename_the_leaf).await;
                assert_all_moved(world).await;
            }

            /// Without the strict mode `MariaDB` only warns of what it leaves out.
            async fn $lenient(world: &World) {
                chain(world).await;
                // The pool has this connection only.
                world.db.execute_unprepared("SET SESSION sql_mode = ''").await.unwrap();
                on_level!($level world rename_the_leaf).await;
                assert_all_moved(world).await;
            }
        )+

        cases!(tree::tables(), 1:
            $($case on sqlite postgres mariadb, $lenient on mariadb),+
        );
    };
}

long_chain!(
    1 k09_a_long_chain_at_level_1, k09_a_long_chain_in_a_lenient_session_at_level_1,
    2 k09_a_long_chain_at_level_2, k09_a_long_chain_in_a_lenient_session_at_level_2,
    3 k09_a_long_chain_at_level_3, k09_a_long_chain_in_a_lenient_session_at_level_3,
    4 k09_a_long_chain_at_level_4, k09_a_long_chain_in_a_lenient_session_at_level_4,
);
