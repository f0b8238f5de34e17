//! Rows to one value, in each backend's words.
//!
//! A row is written so that it can be read back (each column with its length or in hexadecimal digits, null apart from
//! the empty text), and rows in their order.

use sea_orm::{
    DbBackend,
    sea_query::{Alias, Expr, ExprTrait, Func, Query, SelectStatement},
};

use super::rows::Column;

const ROWS: &str = "found";

/// A query for one text that stands for all rows, null when there are none.
pub(super) fn of(rows: SelectStatement, columns: &[Column], backend: DbBackend) -> SelectStatement {
    match backend {
        DbBackend::Postgres => postgres(rows, columns),
        DbBackend::MySql => mysql(rows, columns),
        _ => sqlite(rows, columns),
    }
}

fn column(column: &Column) -> Expr {
    Expr::col((Alias::new(ROWS), Alias::new(column.name)))
}

/// `5:hello;` for each column, `:;` for null. Both aggregates take the rows in the order of the derived table, which
/// PostgreSQL promises where nothing else happens in the outer query.
fn postgres(rows: SelectStatement, columns: &[Column]) -> SelectStatement {
    let parts = columns.iter().flat_map(|it| {
        let value = if it.is_moment {
            // The text of a moment depends on the session's zone and style.
            Expr::cust_with_expr("extract(epoch FROM $1)", column(it))
        } else {
            column(it)
        };
        let text = value.cast_as("text");
        let length = Func::cust("octet_length").arg(text.clone());
        [length.into(), Expr::cust("':'"), text, Expr::cust("';'")]
    });
    let all = Func::cust("string_agg").args([Func::cust("concat").args(parts).into(), Expr::cust("''")]);
    let digest = Expr::cust_with_expr("encode(sha256(convert_to($1, 'UTF8')), 'hex')", all);
    Query::select().expr(digest).from_subquery(rows, ROWS).to_owned()
}

/// `text68656C6C6F;` for each column. SQLite keeps the order of a derived table under `group_concat`, and hands over
/// memory of its own process: the digest is taken on our side.
fn sqlite(rows: SelectStatement, columns: &[Column]) -> SelectStatement {
    let row = columns
        .iter()
        .map(|it| Expr::cust_with_exprs("(typeof(?) || hex(?) || ';')", [column(it), column(it)]))
        .reduce(|row, column| Expr::cust_with_exprs("(? || ?)", [row, column]))
        .unwrap_or_else(|| Expr::cust("''"));
    let all = Func::cust("group_concat").args([row, Expr::cust("''")]);
    Query::select().expr(all).from_subquery(rows, ROWS).to_owned()
}

/// The number of rows, and the sums of both halves of 128 bits of each numbered row's digest: `GROUP_CONCAT` would be
/// cut at `group_concat_max_len` without a word.
fn mysql(rows: SelectStatement, columns: &[Column]) -> SelectStatement {
    // For `ROW_NUMBER() OVER ()` MariaDB sorts the rows by whatever column comes first.
    let start = Query::select()
        .expr_as(Expr::cust("@touchable_row := 0"), "row")
        .to_owned();
    let number = Expr::cust("@touchable_row := @touchable_row + 1");
    let parts = columns.iter().flat_map(|it| {
        let text = column(it).cast_as("BINARY");
        // A TIMESTAMP has its text in the zone of the session, where an hour may come twice a year.
        let seconds = Func::cust("UNIX_TIMESTAMP").arg(column(it)).cast_as("BINARY");
        let also = it.is_moment.then_some(seconds);
        [Some(text), also].into_iter().flatten().flat_map(|text| {
            let length = Func::cust("LENGTH").arg(text.clone());
            let empty = || Expr::cust("''");
            [
                Func::coalesce([length.into(), empty()]).into(),
                Expr::cust("':'"),
                Func::coalesce([text, empty()]).into(),
                Expr::cust("';'"),
            ]
        })
    });
    let row = Func::cust("CONCAT").args([number, Expr::cust("';'")].into_iter().chain(parts));
    let digests = Query::select()
        .expr_as(Expr::cust_with_expr("SHA2(?, 256)", row), "digest")
        .from_subquery(start, "start")
        .from_subquery(rows, ROWS)
        .to_owned();
    let half = |from: u8| {
        Expr::cust(format!(
            "SUM(CAST(CONV(SUBSTRING(digest, {from}, 16), 16, 10) AS UNSIGNED))"
        ))
    };
    let all = Func::cust("CONCAT_WS").args([Expr::cust("' '"), Expr::cust("COUNT(*)"), half(1), half(17)]);
    Query::select()
        .expr(all.cast_as("CHAR"))
        .from_subquery(digests, "digests")
        .to_owned()
}
