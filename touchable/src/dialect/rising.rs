//! `greatest(stamp, stored + 1 µs)` in each backend's words.

use chrono::SecondsFormat;
use sea_orm::{
    DbBackend, Value,
    sea_query::{Alias, CaseStatement, Expr, ExprTrait, Func},
};

use super::table_name;
use crate::{
    clock::Stamp,
    entity::{ColumnKind, Schema, StampType},
};

/// What a touch assigns: the touch column and the version, or the columns that the rule names.
pub(crate) fn assignments(
    backend: DbBackend,
    schema: &Schema,
    columns: &[&'static str],
    stamp: Stamp,
) -> Vec<(&'static str, Expr)> {
    let own = [Some(schema.touch), schema.version];
    let bumped: Vec<&'static str> = if columns.is_empty() {
        own.into_iter().flatten().collect()
    } else {
        columns.to_vec()
    };
    bumped
        .into_iter()
        .map(|column| {
            let kind = schema.kind(column).unwrap_or(ColumnKind::Other);
            (column, rising(backend, column, kind, stamp))
        })
        .collect()
}

/// A value above the stored one: the stamp, or the next there is when the stored one lies ahead of it.
fn rising(backend: DbBackend, column: &'static str, kind: ColumnKind, stamp: Stamp) -> Expr {
    let stored = Expr::col(Alias::new(column));
    if kind == ColumnKind::Integer {
        return Expr::expr(Func::coalesce([stored, Expr::val(0)])).add(1);
    }
    match backend {
        DbBackend::Postgres => Expr::expr(Func::greatest([
            Expr::val(bound(kind, stamp)),
            stored.add(Expr::cust("interval '1 microsecond'")),
        ])),
        DbBackend::MySql => CaseStatement::new()
            .case(
                stored.clone().gte(bound(kind, stamp)),
                Expr::cust_with_expr("? + INTERVAL 1 MICROSECOND", stored),
            )
            .finally(bound(kind, stamp))
            .into(),
        _ => sqlite(column, kind, stamp),
    }
}

/// Whether a row's stamp lies before this one, or there is none.
pub(crate) fn is_before(backend: DbBackend, schema: &Schema, stamp: Stamp) -> Expr {
    let stored = Expr::col((table_name(schema), Alias::new(schema.touch)));
    let kind = schema.kind(schema.touch).unwrap_or(ColumnKind::Zoned);
    let before = if backend == DbBackend::Sqlite {
        let column = format!("\"{}\"", schema.touch.replace('"', "\"\""));
        let sql = format!("{} < ?", sqlite_micros(&column));
        Expr::cust_with_values(sql, [Value::from(stamp.as_micros())])
    } else {
        stored.clone().lt(bound(kind, stamp))
    };
    stored.is_null().or(before)
}

/// What holds of a row that a touch has moved; `None` when it moves numbers only.
pub(crate) fn risen(
    schema: &Schema,
    bumped: impl Iterator<Item = &'static str>,
    stamp: Stamp,
) -> Option<Expr> {
    let mut times = bumped.filter_map(|column| {
        let kind = schema.kind(column)?;
        (kind != ColumnKind::Integer).then_some((column, kind))
    });
    let (column, kind) = times.next()?;
    Some(Expr::col((table_name(schema), Alias::new(column))).gte(bound(kind, stamp)))
}

/// The forms in which a stamp is bound.
pub(crate) const FORMS: [fn(Stamp) -> Value; 5] = [
    |stamp| bound(ColumnKind::Zoned, stamp),
    |stamp| bound(ColumnKind::Naive, stamp),
    |stamp| text(ColumnKind::Zoned, stamp).into(),
    |stamp| text(ColumnKind::Naive, stamp).into(),
    |stamp| stamp.as_micros().into(),
];

fn bound(kind: ColumnKind, stamp: Stamp) -> Value {
    match kind {
        ColumnKind::Naive => chrono::NaiveDateTime::from_stamp(stamp).into(),
        _ => chrono::DateTime::<chrono::Utc>::from_stamp(stamp).into(),
    }
}

/// Microseconds since the Unix epoch of a stored time.
///
/// `SQLite` keeps times as text and has no microseconds in its date functions, so the text is taken apart: whole
/// seconds from its first 19 characters and the offset at its end, the fraction from what follows the seconds
/// (a cast to REAL reads as far as the digits go).
pub(super) fn sqlite_micros(stored: &str) -> String {
    let offset =
        format!("CASE WHEN substr({stored}, -6, 1) IN ('+', '-') THEN substr({stored}, -6) ELSE '' END");
    format!(
        "(CAST(strftime('%s', substr({stored}, 1, 19) || {offset}) AS INTEGER) * 1000000 \
         + CAST(round(CAST('0' || substr({stored}, 20) AS REAL) * 1000000) AS INTEGER))"
    )
}

/// What is written has six digits always, in the form in which `SQLx` writes the kind.
fn sqlite(column: &str, kind: ColumnKind, stamp: Stamp) -> Expr {
    let stored = format!("\"{}\"", column.replace('"', "\"\""));
    let micros = sqlite_micros(&stored);
    let next = format!("({micros} + 1 + (({micros} + 1) % 10 = 0))");
    let (separator, suffix) = if kind == ColumnKind::Naive {
        (" ", "")
    } else {
        ("T", "+00:00")
    };
    let raised = format!(
        "strftime('%Y-%m-%d{separator}%H:%M:%S', {next} / 1000000, 'unixepoch') \
         || printf('.%06d', {next} % 1000000) || '{suffix}'"
    );
    // Text in the usual form sorts as the time it names: most rows need no arithmetic. One LIKE is faster than taking
    // the separator and the offset out.
    let usual = format!("__________{separator}%{suffix}");
    let plainly_before = format!("{stored} < ? AND {stored} LIKE '{usual}'");
    let fresh = || Value::from(text(kind, stamp));
    Expr::cust_with_values(
        format!("CASE WHEN {plainly_before} THEN ? WHEN {micros} >= ? THEN {raised} ELSE ? END"),
        [fresh(), fresh(), Value::from(stamp.as_micros()), fresh()],
    )
}

fn text(kind: ColumnKind, stamp: Stamp) -> String {
    let zoned =
        chrono::DateTime::<chrono::Utc>::from_stamp(stamp).to_rfc3339_opts(SecondsFormat::Micros, false);
    if kind == ColumnKind::Naive {
        return zoned.trim_end_matches("+00:00").replace('T', " ");
    }
    zoned
}
