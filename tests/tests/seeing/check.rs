//! Behaviour 32: whether the database can carry the rules.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use sea_orm_migration::SchemaManager;
use touchable::{
    TouchGraph, Touchable, check,
    check::{Fault, Problem, problems},
};
use touchable_migrations::TouchSchema;
use touchable_tests::{
    Backend, World,
    entities::{board, columns, cycle, orders},
    on_every_backend, run,
};

type Board = (
    board::event::Entity,
    board::user::Entity,
    board::task::Entity,
    board::participant::Entity,
);

async fn index<E: Touchable>(db: &DatabaseConnection) {
    let manager = SchemaManager::new(db);
    manager.touch_indexes::<E>().up().await.unwrap();
}

/// Runs the statement of this world's backend.
async fn alter(world: &World, postgres: &str, mariadb: &str, sqlite: &str) -> Result<(), DbErr> {
    let sql = match world.backend {
        Backend::Postgres => postgres,
        Backend::MariaDb => mariadb,
        Backend::Sqlite => sqlite,
    };
    for sql in sql.split(';') {
        world.db.execute_unprepared(sql).await?;
    }
    Ok(())
}

async fn found(world: &World, graph: TouchGraph) -> Vec<Problem> {
    problems(&world.db, &graph).await.unwrap()
}

/// The indexes are those that `touchable-migrations` creates: what is advised is what helps.
async fn b32_all_is_well(world: &World) {
    index::<board::event::Entity>(&world.db).await;
    index::<board::user::Entity>(&world.db).await;
    let graph = TouchGraph::of::<Board>();
    check(&world.db, &graph).await.unwrap();
    let db = touchable::connect(world.db.clone());
    check(&db, &graph).await.unwrap();
}

async fn b32_missing_index(world: &World) {
    // MariaDB makes an index under each foreign key: there both have to go.
    alter(
        world,
        "SELECT 1",
        "CREATE TABLE bare LIKE tasks; DROP TABLE tasks; RENAME TABLE bare TO tasks; \
         DROP INDEX `fk-tasks-event_id` ON tasks; DROP INDEX `fk-tasks-user_id` ON tasks",
        "SELECT 1",
    )
    .await
    .unwrap();
    let graph = || TouchGraph::of::<(board::event::Entity,)>();
    let found_first = found(world, graph()).await;
    let [problem] = found_first.as_slice() else {
        panic!("{found_first:#?}")
    };
    assert_eq!(
        (problem.table(), problem.fault(), problem.columns()),
        ("tasks", &Fault::NoIndex, ["event_id".to_owned()].as_slice())
    );
    assert_eq!(
        problem.to_string(),
        "no index of `tasks` begins with `event_id`, so that each touch reads the whole table; create one with \
         `association_index(\"tasks\", [\"event_id\"])` of `touchable-migrations` (needed by events -> tasks)"
    );
    // An index that only ends with the column does not help; one that begins with it does.
    world
        .db
        .execute_unprepared("CREATE INDEX late ON tasks (user_id, event_id)")
        .await
        .unwrap();
    assert_eq!(found(world, graph()).await.len(), 1);
    world
        .db
        .execute_unprepared("CREATE INDEX early ON tasks (event_id, user_id)")
        .await
        .unwrap();
    assert_eq!(found(world, graph()).await, []);
}

/// Junctions are searched by the near key; the primary key of the far end serves.
async fn b32_missing_index_of_a_junction(world: &World) {
    if world.backend == Backend::MariaDb {
        alter(
            world,
            "",
            "CREATE TABLE bare LIKE participants; DROP TABLE participants; RENAME TABLE bare TO participants; \
             DROP INDEX `fk-participants-user_id` ON participants",
            "",
        )
        .await
        .unwrap();
    }
    let found = found(world, TouchGraph::of::<(board::user::Entity,)>()).await;
    let problem = found
        .iter()
        .find(|problem| problem.table() == "participants")
        .unwrap_or_else(|| panic!("{found:#?}"));
    assert_eq!(
        (problem.fault(), problem.columns()),
        (&Fault::NoIndex, ["user_id".to_owned()].as_slice())
    );
    assert_eq!(problem.rules(), ["users -> participants", "users -> events"]);
}

