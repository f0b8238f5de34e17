//! Behaviours 11 to 13, 15 and 16: what a touch is. The deadlocks of 14 have a file of their own.

mod cascade;
mod columns;
mod limits;
mod others;
mod statements;

/// How many of the statements update a table, be it as a part of another statement. MariaDB orders a many-to-many update by
/// joining the table to its ordered keys; SQLite is sent a write of no rows before the first read of a transaction.
fn updates_of(sent: &[String], table: &str) -> usize {
    let updates = |sql: &String| {
        let quoted = [format!("UPDATE \"{table}\" "), format!("UPDATE `{table}` ")];
        let plain: usize = quoted.iter().map(|update| sql.matches(update).count()).sum();
        let joined = sql.starts_with("UPDATE (") && sql.contains(&format!("JOIN `{table}` ON"));
        plain + usize::from(joined)
    };
    sent.iter()
        .filter(|sql| !sql.contains("1 = 0"))
        .map(updates)
        .sum()
}
