//! How MariaDB and MySQL touch rows that other tables lead to.
//!
//! They run a subselect of an UPDATE again for each row of the table. A derived table is filled once; joined from there, and
//! in its order, only the rows that are meant are looked at, and their locks are taken in that order. The optimizers drop
//! an ORDER BY without a LIMIT from a derived table, hence the largest LIMIT there is.

use sea_orm::{
    DbBackend, Order, Statement,
    sea_query::{
        Alias, Condition, DeleteStatement, DynIden, LockType, Query, SelectStatement, UpdateStatement,
    },
};

use super::{super::plan::Touch, Sql, key_alias};
use crate::{
    clock::Stamp,
    dialect::{Captured, quoted_table, rising, table_name},
    entity::Schema,
};

/// Lets a recursion go on until nothing new is found: MariaDB ends it after 1,000 steps (with nothing but a warning where
/// the session is not strict), MySQL with an error. Each reads its own of the two comments.
pub(crate) fn unbounded(mut statement: Statement) -> Statement {
    if let Some((verb, rest)) = statement.sql.split_once(' ')
        && rest.contains("WITH RECURSIVE ")
    {
        statement.sql = format!(
            "/*M!100000 SET STATEMENT max_recursive_iterations = 4294967295 FOR */ \
             {verb} /*+ SET_VAR(cte_max_recursion_depth = 4294967295) */ {rest}"
        );
    }
    statement
}

/// The UPDATE of a touch whose assignments are given.
pub(crate) fn update(sql: &Sql, touch: &Touch, mut assignments: UpdateStatement) -> Statement {
    let table = quoted_table(touch.target, DbBackend::MySql);
    let hits = Hits::of(sql, touch);
    if let (true, Some(except)) = (hits.all, Sql::except(touch, &table_name(touch.target))) {
        assignments.cond_where(except);
    }
    let assignments = Captured::of(DbBackend::MySql, &assignments);
    let (_, set) = assignments.split_at("UPDATE ".len() + table.len());

    let mut statement = Captured::default();
    statement.push("UPDATE ");
    hits.join(&mut statement, table);
    statement.append(set);
    unbounded(statement.into_statement(DbBackend::MySql))
}

/// An UPDATE of rows by their primary keys. On a small table the optimizer would rather read all rows, and lock them.
pub(crate) fn by_primary_key(update: &UpdateStatement, schema: &Schema) -> Statement {
    let (mut statement, set) = Captured::of(DbBackend::MySql, update)
        .split_at("UPDATE ".len() + quoted_table(schema, DbBackend::MySql).len());
    statement.push(" FORCE INDEX (PRIMARY)");
    statement.append(set);
    statement.into_statement(DbBackend::MySql)
}

/// The same of a DELETE.
pub(crate) fn delete_by_primary_key(delete: &DeleteStatement, schema: &Schema) -> Statement {
    let table = quoted_table(schema, DbBackend::MySql);
    let (_, condition) = Captured::of(DbBackend::MySql, delete).split_at("DELETE FROM ".len() + table.len());
    let mut statement = Captured::default();
    statement.push(&format!("DELETE {table} FROM {table} FORCE INDEX (PRIMARY)"));
    statement.append(condition);
    statement.into_statement(DbBackend::MySql)
}

/// Locks the rows of a touch, in the order in which it will touch them.
pub(crate) fn lock(sql: &Sql, touch: &Touch) -> Statement {
    let mut statement = Captured::default();
    statement.push("SELECT COUNT(*) FROM ");
    Hits::of(sql, touch).join(&mut statement, quoted_table(touch.target, DbBackend::MySql));
    statement.push(" FOR UPDATE");
    unbounded(statement.into_statement(DbBackend::MySql))
}

/// Asks for the primary keys of the rows that a touch has moved. It has locked what it has read, so that its rows are found
/// where it has found them.
pub(crate) fn moved(sql: &Sql, touch: &Touch, stamp: Stamp) -> Statement {
    let hits = Hits::of(sql, touch);
    let except = Sql::except(touch, &table_name(touch.target)).filter(|_| hits.all);
    let conditions = [
        rising::risen(touch.target, touch.bumped(), stamp).map(Condition::from),
        except,
    ];
    let condition = conditions
        .into_iter()
        .flatten()
        .fold(Condition::all(), Condition::add);
    let mut statement = Captured::of(DbBackend::MySql, &keys_of(touch.target));
    statement.push(" FROM ");
    hits.join(&mut statement, quoted_table(touch.target, DbBackend::MySql));
    let wanted = Query::select().cond_where(condition).to_owned();
    let (_, wanted) = Captured::of(DbBackend::MySql, &wanted).split_at("SELECT ".len());
    statement.append(wanted);
    unbounded(statement.into_statement(DbBackend::MySql))
}

/// Asks for the primary keys of all rows with stamps as high as a touch's, of which some may have moved without it; `None`
/// when it moves numbers only.
pub(crate) fn all_moved(touch: &Touch, stamp: Stamp) -> Option<Statement> {
    let mut select = keys_of(touch.target);
    select
        .from(touch.target.table.clone())
        .and_where(rising::risen(touch.target, touch.bumped(), stamp)?);
    Some(DbBackend::MySql.build(&select))
}

fn keys_of(target: &Schema) -> SelectStatement {
    let columns = target.primary_key_idens().into_iter();
    Query::select()
        .columns(columns.map(|column| (table_name(target), column)))
        .to_owned()
}

/// The keys of the rows to touch.
struct Hits {
    /// The columns in which the keys are found.
    columns: Vec<DynIden>,
    keys: SelectStatement,
    /// Rows that have moved already are among them.
    all: bool,
}

impl Hits {
    fn of(sql: &Sql, touch: &Touch) -> Self {
        let Some((columns, mut keys)) = sql.sources(&touch.rows) else {
            // The rows themselves have to be asked. Their exclusive locks are taken at once: a shared lock, which
            // InnoDB takes there otherwise, would have to be raised when the row is written, and of two transactions
            // that hold it neither could.
            let mut rows = sql.ordered_keys(touch);
            rows.limit(u64::MAX).lock(LockType::Update);
            // In the derived table of an UPDATE, MySQL would ask each row of the table whether it is meant, and lock them
            // all. In one that is derived again it looks up those that are.
            let keys = Query::select()
                .columns((0..touch.target.primary_key.len()).map(key_alias))
                .from_subquery(rows, Alias::new("found"))
                .limit(u64::MAX)
                .to_owned();
            return Self {
                columns: touch.target.primary_key_idens(),
                keys,
                all: false,
            };
        };
        keys.distinct().limit(u64::MAX);
        for i in 0..columns.len() {
            keys.order_by(key_alias(i), Order::Asc);
        }
        Self {
            columns,
            keys,
            all: true,
        }
    }

    /// `(keys) AS hit STRAIGHT_JOIN t ON t.a = hit.k0 AND ..`
    fn join(&self, statement: &mut Captured, table: &str) {
        statement.push("(");
        statement.append(Captured::of(DbBackend::MySql, &self.keys));
        statement.push(&format!(") AS `hit` STRAIGHT_JOIN {table} ON "));
        let equal = |(i, column): (usize, &DynIden)| {
            format!(
                "{table}.`{}` = `hit`.`k{i}`",
                column.to_string().replace('`', "``")
            )
        };
        let on: Vec<String> = self.columns.iter().enumerate().map(equal).collect();
        statement.push(&on.join(" AND "));
    }
}
