//! Writing before reading, on `SQLite`.
//!
//! A deferred transaction that has read cannot become a writer once another has written: it is refused at once, however long
//! its `busy_timeout` is. SeaORM alone sends a save's UPDATE first, which waits for its turn. What we read before a save
//! would take that away. So a write of no rows precedes it: it waits, and takes the lock that the save is about to want.

use sea_orm::{
    ConnectionTrait, DbBackend, DbErr,
    sea_query::{Alias, Expr, Query},
};

use super::handshake::{Scope, ask};
use crate::{
    entity::Schema,
    error::{Result, is_read_only},
    touch::{in_transaction, ours},
};

/// Makes a deferred transaction of `SQLite` one that writes. Does nothing elsewhere, outside of transactions, and in one that
/// was begun to read.
///
/// # Errors
/// When another writes for longer than the `busy_timeout`, or has written since the application has read here.
pub(crate) async fn become_writer<C: ConnectionTrait>(db: &C, schema: &Schema) -> Result<()> {
    if db.get_database_backend() != DbBackend::Sqlite || !in_transaction::<C>() {
        return Ok(());
    }
    let open = match ask(db) {
        Some(Scope::Connection(_)) => return Ok(()),
        Some(Scope::Transaction(open)) if open.health().is_settled() => return Ok(()),
        Some(Scope::Transaction(open)) => Some(open),
        None => None,
    };
    write_nothing(db, schema).await?;
    if let Some(open) = open {
        open.health().settle();
    }
    Ok(())
}

async fn write_nothing<C: ConnectionTrait>(db: &C, schema: &Schema) -> Result<(), DbErr> {
    let touch = Alias::new(schema.touch);
    let mut nothing = Query::update();
    nothing
        .table(schema.table.clone())
        .value(touch.clone(), Expr::col(touch))
        .and_where(Expr::cust("1 = 0"));
    match ours(db.execute(&nothing)).await {
        // `PRAGMA query_only`, or a file that nobody may write: a save that changes nothing goes well there.
        Err(error) if is_read_only(&error) => Ok(()),
        done => done.map(drop),
    }
}
