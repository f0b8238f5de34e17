//! Bulk writes that touch as if each row had been saved.

mod insert;
mod insert_told;
mod update;

use std::collections::HashMap;

use sea_orm::{
    ConnectionTrait, DbBackend, DeleteMany, DeleteResult, InsertMany, QueryFilter, QueryTrait,
    TransactionTrait, UpdateMany, UpdateResult,
    sea_query::{DeleteStatement, Expr, Query},
};

use super::{
    assigned::rows_of,
    capture::Captured,
    deadlock::{Tries, take_turn},
    explicit::{CHUNK, begin, finish, read_keys},
    flush::flush,
    hooks::active_rules,
    plan::{Entry, Except, Key, Query as Rows, Start},
    publish,
    sql::{in_values, mysql, table_name},
    writer::become_writer,
};
use crate::{
    Error, Result, Touchable,
    connection::{ask, ours},
    observe,
    touch::Event,
};

/// `.touching()` on SeaORM's bulk writes.
///
/// # Example: rename every event of a city
///
/// ```ignore
/// Event::update_many()
///     .col_expr(event::Column::Name, Expr::value("Gala"))
///     .filter(event::Column::City.eq("Ulm"))
///     .touching()
///     .exec(&db)
///     .await?;
/// ```
pub trait TouchMany: Sized {
    /// Touches as if each row had been saved, in the same transaction as the write.
    fn touching(self) -> Touching<Self> {
        Touching(self)
    }
}

impl<E: Touchable> TouchMany for UpdateMany<E> {}
impl<E: Touchable> TouchMany for DeleteMany<E> {}
impl<A: sea_orm::ActiveModelTrait<Entity: Touchable>> TouchMany for InsertMany<A> {}

/// A bulk write that touches. See [`TouchMany`].
///
/// The rows that match are found once and locked, their primary keys are held in memory, and everything happens in one
/// transaction (a savepoint, on a transaction). The number of statements does not depend on the number of rows, up to
/// 10,000; beyond, the same statements run for each 10,000.
#[derive(Clone, Debug)]
#[must_use = "nothing is written before `exec`"]
pub struct Touching<W>(pub(super) W);

impl<E: Touchable> Touching<UpdateMany<E>> {
    /// Updates the rows that match, the touch columns of those that really change, and what shows them.
    ///
    /// # Errors
    /// When the database refuses; then nothing is changed.
    pub async fn exec<C: ConnectionTrait + TransactionTrait>(self, db: &C) -> Result<UpdateResult> {
        publish::check(db, E::schema())?;
        let mut tries = Tries::of(db);
        let done = loop {
            let done = self.attempt(db, tries.is_crowded()).await;
            if !tries.again(&done).await {
                break done?;
            }
        };
        observe::saved(E::schema(), done.rows_affected);
        Ok(done)
    }

    async fn attempt<C>(&self, db: &C, crowded: bool) -> Result<UpdateResult>
    where
        C: ConnectionTrait + TransactionTrait,
    {
        become_writer(db, E::schema()).await?;
        let tx = begin(db).await?;
        if crowded {
            take_turn(&tx, E::schema()).await?;
        }
        let done = ours(update::run::<E, _>(&tx, self.0.as_query())).await;
        finish(tx, done).await
    }
}

impl<E: Touchable> Touching<DeleteMany<E>> {
    /// Deletes the rows that match and touches what showed them.
    ///
    /// # Errors
    /// When the database refuses; then nothing is changed.
    pub async fn exec<C: ConnectionTrait + TransactionTrait>(self, db: &C) -> Result<DeleteResult> {
        publish::check(db, E::schema())?;
        let mut tries = Tries::of(db);
        let done = loop {
            let done = self.attempt(db, tries.is_crowded()).await;
            if !tries.again(&done).await {
                break done?;
            }
        };
        observe::saved(E::schema(), done.rows_affected);
        Ok(done)
    }

    async fn attempt<C>(&self, db: &C, crowded: bool) -> Result<DeleteResult>
    where
        C: ConnectionTrait + TransactionTrait,
    {
        become_writer(db, E::schema()).await?;
        let tx = begin(db).await?;
        if crowded {
            take_turn(&tx, E::schema()).await?;
        }
        let done = ours(delete::<E, _>(&tx, self.0.as_query())).await;
        finish(tx, done).await
    }
}

impl<A> Touching<InsertMany<A>>
where
    A: sea_orm::ActiveModelTrait<Entity: Touchable>,
{
    /// Inserts the rows, stamped, and touches the rows they belong to, once each.
    ///
    /// With `on_conflict(.. update ..)` name the touch column among the columns to update.
    ///
    /// # Errors
    /// When the database refuses; then nothing is changed.
    pub async fn exec<C: ConnectionTrait + TransactionTrait>(
        self,
        db: &C,
    ) -> Result<sea_orm::InsertManyResult<A>> {
        publish::check(db, A::Entity::schema())?;
        let tx = begin(db).await?;
        let done = ours(insert::run(&tx, self.0)).await;
        finish(tx, done).await
    }
}

async fn delete<E: Touchable, C: ConnectionTrait>(
    db: &C,
    statement: &DeleteStatement,
) -> Result<DeleteResult> {
    let schema = E::schema();
    let backend = db.get_database_backend();
    let all = Query::delete().from_table(schema.table.clone()).to_owned();
    let tail = Captured::of(backend, statement)
        .after(&Captured::of(backend, &all))
        .ok_or_else(|| unreadable(schema.name))?;
    // SeaORM's result can only be had from a statement; this one matches nothing.
    let mut result = E::delete_many().filter(Expr::cust("1 = 0")).exec(db).await?;
    for keys in matching::<E, _>(db, tail).await?.chunks(CHUNK) {
        let entries = active_rules::<E>(Event::Delete)
            .map(|(_, rule)| {
                let rows = Rows::of(schema, rows_of(schema, keys), HashMap::new());
                Entry::fired(schema, rule, Start::Query(rows.into()))
            })
            .collect();
        flush(db, entries, schema, &Except::Nobody).await?;
        let mut delete = all.clone();
        delete.cond_where(in_values(&table_name(schema), &schema.primary_key_idens(), keys));
        let delete = match backend {
            DbBackend::MySql => mysql::delete_by_primary_key(&delete, schema),
            _ => backend.build(&delete),
        };
        result.rows_affected += db.execute_raw(delete).await?.rows_affected();
        publish::announce(ask(db).as_ref(), schema, keys)?;
    }
    Ok(result)
}

/// Finds and locks the rows that a statement's tail (`WHERE ..`) matches, in order of the primary key.
pub(super) async fn matching<E: Touchable, C: ConnectionTrait>(db: &C, tail: Captured) -> Result<Vec<Key>> {
    let schema = E::schema();
    let backend = db.get_database_backend();
    let key = || {
        schema
            .primary_key
            .iter()
            .map(|column| Expr::col((table_name(schema), *column)))
    };
    let mut select = Captured::of(backend, Query::select().exprs(key()).from(schema.table.clone()));
    select.append(tail);
    let mut order = Query::select();
    for column in key() {
        order.order_by_expr(column, sea_orm::Order::Asc);
    }
    let order = Captured::of(backend, &order);
    select.push(order.sql.strip_prefix("SELECT ").unwrap_or_default());
    if backend != DbBackend::Sqlite {
        select.push(" FOR UPDATE");
    }
    Ok(read_keys(db, schema, select.into_statement(backend)).await?)
}

pub(super) fn unreadable(table: &'static str) -> Error {
    Error::declaration(
        table,
        "touching()",
        "the statement is not one that SeaORM's builders make",
    )
}
