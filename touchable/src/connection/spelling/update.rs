//! The parts of the statement that SeaORM has written for a save.

use sea_orm::{DbBackend, Statement, sea_query::Expr};

use super::super::intent::Counts;
use crate::{
    dialect::Captured,
    entity::Schema,
    touch::{Assigned, Assignment},
};

/// `UPDATE t SET a = .., b = .. WHERE .. [RETURNING ..]`
#[derive(Clone, Debug)]
pub(in crate::connection) struct WrittenUpdate {
    /// `UPDATE t SET `
    pub head: String,
    pub assignments: Vec<(String, Captured)>,
    /// ` WHERE ..`
    pub condition: Captured,
    /// ` RETURNING ..`, or nothing.
    pub returning: Captured,
}

impl WrittenUpdate {
    /// Takes the statement apart; `None` when it is not of the form that SeaORM's `update` has.
    pub fn read(statement: &Statement) -> Option<Self> {
        let whole = Captured::of_statement(statement);
        let (head, rest) = whole.split_at(whole.find(" SET ")? + " SET ".len());
        let (assignments, rest) = rest.split_at(rest.find(" WHERE ")?);
        let (condition, returning) = rest.split_at(rest.find(" RETURNING ").unwrap_or(rest.sql.len()));
        let assignments = assignments
            .split(", ")
            .iter()
            .map(assignment)
            .collect::<Option<_>>()?;
        Some(Self {
            head: head.sql,
            assignments,
            condition,
            returning,
        })
    }

    /// What is set, as the engine asks about it.
    pub fn assigned(&self, schema: &'static Schema, backend: DbBackend, counts: Counts) -> Assigned {
        let Counts { always, explicit } = counts;
        let columns = self
            .assignments
            .iter()
            .filter(|(column, _)| explicit || column != schema.touch)
            .filter(|(column, _)| schema.version != Some(column.as_str()))
            .map(|(column, value)| Assignment {
                column: column.clone(),
                expr: value.clone().into_expr(backend),
                value: Some(&value.values)
                    .filter(|values| values.len() == 1)
                    .map(|values| values[0].clone()),
            })
            .collect();
        Assigned {
            schema,
            backend,
            columns,
            always,
        }
    }

    /// What stands for an UPDATE that would change nothing: it finds the row as it is.
    pub fn unchanged(&self, touch: &str, backend: DbBackend) -> Statement {
        let table = self.head.trim_start_matches("UPDATE ").trim_end_matches(" SET ");
        let mut statement = Captured::default();
        // What counts rows counts those of a write: an update that is one to nobody.
        if backend == DbBackend::MySql || (backend == DbBackend::Sqlite && self.returning.sql.is_empty()) {
            let quote = if backend == DbBackend::MySql { '`' } else { '"' };
            statement.push(&format!(
                "UPDATE {table} SET {quote}{touch}{quote} = {quote}{touch}{quote}"
            ));
        } else {
            statement.push("SELECT ");
            let columns = self.returning.sql.trim_start_matches(" RETURNING ");
            statement.push(if columns.is_empty() { "1" } else { columns });
            statement.push(&format!(" FROM {table}"));
        }
        statement.append(self.condition.clone());
        statement.into_statement(backend)
    }

    /// Puts the statement together again, with other values for some columns. They come first, since MySQL assigns
    /// from left to right and they ask for the values before.
    pub fn with(&self, backend: DbBackend, others: &[(&str, Expr)]) -> Captured {
        let mut written = Captured {
            sql: self.head.clone(),
            values: Vec::new(),
        };
        let quote = if backend == DbBackend::MySql { '`' } else { '"' };
        let mut separator = "";
        for (column, value) in others {
            written.push(&format!("{separator}{quote}{column}{quote} = "));
            written.append(Captured::of_expr(backend, value.clone()));
            separator = ", ";
        }
        for (column, value) in &self.assignments {
            if others.iter().any(|(other, _)| other == column) {
                continue;
            }
            written.push(&format!("{separator}{quote}{column}{quote} = "));
            written.append(value.clone());
            separator = ", ";
        }
        written
    }
}

fn assignment(written: &Captured) -> Option<(String, Captured)> {
    let at = written.find(" = ")?;
    let (column, value) = written.split_at(at);
    let (_, value) = value.split_at(" = ".len());
    Some((column.sql.trim_matches(['"', '`']).to_owned(), value))
}

/// The UPDATE with a touch column and a version that rise, as these assignments say.
pub(in crate::connection) fn raised(
    written: &WrittenUpdate,
    backend: DbBackend,
    bumped: &[(&str, Expr)],
) -> Statement {
    let mut raised = written.with(backend, bumped);
    raised.append(written.condition.clone());
    raised.append(written.returning.clone());
    raised.into_statement(backend)
}

/// The column in which a save says how many rows the touch with it has moved.
pub(in crate::connection) const ROWS: &str = "touchable_rows";

