//! The statements of a store in a table.
//!
//! Keys are compared as bytes: two that differ in case or in trailing spaces are two. They are the primary key
//! themselves, and not a hash of them, so that deleting a prefix is a range of it and no two keys can meet.

use sea_orm::{
    DbBackend,
    sea_query::{
        Alias, Cond, Condition, DeleteStatement, Expr, ExprTrait, Func, InsertStatement, OnConflict, Order,
        Query, SelectStatement, SimpleExpr, UpdateStatement,
    },
};

use super::rows::Row;

pub(super) const KEY: &str = "key";
pub(super) const VALUE: &str = "value";
/// The value when it is an integer, so that every database can add to it; then `value` is empty.
pub(super) const NUMBER: &str = "number";
pub(super) const BYTE_SIZE: &str = "byte_size";
pub(super) const WRITTEN_AT: &str = "written_at";
pub(super) const EXPIRES_AT: &str = "expires_at";

const COLUMNS: [&str; 6] = [KEY, VALUE, NUMBER, BYTE_SIZE, WRITTEN_AT, EXPIRES_AT];

fn bytes(key: &str) -> Vec<u8> {
    key.as_bytes().to_vec()
}

pub(super) fn any_of(keys: &[&str]) -> SimpleExpr {
    match keys {
        [key] => Expr::col(KEY).eq(bytes(key)),
        keys => Expr::col(KEY).is_in(keys.iter().map(|key| bytes(key))),
    }
}

pub(super) fn live(now: i64) -> Condition {
    Cond::any()
        .add(Expr::col(EXPIRES_AT).is_null())
        .add(Expr::col(EXPIRES_AT).gt(now))
}

pub(super) fn expired(now: i64) -> Condition {
    Cond::all().add(Expr::col(EXPIRES_AT).lte(now))
}

pub(super) fn read(table: &str, keys: &[&str], now: i64) -> SelectStatement {
    Query::select()
        .columns([KEY, VALUE, NUMBER])
        .from(Alias::new(table))
        .and_where(any_of(keys))
        .cond_where(live(now))
        .take()
}

pub(super) fn insert(table: &str, rows: &[Row<'_>]) -> InsertStatement {
    let mut insert = Query::insert();
    insert.into_table(Alias::new(table)).columns(COLUMNS);
    for row in rows {
        let value = match row.number {
            Some(_) => Vec::new(),
            None => row.value.to_vec(),
        };
        insert.values_panic([
            bytes(row.key).into(),
            value.into(),
            row.number.into(),
            i64::try_from(row.bytes()).unwrap_or(i64::MAX).into(),
            row.written_at.into(),
            row.expires_at.into(),
        ]);
    }
    insert
}

pub(super) fn upsert(table: &str, rows: &[Row<'_>]) -> InsertStatement {
    insert(table, rows)
        .on_conflict(
            OnConflict::column(KEY)
                .update_columns(COLUMNS[1..].iter().copied())
                .to_owned(),
        )
        .to_owned()
}

/// MySQL knows no `DO NOTHING`; there a second row is an error.
pub(super) fn insert_if_absent(table: &str, row: Row<'_>, backend: DbBackend) -> InsertStatement {
    let mut insert = insert(table, &[row]);
    if backend != DbBackend::MySql {
        insert.on_conflict(OnConflict::column(KEY).do_nothing().to_owned());
    }
    insert
}

/// Adds to a live integer, where the sum fits. It returns the sum; on MySQL, which cannot, as the last insert id.
pub(super) fn increment(table: &str, key: &str, by: i64, now: i64, backend: DbBackend) -> UpdateStatement {
    let fits = if by < 0 {
        Expr::col(NUMBER).gte(i64::MIN - by)
    } else {
        Expr::col(NUMBER).lte(i64::MAX - by)
    };
    let sum = Expr::col(NUMBER).add(by);
    let mut update = Query::update();
    update
        .table(Alias::new(table))
        .value(WRITTEN_AT, now)
        .and_where(any_of(&[key]))
        .and_where(fits)
        .cond_where(live(now));
    if backend == DbBackend::MySql {
        // The function's result has no sign, the column has.
        let sum = Func::cast_as(Func::cust("LAST_INSERT_ID").arg(sum), Alias::new("signed"));
        update.value(NUMBER, sum);
    } else {
        update.value(NUMBER, sum).returning_col(NUMBER);
    }
    update
}

pub(super) fn delete(table: &str, which: Condition) -> DeleteStatement {
    Query::delete()
        .from_table(Alias::new(table))
        .cond_where(which)
        .take()
}

/// Keys from `from` on, and below `end`.
pub(super) fn range(from: &[u8], end: Option<&[u8]>) -> Condition {
    let range = Cond::all().add(Expr::col(KEY).gte(from.to_vec()));
    match end {
        Some(end) => range.add(Expr::col(KEY).lt(end.to_vec())),
        None => range,
    }
}

/// The key at a distance from the beginning of a range.
pub(super) fn key_at(table: &str, range: Condition, distance: u64) -> SelectStatement {
    Query::select()
        .column(KEY)
        .from(Alias::new(table))
        .cond_where(range)
        .order_by(KEY, Order::Asc)
        .limit(1)
        .offset(distance)
        .take()
}

/// The first rows by a column, with what they take.
pub(super) fn first(table: &str, which: Condition, by: &'static str, count: u64) -> SelectStatement {
    Query::select()
        .columns([KEY, BYTE_SIZE, WRITTEN_AT])
        .from(Alias::new(table))
        .cond_where(which)
        .order_by(by, Order::Asc)
        .limit(count)
        .take()
}

/// What all rows take, from the index that holds it.
pub(super) fn size(table: &str, backend: DbBackend) -> SelectStatement {
    let integer = match backend {
        DbBackend::MySql => "signed",
        _ => "bigint",
    };
    let sum = Func::coalesce([Func::sum(Expr::col(BYTE_SIZE)).into(), Expr::val(0_i64)]);
    let sum = Func::cast_as(sum, Alias::new(integer));
    Query::select().expr(sum).from(Alias::new(table)).take()
}

/// What all keys with a prefix are below; nothing when the prefix is empty. The last byte of a text is never the
/// largest one.
pub(super) fn end_of_prefix(prefix: &str) -> Option<Vec<u8>> {
    let mut end = bytes(prefix);
    let last = end.last_mut()?;
    *last += 1;
    Some(end)
}
