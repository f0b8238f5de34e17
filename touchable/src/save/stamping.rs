//! The touch column, creation time and version that a save writes.

use sea_orm::{ActiveModelTrait, ActiveValue, IdenStatic};

use crate::{
    clock::{Clock, Stamp},
    entity::{Touchable, is_null, set_columns},
    error::Result,
};

/// Gives a new row its touch column, creation time and version, as far as the application left them out.
pub(super) fn stamp_insert<A>(am: &mut A, stamp: Stamp) -> Result<Stamp>
where
    A: ActiveModelTrait,
    A::Entity: Touchable,
{
    if let Some((column, value)) = A::Entity::CREATED_COLUMN.zip(A::Entity::created_value(stamp))
        && am.is_not_set(column)
    {
        am.try_set(column, value)?;
    }
    if let Some((column, first)) = A::Entity::VERSION_COLUMN.zip(A::Entity::first_version())
        && !matches!(am.get(column), ActiveValue::Set(value) if !is_null(&value))
    {
        am.try_set(column, first)?;
    }
    if let Some(own) = explicit_stamp(am) {
        return Ok(own);
    }
    am.try_set(A::Entity::TOUCH_COLUMN, A::Entity::stamp_value(stamp))?;
    Ok(stamp)
}

/// The stamp that the application set itself.
pub(super) fn explicit_stamp<A>(am: &A) -> Option<Stamp>
where
    A: ActiveModelTrait,
    A::Entity: Touchable,
{
    match am.get(A::Entity::TOUCH_COLUMN) {
        ActiveValue::Set(value) => A::Entity::value_stamp(&value),
        _ => None,
    }
}

/// Gives the row its new stamp, above the one `before` it where that is known; `None` when nothing is left to write.
pub(super) fn stamp_update<A>(
    am: &mut A,
    before: Option<Stamp>,
    explicit: Option<Stamp>,
) -> Result<Option<Stamp>>
where
    A: ActiveModelTrait,
    A::Entity: Touchable,
{
    let touch = A::Entity::TOUCH_COLUMN;
    let before = before.or_else(|| match am.get(touch) {
        ActiveValue::Unchanged(value) => A::Entity::value_stamp(&value),
        _ => None,
    });
    if let Some(stamp) = explicit.filter(|stamp| before.is_none_or(|before| *stamp > before)) {
        return Ok(Some(stamp));
    }
    if set_columns(am)
        .iter()
        .all(|column| column.as_str() == touch.as_str())
    {
        am.not_set(touch);
        return Ok(None);
    }
    let clock = Clock::current();
    let stamp = before.map_or_else(|| clock.stamp(), |before| clock.stamp_above(before));
    am.try_set(touch, A::Entity::stamp_value(stamp))?;
    Ok(Some(stamp))
}
