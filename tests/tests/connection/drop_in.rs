//! A `TouchConnection` goes wherever SeaORM takes a connection.

use futures_util::TryStreamExt;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityLoaderTrait, EntityTrait, LoaderTrait, ModelTrait,
    PaginatorTrait, QueryFilter, QueryOrder, Set, Statement, StreamTrait, TransactionTrait,
    sea_query::{Alias, ColumnDef, Expr, Table},
};
use touchable_tests::{Backend, World, entities::board, on_every_backend};

use crate::{rename_event, touching};

async fn reads<C: ConnectionTrait + StreamTrait + TransactionTrait>(db: &C) {
    let events = board::event::Entity::find()
        .order_by_asc(board::event::Column::Id)
        .all(db)
        .await
        .unwrap();
    assert_eq!(events.len(), 3);
    let tasks = events.load_many(board::task::Entity, db).await.unwrap();
    assert_eq!(tasks.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1, 1]);
    let users = events
        .load_many_to_many(board::user::Entity, board::participant::Entity, db)
        .await
        .unwrap();
    assert_eq!(users[0].len(), 2);
    let related = board::event::Entity::find()
        .find_with_related(board::task::Entity)
        .all(db)
        .await
        .unwrap();
    assert_eq!(related.iter().map(|(_, tasks)| tasks.len()).sum::<usize>(), 5);
    let also = board::task::Entity::find()
        .find_also_related(board::event::Entity)
        .all(db)
        .await
        .unwrap();
    assert_eq!(also.len(), 6);
    let paginator = board::task::Entity::find()
        .order_by_asc(board::task::Column::Id)
        .paginate(db, 4);
    assert_eq!(paginator.num_pages().await.unwrap(), 2);
    assert_eq!(paginator.fetch_page(1).await.unwrap().len(), 2);
    assert_eq!(board::task::Entity::find().count(db).await.unwrap(), 6);
    let titles: Vec<String> = board::task::Entity::find()
        .order_by_asc(board::task::Column::Id)
        .stream(db)
        .await
        .unwrap()
        .map_ok(|task| task.title)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(titles.len(), 6);
    let event = board::event::Entity::load()
        .filter_by_id(1)
        .with(board::task::Entity)
        .one(db)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(event.tasks.len(), 3);
    let backend = ConnectionTrait::get_database_backend(db);
    let count = Statement::from_string(backend, "SELECT count(*) FROM tasks");
    let row = db.query_one_raw(count.clone()).await.unwrap().unwrap();
    assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 6);
    assert_eq!(db.query_all_raw(count).await.unwrap().len(), 1);
}

async fn drop_in_reads(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    reads(&db).await;
    let tx = db.begin().await.unwrap();
    reads(&tx).await;
    let savepoint = tx.begin().await.unwrap();
    reads(&savepoint).await;
    savepoint.commit().await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(db.registered(), 0);
}

async fn schema<C: ConnectionTrait>(db: &C, name: &str) {
    let table = Table::create()
        .table(Alias::new(name))
        .col(ColumnDef::new(Alias::new("id")).integer().primary_key())
        .to_owned();
    db.execute(&table).await.unwrap();
    db.execute_unprepared(&format!("INSERT INTO {name} VALUES (1)"))
        .await
        .unwrap();
    let table = Table::drop().table(Alias::new(name)).to_owned();
    db.execute(&table).await.unwrap();
}

async fn drop_in_schema_statements(world: &World) {
    let db = touching(world);
    schema(&db, "created").await;
    let tx = db.begin().await.unwrap();
    schema(&tx, "created_inside").await;
    tx.commit().await.unwrap();
}

/// SeaORM's bulk writes return what they return on its own connection.
async fn drop_in_bulk_writes(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    let result = board::task::Entity::update_many()
        .col_expr(board::task::Column::Title, Expr::value("bulk"))
        .filter(board::task::Column::EventId.eq(1))
        .exec(&db)
        .await
        .unwrap();
    assert_eq!(result.rows_affected, 3);
    if world.backend != Backend::MariaDb {
        let rows = board::task::Entity::update_many()
            .col_expr(board::task::Column::Title, Expr::value("returned"))
            .filter(board::task::Column::EventId.eq(1))
            .exec_with_returning(&db)
            .await
            .unwrap();
        assert_eq!(rows.len(), 3);
        let rows =
            board::task::Entity::insert_many([board::task(20, None, None), board::task(21, None, None)])
                .exec_with_returning(&db)
                .await
                .unwrap();
        assert_eq!(rows.len(), 2);
    }
    let row = board::task::Entity::insert(board::task(22, Some(1), None))
        .exec_with_returning(&db)
        .await
        .unwrap();
    assert_eq!(row.id, 22);
    let result = board::task::Entity::delete_by_id(22).exec(&db).await.unwrap();
    assert_eq!(result.rows_affected, 1);
}

/// A clone shares what its original has announced, and two saves at once keep apart.
async fn drop_in_clones(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    let clone = db.clone();
    let action = async {
        let (one, two) = tokio::join!(rename_event(&db, 1, "one"), rename_event(&clone, 2, "two"));
        one.unwrap();
        two.unwrap();
    };
    world
        .expect_moved(
            &["events 1", "tasks 1", "tasks 2", "tasks 3", "events 2", "tasks 4"],
            action,
        )
        .await;
    assert_eq!((db.registered(), clone.registered()), (0, 0));
}

/// Behind another connection type that passes everything on, the hooks still find it.
async fn drop_in_behind_a_wrapper(world: &World) {
    board::populate(world).await;
    let db = touching(world);
    let gate = touchable_tests::Gate::failing(&db, usize::MAX);
    world
        .expect_moved(
            &["events 1", "tasks 1", "tasks 2", "tasks 3"],
            rename_event(&gate, 1, "renamed"),
        )
        .await
        .unwrap();
    assert_eq!(db.registered(), 0);
    let event = board::event::Entity::find_by_id(2)
        .one(&gate)
        .await
        .unwrap()
        .unwrap();
    let mut tasks = event.find_related(board::task::Entity).all(&gate).await.unwrap();
    let mut task: board::task::ActiveModel = tasks.remove(0).into();
    task.title = Set("through the gate".to_owned());
    world
        .expect_moved(&["tasks 4"], task.update(&gate))
        .await
        .unwrap();
}

on_every_backend!(board:
    drop_in_reads,
    drop_in_schema_statements,
    drop_in_bulk_writes,
    drop_in_clones,
    drop_in_behind_a_wrapper,
);
