//! `update_many().touching()`.

use sea_orm::{
    ConnectionTrait, DbBackend, UpdateResult,
    sea_query::{Alias, LockType, Query, UpdateStatement},
};

use super::{matching, unreadable};
use crate::{
    Clock, Result, Touchable,
    connection::ask,
    touch::{
        Event,
        assigned::Assigned,
        capture::Captured,
        explicit::{CHUNK, read_keys},
        flush::flush,
        hooks::active_rules,
        plan::Key,
        publish,
        sql::{in_values, mysql, table_name},
    },
};

pub(super) async fn run<E: Touchable, C: ConnectionTrait>(
    db: &C,
    statement: &UpdateStatement,
) -> Result<UpdateResult> {
    let schema = E::schema();
    let backend = db.get_database_backend();
    let columns = statement
        .get_values()
        .iter()
        .map(|(column, value)| (column.to_string(), (**value).clone()))
        .filter(|(column, _)| schema.version != Some(column.as_str()))
        .collect();
    let update = Assigned {
        schema,
        backend,
        columns,
        always: false,
    };
    let mut result = UpdateResult::default();
    if update.columns.is_empty() {
        return Ok(result);
    }
    let mut beginning = Query::update();
    beginning.table(schema.table.clone());
    for (column, value) in statement.get_values() {
        beginning.value(column.clone(), (**value).clone());
    }
    let tail = Captured::of(backend, statement)
        .after(&Captured::of(backend, &beginning))
        .ok_or_else(|| unreadable(schema.name))?;
    let rules: Vec<_> = active_rules::<E>(Event::Update).map(|(_, rule)| rule).collect();
    for keys in matching::<E, C>(db, tail).await?.chunks(CHUNK) {
        flush(db, update.entries(&rules, keys), schema, &update.moving(keys)).await?;
        announce(db, &update, keys).await?;
        let statement = match backend {
            DbBackend::MySql => mysql::by_primary_key(&rewritten(&update, keys), schema),
            _ => backend.build(&rewritten(&update, keys)),
        };
        result.rows_affected += db.execute_raw(statement).await?.rows_affected();
    }
    Ok(result)
}

/// Lets it be told which of these rows will differ.
async fn announce<C: ConnectionTrait>(db: &C, update: &Assigned, keys: &[Key]) -> Result<()> {
    let scope = ask(db);
    if !publish::is_told(scope.as_ref(), update.schema) {
        return Ok(());
    }
    let mut told = update.told(keys);
    // A lock also reads what is committed, where a snapshot would be older.
    told.lock(LockType::Update);
    let told = read_keys(db, update.schema, update.backend.build(&told)).await?;
    publish::announce(scope.as_ref(), update.schema, &told)
}

/// The update of these rows. The touch column comes first, since MySQL assigns from left to right and it asks for the
/// values before.
fn rewritten(update: &Assigned, keys: &[Key]) -> UpdateStatement {
    let schema = update.schema;
    let mut statement = Query::update();
    statement.table(schema.table.clone()).cond_where(in_values(
        &table_name(schema),
        &schema.primary_key_idens(),
        keys,
    ));
    if !update.sets(schema.touch) {
        for (column, value) in update.bumped(Clock::current().stamp()) {
            statement.value(Alias::new(column), value);
        }
    }
    for (column, value) in &update.columns {
        statement.value(Alias::new(column), value.clone());
    }
    statement
}