/// An index over some of the rows finds only these.
async fn b32_partial_index(world: &World) {
    let sql = "CREATE INDEX partly ON tasks (event_id) WHERE event_id > 5";
    if world.backend != Backend::MariaDb {
        world.db.execute_unprepared(sql).await.unwrap();
        let found = found(world, TouchGraph::of::<(board::event::Entity,)>()).await;
        assert!(
            found
                .iter()
                .any(|problem| *problem.fault() == Fault::NoIndex && problem.table() == "tasks"),
            "{found:#?}"
        );
    }
}

async fn b32_missing_column(world: &World) {
    index::<board::event::Entity>(&world.db).await;
    world
        .db
        .execute_unprepared("ALTER TABLE tasks DROP COLUMN updated_at")
        .await
        .unwrap();
    let graph = TouchGraph::of::<(board::event::Entity,)>();
    let error = check(&world.db, &graph).await.unwrap_err();
    let [problem] = error.problems() else {
        panic!("{error}")
    };
    assert_eq!(problem.fault(), &Fault::NoColumn);
    assert_eq!(
        error.to_string(),
        "the schema of the database does not fit the touch rules\n  the table `tasks` has no column `updated_at`; add it, \
         a touch column with `touch_columns(\"tasks\")` of `touchable-migrations` (needed by events -> tasks)"
    );
}

async fn b32_missing_table(world: &World) {
    world.db.execute_unprepared("DROP TABLE tasks").await.unwrap();
    let found = found(world, TouchGraph::of::<(board::event::Entity,)>()).await;
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].to_string(),
        "the table `tasks` does not exist; run the migrations (needed by events -> tasks)"
    );
}

async fn b32_coarse_column(world: &World) {
    index::<board::event::Entity>(&world.db).await;
    let graph = || TouchGraph::of::<(board::event::Entity,)>();
    for (digits, postgres, mariadb) in [
        (0, "timestamp(0) with time zone", "datetime"),
        (3, "timestamp(3) with time zone", "timestamp(3)"),
    ] {
        alter(
            world,
            &format!("ALTER TABLE tasks ALTER COLUMN updated_at TYPE {postgres}"),
            &format!("ALTER TABLE tasks MODIFY updated_at {mariadb}"),
            "ALTER TABLE tasks DROP COLUMN updated_at; ALTER TABLE tasks ADD COLUMN updated_at integer",
        )
        .await
        .unwrap();
        let found = found(world, graph()).await;
        assert_eq!(found.len(), 1, "{found:#?}");
        if world.backend == Backend::Sqlite {
            assert_eq!(found[0].fault(), &Fault::WrongType("an integer".to_owned()));
        } else {
            assert_eq!(found[0].fault(), &Fault::Coarse(digits));
            assert!(
                found[0]
                    .to_string()
                    .starts_with(&format!("the column `tasks.updated_at` keeps {digits} digits"))
            );
        }
    }
}

async fn b32_types_that_cannot_be_bumped(world: &World) {
    index::<board::event::Entity>(&world.db).await;
    for ty in ["date", "real"] {
        alter(
            world,
            &format!(
                "ALTER TABLE tasks DROP COLUMN updated_at; ALTER TABLE tasks ADD COLUMN updated_at {ty}"
            ),
            &format!(
                "ALTER TABLE tasks DROP COLUMN updated_at; ALTER TABLE tasks ADD COLUMN updated_at {ty}"
            ),
            &format!(
                "ALTER TABLE tasks DROP COLUMN updated_at; ALTER TABLE tasks ADD COLUMN updated_at {ty}"
            ),
        )
        .await
        .unwrap();
        let found = found(world, TouchGraph::of::<(board::event::Entity,)>()).await;
        assert!(matches!(found[0].fault(), Fault::WrongType(_)), "{found:#?}");
    }
}

/// SQLite's declared types that hold text, as SeaORM, migrations and people write them.
async fn b32_declared_types_of_sqlite(world: &World) {
    if world.backend != Backend::Sqlite {
        return;
    }
    index::<board::event::Entity>(&world.db).await;
    for ty in [
        "text",
        "timestamp_with_timezone_text",
        "datetime_text",
        "DATETIME",
        "timestamp",
        "",
    ] {
        let sql =
            format!("ALTER TABLE tasks DROP COLUMN updated_at; ALTER TABLE tasks ADD COLUMN updated_at {ty}");
        alter(world, "", "", &sql).await.unwrap();
        assert_eq!(
            found(world, TouchGraph::of::<(board::event::Entity,)>()).await,
            [],
            "{ty}"
        );
    }
}

