//! Writes that bypass the rules.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use super::bypassing::acknowledged;
use crate::{
    entity::{Schema, known_schemas},
    error::{Error, Result},
    observe,
    touch::is_ours,
};

/// Looks at every statement that no save has announced.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    /// This handle's.
    strict: bool,
    seen: Arc<Seen>,
}

/// What all handles of a connection know.
#[derive(Debug, Default)]
struct Seen {
    learned: RwLock<Vec<&'static Schema>>,
    /// The statements and tables that have been warned of. The statement's text stands for the call site.
    warned: Mutex<HashSet<(String, &'static str)>>,
}

/// How many statements are remembered as warned of; a program that makes up its SQL is warned again.
const REMEMBERED: usize = 1_024;

impl Watch {
    /// The same for a handle that refuses.
    pub(super) fn refusing(&self) -> Self {
        Self {
            strict: true,
            seen: Arc::clone(&self.seen),
        }
    }

    pub(super) fn learn(&self, schemas: &[&'static Schema]) {
        self.seen
            .learned
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(schemas);
    }

    /// Warns of a write to a table with rules, once per statement and table.
    ///
    /// # Errors
    /// On a strict connection, instead of the warning.
    pub(super) fn check(&self, sql: &str) -> Result<()> {
        let Some(table) = written_table(sql) else {
            return Ok(());
        };
        if is_ours() {
            return Ok(());
        }
        let Some(schema) = self.find(table) else {
            return Ok(());
        };
        let feed = schema.feed.map(|stream| format!("the feed `{stream}`"));
        let rules = schema
            .rules
            .iter()
            .map(|rule| rule.association.to_owned())
            .chain(feed)
            .collect::<Vec<_>>()
            .join(", ");
        if let Some(reason) = acknowledged() {
            observe::bypassed(schema.name, reason);
            tracing::info!(
                table = schema.name,
                rules,
                reason,
                "a write bypasses the touch rules of its table, and may"
            );
            return Ok(());
        }
        if self.strict {
            return Err(Error::bypass(schema.name, &rules, sql));
        }
        let mut warned = self.seen.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.len() >= REMEMBERED {
            warned.clear();
        }
        if warned.insert((sql.to_owned(), schema.name)) {
            tracing::warn!(
                table = schema.name,
                rules,
                sql,
                "a write bypasses the touch rules of its table"
            );
        }
        Ok(())
    }

    fn find(&self, table: &str) -> Option<&'static Schema> {
        let named = |schemas: &[&'static Schema]| -> Vec<&'static Schema> {
            let of_that_name = schemas.iter().copied().filter(|schema| schema.name == table);
            of_that_name.collect()
        };
        // What the connection has learned is of its own database; another of the process may have a table of that name.
        let mut found = named(&self.seen.learned.read().unwrap_or_else(PoisonError::into_inner));
        if found.is_empty() {
            found = named(&known_schemas());
        }
        found
            .into_iter()
            .find(|schema| !(schema.rules.is_empty() && schema.feed.is_none()))
    }
}

/// The table that a statement writes, as far as its first words tell: `INSERT INTO t`, `UPDATE t`, `DELETE FROM t`,
/// `REPLACE INTO t`, and the same behind a `WITH`.
fn written_table(sql: &str) -> Option<&str> {
    let mut words = words(without_comments(sql));
    let first = words.next()?;
    if first.eq_ignore_ascii_case("WITH") {
        let verb = words.find(|word| is_verb(word))?;
        return target(verb, words);
    }
    is_verb(first).then(|| target(first, words)).flatten()
}

/// What follows the comments at the beginning of a statement.
fn without_comments(sql: &str) -> &str {
    let sql = sql.trim_start();
    let rest = if let Some(comment) = sql.strip_prefix("--") {
        comment.split_once('\n').map(|(_, rest)| rest)
    } else if let Some(comment) = sql.strip_prefix("/*") {
        comment.split_once("*/").map(|(_, rest)| rest)
    } else {
        return sql;
    };
    rest.map_or("", without_comments)
}

fn is_verb(word: &str) -> bool {
    ["INSERT", "UPDATE", "DELETE", "REPLACE"]
        .iter()
        .any(|verb| word.eq_ignore_ascii_case(verb))
}

fn target<'a>(verb: &str, mut words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let between = if verb.eq_ignore_ascii_case("UPDATE") {
        ["ONLY", "IGNORE"]
    } else {
        ["INTO", "FROM"]
    };
    let table = words.find(|word| {
        !between.iter().any(|skip| word.eq_ignore_ascii_case(skip))
            && !["OR", "IGNORE", "LOW_PRIORITY", "ONLY", "ABORT", "REPLACE"]
                .iter()
                .any(|skip| word.eq_ignore_ascii_case(skip))
    })?;
    let name = table.rsplit('.').next().unwrap_or(table);
    Some(name.trim_matches(['"', '`', '[', ']']))
}

fn words(sql: &str) -> impl Iterator<Item = &str> {
    sql.split(|c: char| c.is_whitespace() || c == '(' || c == ')' || c == ',')
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::written_table;

    #[test]
    fn writes_are_told_from_reads() {
        for (sql, table) in [
            (r#"UPDATE "events" SET "name" = $1"#, Some("events")),
            ("update app.events set name = 'x'", Some("events")),
            (r#"UPDATE "app"."events" SET "name" = $1"#, Some("events")),
            ("INSERT INTO `tasks` (`id`) VALUES (?)", Some("tasks")),
            ("insert or ignore into tasks(id) values (1)", Some("tasks")),
            ("REPLACE INTO tasks VALUES (1)", Some("tasks")),
            ("DELETE FROM tasks WHERE id = 1", Some("tasks")),
            ("WITH old AS (SELECT 1) DELETE FROM tasks", Some("tasks")),
            ("/* app */ -- here\n UPDATE tasks SET x = 1", Some("tasks")),
            ("SELECT * FROM tasks FOR UPDATE", None),
            ("CREATE TABLE tasks (id int)", None),
            ("", None),
        ] {
            assert_eq!(written_table(sql), table, "{sql}");
        }
    }
}
