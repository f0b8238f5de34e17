//! K12: suppression is judged at the save, for its cascades too, and not at the commit.

use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, Set, TransactionTrait, Unchanged};
use touchable::{no_touching, no_touching_on};
use touchable_tests::{World, cases, entities::outer};

async fn rename_task(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    rename(db, 1, "renamed").await
}

async fn rename(db: &impl ConnectionTrait, id: i32, title: &str) -> Result<(), DbErr> {
    let task = outer::task::ActiveModel {
        id: Unchanged(id),
        title: Set(title.to_owned()),
        ..Default::default()
    };
    task.update(db).await.map(drop)
}

async fn k12_a_save_in_a_scope_and_a_commit_after_it(world: &World) {
    outer::populate(world).await;
    let db = touchable::connect(world.db.clone());
    let action = async {
        let transaction = db.begin().await.unwrap();
        no_touching_on::<outer::calendar::Entity, _>(rename_task(&transaction))
            .await
            .unwrap();
        transaction.commit().await.unwrap();
    };
    world.expect_moved(&["tasks 1", "events 1"], action).await;
}

async fn k12_a_save_before_a_scope_and_a_commit_in_it(world: &World) {
    outer::populate(world).await;
    let db = touchable::connect(world.db.clone());
    let action = async {
        let transaction = db.begin().await.unwrap();
        rename_task(&transaction).await.unwrap();
        no_touching(transaction.commit()).await.unwrap();
    };
    world
        .expect_moved(&["tasks 1", "events 1", "calendars 1"], action)
        .await;
}

async fn k12_a_save_before_a_scope_on_an_entity_and_a_commit_in_it(world: &World) {
    outer::populate(world).await;
    let db = touchable::connect(world.db.clone());
    let action = async {
        let transaction = db.begin().await.unwrap();
        rename_task(&transaction).await.unwrap();
        no_touching_on::<outer::calendar::Entity, _>(transaction.commit())
            .await
            .unwrap();
    };
    world
        .expect_moved(&["tasks 1", "events 1", "calendars 1"], action)
        .await;
}

/// Two saves that touch by one rule: what one of them is not to touch, the other does.
async fn k12_a_save_in_a_scope_and_one_outside(world: &World) {
    let saves: [&[bool]; 2] = [&[true, false], &[false, true]];
    for order in saves {
        world.clear().await;
        outer::populate(world).await;
        let db = touchable::connect(world.db.clone());
        let action = async {
            let transaction = db.begin().await.unwrap();
            for is_suppressed in order {
                if *is_suppressed {
                    let save = rename(&transaction, 3, "suppressed");
                    no_touching_on::<outer::calendar::Entity, _>(save).await.unwrap();
                } else {
                    rename_task(&transaction).await.unwrap();
                }
            }
            transaction.commit().await.unwrap();
        };
        let moved = ["tasks 1", "events 1", "calendars 1", "tasks 3", "events 3"];
        world.expect_moved(&moved, action).await;
    }
}

async fn k12_a_save_in_a_scope_in_a_savepoint(world: &World) {
    outer::populate(world).await;
    let db = touchable::connect(world.db.clone());
    let action = async {
        let transaction = db.begin().await.unwrap();
        let savepoint = transaction.begin().await.unwrap();
        no_touching_on::<outer::calendar::Entity, _>(rename_task(&savepoint))
            .await
            .unwrap();
        savepoint.commit().await.unwrap();
        transaction.commit().await.unwrap();
    };
    world.expect_moved(&["tasks 1", "events 1"], action).await;
}

/// The same columns are set, once in a scope and once outside: neither goes by what was prepared for the other.
async fn k12_saves_of_one_kind_in_a_scope_and_outside(world: &World) {
    outer::populate(world).await;
    let everywhere = ["tasks 1", "events 1", "calendars 1"];
    for suppressed_first in [true, false] {
        let db = touchable::connect(world.db.clone());
        for suppressed in [suppressed_first, !suppressed_first] {
            let title = format!("{suppressed_first} {suppressed}");
            let save = rename(&db, 1, &title);
            if suppressed {
                let save = no_touching_on::<outer::calendar::Entity, _>(save);
                world.expect_moved(&everywhere[..2], save).await.unwrap();
            } else {
                world.expect_moved(&everywhere, save).await.unwrap();
            }
        }
    }
}

cases!(outer::tables(), 1:
    k12_a_save_in_a_scope_and_one_outside on sqlite postgres mariadb,
    k12_a_save_in_a_scope_in_a_savepoint on sqlite postgres mariadb,
    k12_saves_of_one_kind_in_a_scope_and_outside on sqlite postgres mariadb,
    k12_a_save_in_a_scope_and_a_commit_after_it on sqlite postgres mariadb,
    k12_a_save_before_a_scope_and_a_commit_in_it on sqlite postgres mariadb,
    k12_a_save_before_a_scope_on_an_entity_and_a_commit_in_it on sqlite postgres mariadb,
);
