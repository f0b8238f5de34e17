//! A strict connection refuses every write of a table with rules that no save has announced, however it is spelled.

use sea_orm::ConnectionTrait;
use touchable::{Error, TouchConnection, TouchGraph, connect};
use touchable_tests::{World, cases, entities::board};

pub fn watching(world: &World) -> TouchConnection {
    connect(world.db.clone()).watch(&TouchGraph::of::<(board::event::Entity, board::user::Entity)>())
}

/// The connection answers before the database sees the statement.
async fn refused(world: &World, sql: &str) {
    board::populate(world).await;
    let db = watching(world).strict();
    let outcome = db.execute_unprepared(sql).await.map_err(Error::from);
    assert!(
        outcome.is_err_and(|error| error.is_bypass()),
        "let through: {sql}"
    );
}

macro_rules! refused {
    ($($case:ident on $($backend:ident)+ = $sql:literal;)+) => {
        $(async fn $case(world: &World) {
            refused(world, $sql).await;
        })+
        cases!(board::tables(), 1: $($case on $($backend)+),+);
    };
}

refused! {
    s_strict_refuses_what_seaorm_writes on sqlite postgres mariadb = "UPDATE events SET name = 'x'";
    s_strict_refuses_truncate on postgres mariadb = "TRUNCATE TABLE events";
    s_strict_refuses_merge on postgres =
        "MERGE INTO events USING users ON users.id = events.id WHEN MATCHED THEN UPDATE SET name = 'x'";
    s_strict_refuses_copy on postgres = "COPY events FROM '/dev/null'";
    s_strict_refuses_a_name_in_another_case on sqlite postgres = "UPDATE EVENTS SET name = 'x'";
    s_strict_refuses_a_name_after_a_comment on sqlite postgres mariadb = "UPDATE /* x */ events SET name = 'x'";
    s_strict_refuses_a_spaced_name_in_quotes on postgres = r#"UPDATE "public" . "events" SET name = 'x'"#;
    s_strict_refuses_a_spaced_name_of_a_schema on sqlite = r#"UPDATE "main" . "events" SET name = 'x'"#;
    s_strict_refuses_the_second_of_two_statements on sqlite postgres mariadb =
        "SELECT 1; UPDATE events SET name = 'x'";
    s_strict_refuses_explain_analyze on postgres = "EXPLAIN ANALYZE UPDATE events SET name = 'x'";
    s_strict_refuses_analyze on mariadb = "ANALYZE UPDATE events SET name = 'x'";
    s_strict_refuses_an_update_of_joined_tables on mariadb =
        "UPDATE tasks JOIN events ON events.id = tasks.event_id SET events.name = 'x'";
    s_strict_refuses_a_delete_by_alias on mariadb = "DELETE e FROM events e WHERE e.id = 9";
    s_strict_refuses_insert_high_priority on mariadb =
        "INSERT HIGH_PRIORITY INTO events (id, name, location, updated_at) VALUES (9, 'x', 'x', now())";
    s_strict_refuses_update_or_fail on sqlite = "UPDATE OR FAIL events SET name = 'x'";
}

/// What only names such a table is no write of it.
async fn s_strict_lets_reads_pass(world: &World) {
    board::populate(world).await;
    let db = watching(world).strict();
    for sql in [
        "SELECT * FROM events WHERE name = '; UPDATE events SET name'",
        "SELECT 1; SELECT id FROM events",
        "/* UPDATE events */ SELECT name FROM events",
        "UPDATE tasks SET title = 'DELETE FROM events'",
        "UPDATE tasks SET title = 'x' WHERE event_id IN (SELECT id FROM events)",
    ] {
        db.execute_unprepared(sql)
            .await
            .unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
}

cases!(board::tables(), 1: s_strict_lets_reads_pass on sqlite postgres mariadb);
