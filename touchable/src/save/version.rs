//! The integer version of an entity that has one.

use sea_orm::{
    ConnectionTrait, DbBackend, IdenStatic, ModelTrait, QueryResult, Value,
    sea_query::{Alias, Expr, ExprTrait, Func, Query},
};

use crate::{
    dialect::table_name,
    entity::{Key, Touchable},
    error::{Error, Result},
    touch::{of_keys, ours},
};

/// Increments the version of a saved row in the database and brings the new one into the model.
///
/// The database adds: two saves that both read one version would otherwise write the same next one.
pub(super) async fn increment<M, C>(model: &mut M, db: &C, key: &Key) -> Result<()>
where
    M: ModelTrait,
    M::Entity: Touchable,
    C: ConnectionTrait,
{
    let Some(column) = M::Entity::VERSION_COLUMN else {
        return Ok(());
    };
    let schema = M::Entity::schema();
    let version = Alias::new(column.as_str());
    let row = of_keys(&table_name(schema), schema, std::slice::from_ref(key));
    let failed = |source| Error::touch(schema.name, "version", source);

    let next = Expr::expr(Func::coalesce([Expr::col(version.clone()), Expr::val(0)])).add(1);
    let mut update = Query::update();
    update
        .table(schema.table.clone())
        .value(version.clone(), next)
        .cond_where(row.clone());
    let found = if db.get_database_backend() == DbBackend::MySql {
        ours(db.execute(&update)).await.map_err(failed)?;
        let select = Query::select()
            .column(version)
            .from(schema.table.clone())
            .cond_where(row)
            .to_owned();
        db.query_one(&select).await
    } else {
        update.returning_col(version);
        ours(db.query_one(&update)).await
    };
    let Some(found) = found.map_err(failed)? else {
        return Ok(());
    };
    let value = read(&found, column.as_str(), &model.get(column))?;
    model.try_set(column, value)?;
    Ok(())
}

/// The column's value in the integer type that the model has.
fn read(row: &QueryResult, column: &str, like: &Value) -> Result<Value> {
    Ok(match like {
        Value::BigInt(_) => row.try_get::<i64>("", column)?.into(),
        Value::Unsigned(_) => row.try_get::<u32>("", column)?.into(),
        Value::BigUnsigned(_) => row.try_get::<u64>("", column)?.into(),
        _ => row.try_get::<i32>("", column)?.into(),
    })
}
