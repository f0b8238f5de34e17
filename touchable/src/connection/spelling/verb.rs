//! How SeaORM spells the statement of a save.

use sea_orm::{Statement, Value};

use crate::entity::Key;

/// What a statement does to its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Insert,
    Update,
    Delete,
}

/// Whether a statement is one that SeaORM writes to do this to the rows of a table.
pub(in crate::connection) fn is_on(statement: &Statement, verb: Verb, table: &str) -> bool {
    let heads: &[&str] = match verb {
        Verb::Insert => &["INSERT INTO ", "INSERT IGNORE INTO "],
        Verb::Update => &["UPDATE "],
        Verb::Delete => &["DELETE FROM "],
    };
    let rest = heads
        .iter()
        .find_map(|head| statement.sql.strip_prefix(head)?.strip_prefix(table));
    rest.is_some_and(|rest| rest.starts_with(' '))
}

/// The values that a statement binds.
pub(in crate::connection) fn bound(statement: &Statement) -> &[Value] {
    statement
        .values
        .as_ref()
        .map(|values| values.0.as_slice())
        .unwrap_or_default()
}

/// Whether an UPDATE is one of the row with this key: its condition comes last, and names nothing else.
pub(in crate::connection) fn updates(statement: &Statement, key: &Key) -> bool {
    bound(statement).ends_with(key)
}

/// Whether a DELETE names this key, alone or among others.
pub(in crate::connection) fn deletes(statement: &Statement, key: &Key) -> bool {
    !key.is_empty() && bound(statement).windows(key.len()).any(|values| values == key)
}

/// How many saves a statement may stand for: SeaORM inserts and deletes the links of a nested save together.
pub(in crate::connection) fn saves(statement: &Statement, verb: Verb, key: Option<&Key>) -> usize {
    let bound = bound(statement).len();
    let each = match verb {
        Verb::Update => return 1,
        Verb::Delete => key.map_or(1, Vec::len),
        Verb::Insert => {
            let columns = statement
                .sql
                .split_once('(')
                .and_then(|(_, rest)| rest.split_once(')'));
            columns.map_or(1, |(columns, _)| columns.split(", ").count())
        }
    };
    bound.div_ceil(each.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use sea_orm::{DbBackend, Statement};

    use super::{Verb, deletes, is_on, saves, updates};

    fn statement(sql: &str, values: impl IntoIterator<Item = sea_orm::Value>) -> Statement {
        Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
    }

    #[test]
    fn a_statement_is_known_by_its_verb_and_table() {
        let update = statement(r#"UPDATE "events" SET "name" = $1 WHERE "events"."id" = $2"#, []);
        assert!(is_on(&update, Verb::Update, r#""events""#));
        assert!(!is_on(&update, Verb::Delete, r#""events""#));
        assert!(!is_on(&update, Verb::Update, r#""event""#));
        let other = statement(r#"UPDATE "events_2" SET "name" = $1"#, []);
        assert!(!is_on(&other, Verb::Update, r#""events""#));
        let link = statement(r#"INSERT IGNORE INTO "links" ("a") VALUES ($1)"#, []);
        assert!(is_on(&link, Verb::Insert, r#""links""#));
    }

    #[test]
    fn a_row_is_known_by_its_whole_key() {
        let update = statement("", ["name".into(), 1.into(), 2.into()]);
        assert!(updates(&update, &vec![1.into(), 2.into()]));
        assert!(!updates(&update, &vec!["name".into(), 1.into()]));
        let delete = statement("", [1.into(), 2.into(), 1.into(), 3.into()]);
        assert!(deletes(&delete, &vec![1.into(), 3.into()]));
        assert!(!deletes(&delete, &vec![1.into(), 4.into()]));
        assert!(!deletes(&delete, &Vec::new()));
        assert_eq!(saves(&delete, Verb::Delete, Some(&vec![1.into(), 3.into()])), 2);
    }

    #[test]
    fn rows_are_counted_by_their_values() {
        let sql = r#"INSERT INTO "links" ("a", "b") VALUES ($1, $2), ($3, $4) RETURNING "a", "b""#;
        let links = statement(sql, [1.into(), 2.into(), 1.into(), 3.into()]);
        assert_eq!(saves(&links, Verb::Insert, None), 2);
        let sql = r#"INSERT INTO "events" ("name") VALUES ($1)"#;
        assert_eq!(saves(&statement(sql, ["a".into()]), Verb::Insert, None), 1);
        assert_eq!(saves(&statement(sql, []), Verb::Insert, None), 1);
    }
}
