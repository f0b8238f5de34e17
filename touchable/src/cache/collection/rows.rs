//! The rows that a query finds, reduced to the columns of which a version consists.

use sea_orm::{
    ColumnTrait, DbBackend, DbErr, IdenStatic, Iterable, PrimaryKeyToColumn, QueryTrait,
    sea_query::{SelectExpr, SelectStatement},
};

use crate::{
    entity::{ColumnKind, Touchable},
    error::Result,
};

/// A column of a version.
pub(super) struct Column {
    pub name: &'static str,
    pub is_moment: bool,
}

/// The primary key, the touch column and the version column: two rows of one key that lived one after the other begin
/// with the same version, and have different stamps.
fn own<E: Touchable>() -> impl Iterator<Item = E::Column> {
    E::PrimaryKey::iter()
        .map(PrimaryKeyToColumn::into_column)
        .chain([E::TOUCH_COLUMN])
        .chain(E::VERSION_COLUMN)
}

pub(super) fn columns<E: Touchable>() -> Vec<Column> {
    own::<E>()
        .map(|column| Column {
            name: column.as_str(),
            is_moment: matches!(
                ColumnKind::of(column.def().get_column_type()),
                ColumnKind::Zoned | ColumnKind::Naive
            ),
        })
        .collect()
}

/// A query whose rows have these columns, by their names.
pub(super) fn of<E: Touchable>(query: &SelectStatement, backend: DbBackend) -> Result<SelectStatement> {
    let whole = selects(query) == selects(E::find().as_query());
    let mut rows = query.clone();
    match (whole, is_combined(query, backend), is_condensed(query)) {
        (false, true, _) => {
            let problem = "a union of selected columns has no version: its rows are not those of an entity; take whole rows";
            return Err(DbErr::Custom(problem.to_owned()).into());
        }
        // The columns are among those that are selected: leave all as it is.
        (true, true, _) | (true, _, true) => {}
        // Which rows a group or a distinct value stands for is not known: all that may be behind one count.
        (false, false, true) => {
            rows.clear_group_by()
                .clear_having()
                .clear_order_by()
                .reset_limit()
                .reset_offset();
            no_distinct(&mut rows);
            select_own::<E>(&mut rows);
        }
        (_, false, false) => select_own::<E>(&mut rows),
    }
    if backend == DbBackend::MySql {
        keep_order(&mut rows);
    }
    Ok(rows)
}

fn select_own<E: Touchable>(rows: &mut SelectStatement) {
    rows.clear_selects()
        .columns(own::<E>().map(|column| column.as_column_ref()));
}

fn selects(query: &SelectStatement) -> Vec<SelectExpr> {
    let mut selects = Vec::new();
    query
        .clone()
        .exprs_mut_for_each(|expr| selects.push(expr.clone()));
    selects
}

fn no_distinct(query: &mut SelectStatement) {
    query.distinct_on::<&'static str, _>([]);
}

/// Whether a row of the query may stand for several rows of the table, so that other columns would make other rows.
fn is_condensed(query: &SelectStatement) -> bool {
    let mut plain = query.clone();
    plain.clear_group_by().clear_having();
    no_distinct(&mut plain);
    plain != *query
}

/// Whether it is a UNION, INTERSECT or EXCEPT, which SeaQuery does not tell. To take another query for one costs
/// some work of the database, and nothing else.
fn is_combined(query: &SelectStatement, backend: DbBackend) -> bool {
    let sql = backend.build(query).sql;
    [" UNION ", " INTERSECT ", " EXCEPT "]
        .iter()
        .any(|word| sql.contains(word))
}

/// MariaDB and MySQL drop the order of a derived table unless it has a limit; the largest number counts as none.
fn keep_order(rows: &mut SelectStatement) {
    const NEARLY_ALL: u64 = u64::MAX >> 1;
    let mut unlimited = rows.clone();
    let mut all = rows.clone();
    if [unlimited.reset_limit(), all.limit(u64::MAX)].contains(&rows) {
        rows.limit(NEARLY_ALL);
    }
}
