//! `insert_many().touching()`.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, IdenStatic, InsertMany, InsertManyResult, Iterable,
    QueryTrait, Value,
    sea_query::{Expr, InsertStatement, Query},
};

use super::{insert_told, unreadable};
use crate::{
    Clock, Result, Stamp, Touchable,
    connection::ask,
    observe,
    touch::{
        Event,
        ahead::lock_parents,
        capture::{Captured, MARK},
        explicit::CHUNK,
        flush::flush,
        hooks::active_rules,
        plan::{Entry, Except, Key, Start, Values},
        publish,
        row::is_null,
        schema::CompiledRule,
    },
};

pub(super) async fn run<A, C>(db: &C, mut insert: InsertMany<A>) -> Result<InsertManyResult<A>>
where
    A: ActiveModelTrait<Entity: Touchable>,
    C: ConnectionTrait,
{
    let schema = A::Entity::schema();
    let written = Captured::of(db.get_database_backend(), insert.as_query());
    if written.values.is_empty() {
        return Ok(insert.exec(db).await?);
    }
    let mut rows = Rows::read(&written).ok_or_else(|| unreadable(schema.name))?;
    rows.stamp::<A::Entity>(Clock::current().stamp());
    let told = publish::is_told(ask(db).as_ref(), schema);
    let keys = rows.primary_keys::<A::Entity>();
    if told {
        insert_told::check(db, schema, &written, keys.as_ref())?;
    }
    *QueryTrait::query(&mut insert) = rows.rewrite::<A::Entity>(insert.as_query())?;

    let parents = rows.parents::<A::Entity>();
    lock_parents(
        db,
        parents
            .iter()
            .flat_map(|(rule, keys)| keys.iter().map(|key| (*rule, key.clone()))),
    )
    .await?;
    let result = if told {
        insert_told::run(db, insert, keys).await?
    } else {
        insert.exec(db).await?
    };
    observe::saved(schema, u64::try_from(rows.cells.len()).unwrap_or_default());
    let most = parents
        .iter()
        .map(|(_, keys)| keys.len())
        .max()
        .unwrap_or_default();
    for chunk in 0..most.div_ceil(CHUNK) {
        let entries = parents
            .iter()
            .filter_map(|(rule, keys)| {
                let former = keys.chunks(CHUNK).nth(chunk)?.to_vec();
                Some(Entry::fired(
                    schema,
                    rule,
                    Start::Values(Values {
                        former,
                        ..Values::default()
                    }),
                ))
            })
            .collect();
        flush(db, entries, schema, &Except::Nobody).await?;
    }
    Ok(result)
}

/// The rows of an INSERT: every cell of SeaORM's `insert_many` holds exactly one value.
struct Rows {
    columns: Vec<String>,
    cells: Vec<Vec<Value>>,
}

impl Rows {
    fn read(insert: &Captured) -> Option<Self> {
        let (_, rest) = insert.sql.split_once('(')?;
        let (columns, rest) = rest.split_once(") VALUES ")?;
        let columns: Vec<String> = columns.split(", ").map(unquote).collect();
        let count = count_rows(rest);
        let cells: Vec<Vec<Value>> = insert
            .values
            .chunks(columns.len())
            .take(count)
            .map(<[Value]>::to_vec)
            .collect();
        let marks = rest.chars().filter(|c| *c == MARK).count();
        (cells.len() == count && marks == insert.values.len()).then_some(Self { columns, cells })
    }

    /// Fills the touch column, creation time and version where the application left them out.
    fn stamp<E: Touchable>(&mut self, stamp: Stamp) {
        let mut fill = |column: E::Column, value: Value| {
            let name = column.as_str();
            let at = self
                .columns
                .iter()
                .position(|column| column == name)
                .unwrap_or_else(|| {
                    self.columns.push(name.to_owned());
                    self.cells.iter_mut().for_each(|row| row.push(value.as_null()));
                    self.columns.len() - 1
                });
            for cell in self.cells.iter_mut().filter_map(|row| row.get_mut(at)) {
                if is_null(cell) {
                    *cell = value.clone();
                }
            }
        };
        fill(E::TOUCH_COLUMN, E::stamp_value(stamp));
        if let Some((column, value)) = E::CREATED_COLUMN.zip(E::created_value(stamp)) {
            fill(column, value);
        }
        if let Some((column, value)) = E::VERSION_COLUMN.zip(E::first_version()) {
            fill(column, value);
        }
    }

    /// The statement with these rows instead of its own, and all else as it was.
    fn rewrite<E: Touchable>(&self, insert: &InsertStatement) -> Result<InsertStatement> {
        let failed = |_| unreadable(E::schema().name);
        let columns: Vec<E::Column> = self
            .columns
            .iter()
            .filter_map(|name| E::Column::iter().find(|column| column.as_str() == name))
            .collect();
        let mut rewritten = insert.clone();
        rewritten.columns(columns.iter().copied());
        // A SELECT in their place is what makes sea-query forget the rows.
        let none = Query::select()
            .exprs(columns.iter().map(|_| Expr::cust("1")))
            .to_owned();
        rewritten.select_from(none).map_err(failed)?;
        for row in &self.cells {
            let cells = columns
                .iter()
                .zip(row)
                .map(|(column, value)| column.save_as(Expr::val(value.clone())));
            rewritten.values(cells).map_err(failed)?;
        }
        Ok(rewritten)
    }

    /// The primary keys, unless one is left to the database.
    fn primary_keys<E: Touchable>(&self) -> Option<Vec<Key>> {
        let places: Vec<usize> = E::schema()
            .primary_key
            .iter()
            .map(|name| self.columns.iter().position(|column| column == name))
            .collect::<Option<_>>()?;
        self.cells.iter().map(|row| key_at(row, &places)).collect()
    }

    /// The rows that the new ones belong to, by rule, each once.
    fn parents<E: Touchable>(&self) -> Vec<(&'static CompiledRule, Vec<Key>)> {
        active_rules::<E>(Event::Create)
            .filter(|(_, rule)| rule.belongs_to())
            .map(|(_, rule)| {
                let at: Option<Vec<usize>> = rule
                    .key()
                    .map(|name| self.columns.iter().position(|column| *column == name))
                    .collect();
                let mut keys: Vec<Key> = self
                    .cells
                    .iter()
                    .filter_map(|row| key_at(row, at.as_ref()?))
                    .collect();
                keys.sort_by_cached_key(|key| format!("{key:?}"));
                keys.dedup();
                (rule, keys)
            })
            .collect()
    }
}

fn key_at(row: &[Value], at: &[usize]) -> Option<Key> {
    at.iter()
        .map(|i| row.get(*i).filter(|value| !is_null(value)).cloned())
        .collect()
}

fn unquote(name: &str) -> String {
    let name = name.trim();
    let mut chars = name.chars();
    let quote = chars.next().unwrap_or_default();
    let inner = chars.as_str().strip_suffix(quote).unwrap_or(name);
    inner.replace(&format!("{quote}{quote}"), &quote.to_string())
}

/// How many parenthesized rows a text begins with.
fn count_rows(sql: &str) -> usize {
    let (mut depth, mut rows) = (0, 0);
    for c in sql.chars() {
        match c {
            '(' => depth += 1,
            ')' => {
                depth -= 1;
                rows += usize::from(depth == 0);
            }
            ',' | ' ' => {}
            _ if depth == 0 => break,
            _ => {}
        }
    }
    rows
}