/// A touch and a save in one statement, as PostgreSQL has it; `None` when the save returns no row.
pub(in crate::connection) fn together(touch: &Statement, save: &Statement) -> Option<Statement> {
    let save = Captured::of_statement(save);
    let (save, returning) = save.split_at(save.find(" RETURNING ")?);
    let mut whole = Captured::default();
    whole.push("WITH \"touchable_touched\" AS (");
    whole.append(Captured::of_statement(touch));
    whole.push(" RETURNING 1) ");
    whole.append(save);
    // The save depends on the touch, so that this comes first: what triggers of the save write, the touch would pass over.
    whole.push(" AND (SELECT count(*) FROM \"touchable_touched\") >= 0");
    whole.append(returning);
    whole.push(&format!(
        ", (SELECT count(*) FROM \"touchable_touched\") AS \"{ROWS}\""
    ));
    Some(whole.into_statement(touch.db_backend))
}

#[cfg(test)]
mod tests {
    use sea_orm::{DbBackend, Statement, sea_query::Expr};

    use super::{WrittenUpdate, raised, together};

    const POSTGRES: &str = r#"UPDATE "app"."events" SET "name" = $1, "kind" = CAST($2 AS "kind"), "note, = WHERE" = $3 WHERE "events"."id" = $4 RETURNING "id", "name""#;
    const MYSQL: &str = "UPDATE `events` SET `name` = ?, `city` = ? WHERE `events`.`id` = ?";

    fn statement(backend: DbBackend, sql: &str, values: i32) -> Statement {
        Statement::from_sql_and_values(backend, sql, (1..=values).map(Into::into))
    }

    #[test]
    fn an_update_is_taken_apart() {
        let written = WrittenUpdate::read(&statement(DbBackend::Postgres, POSTGRES, 4)).unwrap();
        let columns: Vec<_> = written
            .assignments
            .iter()
            .map(|(column, value)| (&**column, value.values.clone()))
            .collect();
        assert_eq!(
            columns,
            [
                ("name", vec![1.into()]),
                ("kind", vec![2.into()]),
                ("note, = WHERE", vec![3.into()])
            ]
        );
        assert_eq!(written.condition.values, [4.into()]);
        assert_eq!(written.returning.sql, r#" RETURNING "id", "name""#);
    }

    #[test]
    fn other_values_come_first_and_in_the_place_of_their_columns() {
        let written = WrittenUpdate::read(&statement(DbBackend::MySql, MYSQL, 3)).unwrap();
        let raised = raised(&written, DbBackend::MySql, &[("city", Expr::val(7))]);
        assert_eq!(
            raised.sql,
            "UPDATE `events` SET `city` = ?, `name` = ? WHERE `events`.`id` = ?"
        );
        assert_eq!(raised.values.unwrap().0, [7.into(), 1.into(), 3.into()]);
    }

    #[test]
    fn an_update_that_changes_nothing_finds_its_row() {
        for (backend, sql, expected) in [
            (
                DbBackend::Postgres,
                POSTGRES,
                r#"SELECT "id", "name" FROM "app"."events" WHERE "events"."id" = $1"#,
            ),
            (
                DbBackend::MySql,
                MYSQL,
                "UPDATE `events` SET `updated_at` = `updated_at` WHERE `events`.`id` = ?",
            ),
            (
                DbBackend::Sqlite,
                MYSQL,
                r#"UPDATE `events` SET "updated_at" = "updated_at" WHERE `events`.`id` = ?"#,
            ),
        ] {
            let statement = statement(backend, sql, if sql == MYSQL { 3 } else { 4 });
            let unchanged = WrittenUpdate::read(&statement)
                .unwrap()
                .unchanged("updated_at", backend);
            assert_eq!(unchanged.sql, expected);
            assert_eq!(unchanged.values.unwrap().0.len(), 1);
        }
    }

    #[test]
    fn a_touch_and_a_save_are_one_statement() {
        let touch = r#"UPDATE "tasks" SET "updated_at" = $1 WHERE "event_id" = $2"#;
        let [touch, save] =
            [(touch, 2), (POSTGRES, 4)].map(|(sql, values)| statement(DbBackend::Postgres, sql, values));
        let both = together(&touch, &save).unwrap();
        assert_eq!(
            both.sql,
            r#"WITH "touchable_touched" AS (UPDATE "tasks" SET "updated_at" = $1 WHERE "event_id" = $2 RETURNING 1) UPDATE "app"."events" SET "name" = $3, "kind" = CAST($4 AS "kind"), "note, = WHERE" = $5 WHERE "events"."id" = $6 AND (SELECT count(*) FROM "touchable_touched") >= 0 RETURNING "id", "name", (SELECT count(*) FROM "touchable_touched") AS "touchable_rows""#
        );
        assert_eq!(both.values.unwrap().0, [1, 2, 1, 2, 3, 4].map(Into::into));
        assert!(together(&touch, &touch).is_none());
    }

    #[test]
    fn what_is_no_update_of_a_row_is_not_read() {
        for sql in ["SELECT 1", "UPDATE t SET a", "DELETE FROM t WHERE id = ?"] {
            assert!(
                WrittenUpdate::read(&statement(DbBackend::Sqlite, sql, 1)).is_none(),
                "{sql}"
            );
        }
    }
}
