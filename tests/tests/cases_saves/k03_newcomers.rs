//! K3: a row that comes to one that is shown in it, while that changes: it is touched, or it waits.

use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, Set, TransactionTrait, Unchanged};
use touchable::TouchMany;
use touchable_tests::{World, cases, entities::cycle};

use crate::{
    entities::shelves::{self, book, loan, new_book, new_page, page, shelf},
    level::{Level, on_level},
};

/// A way for a book to come to shelf 1.
#[derive(Clone, Copy)]
enum Way {
    Insert,
    InsertMany,
    Update,
}

impl Way {
    async fn come(self, db: &(impl ConnectionTrait + TransactionTrait)) -> Result<(), DbErr> {
        match self {
            Self::Insert => new_book(9, 1).insert(db).await.map(drop),
            Self::InsertMany => book::Entity::insert_many([new_book(9, 1)])
                .touching()
                .exec_without_returning(db)
                .await
                .map(drop)
                .map_err(DbErr::from),
            Self::Update => {
                let book = book::ActiveModel {
                    id: Unchanged(2),
                    shelf_id: Set(1),
                    ..Default::default()
                };
                book.update(db).await.map(drop)
            }
        }
    }
}

/// The shelf is renamed and not committed. No foreign key of the database makes the book wait.
async fn come_without_a_foreign_key(world: &World, level: Level, way: Way) {
    shelves::populate(world).await;
    let renaming = world.db.begin().await.unwrap();
    let shelf = shelf::ActiveModel {
        id: Unchanged(1),
        name: Set("renamed".to_owned()),
        ..Default::default()
    };
    shelf.update(&renaming).await.unwrap();
    let mut coming = Box::pin(async { on_level!(level, world, |db| way.come(db)) });
    let waits = tokio::select! {
        come = &mut coming => { come.unwrap(); false }
        () = world.somebody_waits() => true,
    };
    renaming.commit().await.unwrap();
    if waits {
        coming.await.unwrap();
    }
    assert!(
        waits,
        "the book was shown with the old name, and has kept its stamp"
    );
}

macro_rules! without_a_foreign_key {
    ($($case:ident = $way:ident at $level:ident),+ $(,)?) => {
        $(
            async fn $case(world: &World) {
                come_without_a_foreign_key(world, Level::$level, Way::$way).await;
            }
        )+
        cases!(shelves::tables(), 4: $($case on postgres mariadb),+);
    };
}

without_a_foreign_key! {
    k03_an_insert_without_a_foreign_key_at_level_2 = Insert at Transaction,
    k03_an_insert_without_a_foreign_key_at_level_3 = Insert at TouchConnection,
    k03_an_insert_without_a_foreign_key_at_level_4 = Insert at TouchTransaction,
    k03_an_update_without_a_foreign_key_at_level_2 = Update at Transaction,
    k03_an_update_without_a_foreign_key_at_level_3 = Update at TouchConnection,
    k03_an_update_without_a_foreign_key_at_level_4 = Update at TouchTransaction,
    k03_insert_many_without_a_foreign_key_at_level_1 = InsertMany at Connection,
    k03_insert_many_without_a_foreign_key_at_level_4 = InsertMany at TouchTransaction,
}

/// A touched row touches what shows it; what comes to it before the commit waits, where it is found by its key …
async fn k03_a_page_of_a_volume_that_is_touched(world: &World) {
    shelves::populate(world).await;
    let transaction = world.db.begin().await.unwrap();
    let loan = loan::ActiveModel {
        id: Unchanged(1),
        reader: Set("Grace".to_owned()),
        ..Default::default()
    };
    loan.update(&transaction).await.unwrap();
    let page = page::Entity::insert(new_page(9, 1)).exec_without_returning(&world.db);
    let mut page = Box::pin(page);
    let waits = tokio::select! {
        come = &mut page => { come.unwrap(); false }
        () = world.somebody_waits() => true,
    };
    transaction.commit().await.unwrap();
    if waits {
        page.await.unwrap();
    }
    assert!(
        waits,
        "the page was shown with the volume as it was, and has kept its stamp"
    );
}

cases!(shelves::tables(), 4: k03_a_page_of_a_volume_that_is_touched on postgres mariadb);

/// … and where it is found on the way round a circle.
async fn k03_a_task_of_an_event_that_is_touched(world: &World) {
    cycle::populate(world).await;
    let transaction = world.db.begin().await.unwrap();
    let task = cycle::task::ActiveModel {
        id: Unchanged(1),
        title: Set("renamed".to_owned()),
        ..Default::default()
    };
    task.update(&transaction).await.unwrap();
    let task = cycle::task::Entity::insert(cycle::task(9, Some(1))).exec_without_returning(&world.db);
    let mut task = Box::pin(task);
    let waits = tokio::select! {
        come = &mut task => { come.unwrap(); false }
        () = world.somebody_waits() => true,
    };
    transaction.commit().await.unwrap();
    if waits {
        task.await.unwrap();
    }
    assert!(
        waits,
        "the task was shown with its event as it was, and has kept its stamp"
    );
}

cases!(cycle::tables(), 4: k03_a_task_of_an_event_that_is_touched on postgres mariadb);
