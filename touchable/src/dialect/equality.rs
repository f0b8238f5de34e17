//! When a value is another one: the database would store something else than it has.
//!
//! Databases call values equal that are shown differently: texts under a collation, `1.0` and `1.00`, `0.0` and `-0.0`, a month
//! and thirty days. Those are compared as they are written. In doubt a value counts as another one, so that no write is lost.

use sea_orm::{
    DbBackend,
    sea_query::{BinOper, CaseStatement, Expr, ExprTrait, Func, Keyword},
};

use super::quoted_table;
use crate::entity::{ColumnKind, Schema};

/// Whether a stored value and the one it is set to differ.
pub(crate) fn differs(
    backend: DbBackend,
    schema: &Schema,
    column: &str,
    kind: ColumnKind,
    stored: Expr,
    value: Expr,
) -> Expr {
    if is_default(&value) {
        return Expr::cust("1 = 1");
    }
    match backend {
        DbBackend::Postgres => postgres(schema, column, kind, stored, value),
        _ if kind == ColumnKind::Opaque => Expr::cust("1 = 1"),
        DbBackend::MySql => mysql(kind, stored, value),
        _ => sqlite(stored, value),
    }
}

/// Whether a column is set to its default, which the database only knows, and which stands in no expression.
pub(crate) fn is_default(value: &Expr) -> bool {
    matches!(value, Expr::Keyword(Keyword::Default)) || matches!(value, Expr::Custom(sql) if sql == "DEFAULT")
}

fn postgres(schema: &Schema, column: &str, kind: ColumnKind, stored: Expr, value: Expr) -> Expr {
    let differ = |stored: Expr, value: Expr| stored.binary(BinOper::Custom("IS DISTINCT FROM"), value);
    let written = |expr: Expr| expr.cast_as("text");
    let bytes = |expr: Expr| Expr::cust_with_expr(r#"$1 COLLATE "C""#, written(expr));
    let bytewise = |stored: Expr, value: Expr| differ(bytes(stored), bytes(value));
    match kind {
        // Documents are normalized by `jsonb`; a `json` is the text that it was given.
        ColumnKind::Enum | ColumnKind::Time | ColumnKind::Money | ColumnKind::Json | ColumnKind::Opaque => {
            bytewise(stored, value)
        }
        // `char(n)` is read with its blanks, and written without.
        ColumnKind::Text => {
            let trimmed =
                r#"CASE WHEN pg_typeof($1) = 'bpchar'::regtype THEN rtrim($2, ' ') ELSE $2 END COLLATE "C""#;
            let value = Expr::cust_with_exprs(trimmed, [stored.clone(), written(value)]);
            differ(bytes(stored), value)
        }
        // As numbers, so that a value of more digits differs, and as they are written, so that zeros do.
        ColumnKind::Float => differ(stored.clone(), value.clone()).or(bytewise(stored, value)),
        // A column with a scale rounds to that of its values; one without keeps each as it is.
        ColumnKind::Decimal => {
            let scale = Expr::cust_with_exprs("coalesce(scale($1), 0)", [stored.clone()]);
            let rounded = Expr::cust_with_exprs("round($1, $2)", [value.clone().cast_as("numeric"), scale]);
            CaseStatement::new()
                .case(
                    Expr::cust(has_scale(schema, column)),
                    differ(stored.clone(), rounded),
                )
                .finally(bytewise(stored, value))
                .into()
        }
        ColumnKind::Zoned | ColumnKind::Naive | ColumnKind::Integer | ColumnKind::Other => {
            differ(stored, value)
        }
    }
}

/// Whether PostgreSQL's column has a scale, asked of its catalog.
fn has_scale(schema: &Schema, column: &str) -> String {
    let text = |text: &str| text.replace('\'', "''");
    let table = text(quoted_table(schema, DbBackend::Postgres));
    let column = text(column);
    format!(
        "(SELECT atttypmod FROM pg_catalog.pg_attribute WHERE attrelid = '{table}'::regclass AND attname = '{column}') >= 0"
    )
}

fn mysql(kind: ColumnKind, stored: Expr, value: Expr) -> Expr {
    let differ = |stored: Expr, value: Expr| stored.binary(BinOper::Custom("<=>"), value).not();
    let bytes = |expr: Expr| Expr::expr(Func::cast_as(expr, "BINARY"));
    // In one character set: the bytes of another one can look like those of another text.
    let text = |expr: Expr| Expr::cust_with_expr("CAST(CONVERT(? USING utf8mb4) AS BINARY)", expr);
    // MySQL stores documents, MariaDB the text that it was given. Only MySQL reads this comment.
    let document = |value: Expr| Expr::cust_with_expr("/*!80000 CAST( */ ? /*!80000 AS JSON) */", value);
    match kind {
        ColumnKind::Json => differ(text(stored), text(document(value))),
        ColumnKind::Text | ColumnKind::Enum => differ(text(stored), text(value)),
        // Only zero has two equal forms. Beside `column = 0` MySQL would put 0 for the column.
        ColumnKind::Float => {
            let zero = value
                .clone()
                .eq(0)
                .and(differ(bytes(stored.clone()), bytes(value.clone())));
            differ(stored, value).or(zero)
        }
        // Columns have a scale here, and what is equal is stored alike.
        _ => differ(stored, value),
    }
}

fn sqlite(stored: Expr, value: Expr) -> Expr {
    // Without the affinity of the value's own column, which would turn text into numbers before they are compared.
    let value = Expr::cust_with_expr("(+?)", value);
    Expr::cust_with_expr("? COLLATE BINARY", stored).binary(BinOper::IsNot, value)
}
