//! What an UPDATE or an upsert sets the touch column and the version to.

use sea_orm::{
    DbBackend, Iterable,
    sea_query::{Alias, CaseStatement, Condition, Expr, ExprTrait, Func},
};

use crate::{
    clock::Stamp,
    dialect::{rising, table_name},
    entity::Touchable,
    touch::Assigned,
};

/// The version and the touch column of a row that really changes, or that `explicit` moves; of another they stay.
///
/// `explicit` is what the application sets the touch column to, and when that counts.
///
/// They have to come first among the assignments, since MySQL assigns from left to right and they ask for the values
/// before.
pub(super) fn stamps<E: Touchable>(
    update: &Assigned,
    stamp: Stamp,
    explicit: Option<(Expr, Condition)>,
) -> Vec<(&'static str, Expr)> {
    let schema = update.schema;
    let stored = |column: &'static str| Expr::col((table_name(schema), Alias::new(column)));
    let changes = if update
        .columns
        .iter()
        .any(|assignment| assignment.column != schema.touch)
    {
        update.changes_anything()
    } else {
        Condition::any().add(Expr::cust("1 = 0"))
    };
    // An explicit stamp is kept when it is above the stored one.
    let explicit = explicit.map(|(value, counts)| {
        let above = Condition::any()
            .add(stored(schema.touch).is_null())
            .add(value.clone().gt(stored(schema.touch)));
        (value, Condition::all().add(counts).add(above))
    });
    let mut stamps: Vec<_> = raised::<E>(update.backend, stamp)
        .into_iter()
        .map(|(column, raised)| {
            let mut case = CaseStatement::new();
            if let Some((value, moves)) = &explicit {
                let is_touch = column == schema.touch;
                let value = if is_touch { value } else { &raised };
                case = case.case(moves.clone(), value.clone());
            }
            let case = case.case(changes.clone(), raised).finally(stored(column));
            (column, case.into())
        })
        .collect();
    // The version asks for the touch column as it was.
    stamps.reverse();
    stamps
}

/// The next touch column and version of a row.
fn raised<E: Touchable>(backend: DbBackend, stamp: Stamp) -> Vec<(&'static str, Expr)> {
    let schema = E::schema();
    if backend != DbBackend::Postgres {
        return rising::assignments(backend, schema, &[], stamp);
    }
    // In an upsert PostgreSQL wants to know whether a column is the stored or the excluded row's.
    let stored = |column: &'static str| Expr::col((table_name(schema), Alias::new(column)));
    let next = stored(schema.touch).add(Expr::cust("interval '1 microsecond'"));
    let touch = Expr::expr(Func::greatest([Expr::val(E::stamp_value(stamp)), next]));
    let version = schema.version.map(|version| {
        let next = Expr::expr(Func::coalesce([stored(version), Expr::val(0)])).add(1);
        (version, next)
    });
    [Some((schema.touch, touch)), version]
        .into_iter()
        .flatten()
        .collect()
}

/// The stamp that a value sets a touch column to counts always.
pub(super) fn always() -> Condition {
    Condition::all().add(Expr::cust("1 = 1"))
}

/// The column with this name.
pub(super) fn column<E: Touchable>(name: &str) -> Option<E::Column> {
    use sea_orm::IdenStatic as _;
    E::Column::iter().find(|column| column.as_str() == name)
}
