//! Whether one stored stamp is earlier than another.

use std::time::Duration;

use sea_orm::{
    DbBackend,
    sea_query::{Alias, DynIden, Expr},
};

use super::rising::sqlite_micros;
use crate::entity::ColumnKind;

/// A column of times: its table or alias, its name, its kind.
pub(crate) type StampColumn = (DynIden, &'static str, ColumnKind);

/// Whether `one` is earlier than `other`, by more than this. Null is not.
pub(crate) fn earlier(backend: DbBackend, one: StampColumn, other: StampColumn, by: Duration) -> Expr {
    let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX / 4);
    match backend {
        DbBackend::Postgres => Expr::cust_with_exprs(
            format!("$1 + interval '{micros} microseconds' < $2"),
            [in_utc(&one), in_utc(&other)],
        ),
        DbBackend::MySql => Expr::cust_with_exprs(
            format!("? + INTERVAL {micros} MICROSECOND < ?"),
            [column(&one), column(&other)],
        ),
        _ => {
            let [one, other] = [one, other].map(|(table, name, _)| sqlite_micros(&quoted(&table, name)));
            Expr::cust(format!("{one} + {micros} < {other}"))
        }
    }
}

fn column((table, name, _): &StampColumn) -> Expr {
    Expr::col((table.clone(), Alias::new(*name)))
}

/// A time without a zone is in UTC; PostgreSQL would take it to be in the session's.
fn in_utc(stamp: &StampColumn) -> Expr {
    let plain = column(stamp);
    match stamp.2 {
        ColumnKind::Naive => Expr::cust_with_expr("($1 AT TIME ZONE 'UTC')", plain),
        _ => plain,
    }
}

fn quoted(table: &DynIden, name: &str) -> String {
    let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    format!("{}.{}", quote(&table.to_string()), quote(name))
}