async fn b32_version_column(world: &World) {
    index::<cycle::event::Entity>(&world.db).await;
    let graph = || TouchGraph::of::<(cycle::event::Entity,)>();
    assert_eq!(found(world, graph()).await, []);
    let real = "ALTER TABLE events DROP COLUMN lock_no; ALTER TABLE events ADD COLUMN lock_no real";
    alter(world, real, real, real).await.unwrap();
    let found = found(world, graph()).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].columns() == ["lock_no"] && found[0].rules() == ["tasks -> event"],
        "{found:#?}"
    );
}

async fn b32_columns_of_a_rule(world: &World) {
    let graph = || {
        TouchGraph::of::<(
            columns::task::Entity,
            columns::comment::Entity,
            columns::member::Entity,
        )>()
    };
    assert_eq!(found(world, graph()).await, []);
    world
        .db
        .execute_unprepared("ALTER TABLE projects DROP COLUMN activity_at")
        .await
        .unwrap();
    let found = found(world, graph()).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].columns() == ["activity_at"] && found[0].rules() == ["comments -> project"]);
}

/// A foreign key of two columns is served by an index that begins with both, in whatever order.
async fn b32_composite_keys(world: &World) {
    index::<orders::order::Entity>(&world.db).await;
    index::<orders::line::Entity>(&world.db).await;
    let graph = TouchGraph::of::<(orders::order::Entity, orders::line::Entity)>();
    assert_eq!(found(world, graph).await, []);
}

on_every_backend!(board:
    b32_all_is_well,
    b32_missing_index,
    b32_missing_index_of_a_junction,
    b32_partial_index,
    b32_missing_column,
    b32_missing_table,
    b32_coarse_column,
    b32_types_that_cannot_be_bumped,
    b32_declared_types_of_sqlite,
);
on_every_backend!(cycle: b32_version_column);
on_every_backend!(columns: b32_columns_of_a_rule);
on_every_backend!(orders: b32_composite_keys);

/// A table outside the search path, and one of the same name inside it that is not meant.
#[test]
fn b32_schema_qualified_table() {
    run(Backend::Postgres, vec![], 1, &async |world: &World| {
        for sql in [
            "CREATE SCHEMA audit",
            "CREATE TABLE notes (id int PRIMARY KEY, updated_at timestamptz)",
            "CREATE TABLE audit.notes (id int PRIMARY KEY, updated_at timestamptz(0))",
        ] {
            world.db.execute_unprepared(sql).await.unwrap();
        }
        let found = found(world, TouchGraph::of::<(note::Entity,)>()).await;
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!(
            (found[0].table(), found[0].fault()),
            ("audit.notes", &Fault::Coarse(0))
        );
    });
}

#[test]
fn b32_columns_that_no_touch_can_bump() {
    run(Backend::Sqlite, vec![], 1, &async |world: &World| {
        for sql in [
            "CREATE TABLE shelves (id integer PRIMARY KEY, title text, updated_at text)",
            "CREATE TABLE books (id integer PRIMARY KEY, shelf_id integer, updated_at text)",
        ] {
            world.db.execute_unprepared(sql).await.unwrap();
        }
        let found = found(world, TouchGraph::of::<(wrong::book::Entity,)>()).await;
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!(
            (found[0].columns(), found[0].fault()),
            (["title".to_owned()].as_slice(), &Fault::NotBumpable)
        );
    });
}

mod note {
    use sea_orm::entity::prelude::*;
    use touchable::Touchable;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
    #[sea_orm(schema_name = "audit", table_name = "notes")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub updated_at: DateTimeUtc,
    }
}

mod wrong {
    pub mod shelf {
        use sea_orm::entity::prelude::*;
        use touchable::Touchable;

        #[sea_orm::model]
        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
        #[sea_orm(table_name = "shelves")]
        pub struct Model {
            #[sea_orm(primary_key)]
            pub id: i32,
            pub title: String,
            pub updated_at: DateTimeUtc,
        }
    }

    pub mod book {
        use sea_orm::entity::prelude::*;
        use touchable::Touchable;

        #[sea_orm::model]
        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Touchable)]
        #[sea_orm(table_name = "books")]
        #[touch(shelf, columns = [title])]
        pub struct Model {
            #[sea_orm(primary_key)]
            pub id: i32,
            pub shelf_id: i32,
            pub updated_at: DateTimeUtc,
            #[sea_orm(belongs_to, from = "shelf_id", to = "id")]
            pub shelf: BelongsTo<super::shelf::Entity>,
        }
    }
}
