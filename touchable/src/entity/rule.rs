//! Rules: plain data that the derive declares and the engine reads.

use std::fmt;

use sea_orm::{EntityTrait, RelationDef};

use super::Schema;

/// One `#[touch(..)]`: which associated rows show which fields of an entity.
pub struct Rule<E: EntityTrait> {
    /// The association as the declaration names it.
    pub association: &'static str,
    /// The hops from the entity's table to the target's, at least one.
    pub path: fn() -> Vec<RelationDef>,
    /// The entity at the end of the path.
    pub target: fn() -> &'static Schema,
    /// The fields whose change fires the rule.
    pub fields: Fields<E::Column>,
    /// The events that can fire the rule.
    pub events: Events,
    /// The target's columns to bump, by their names in the database; empty for its touch column.
    pub columns: fn() -> Vec<&'static str>,
}

impl<E: EntityTrait> fmt::Debug for Rule<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("association", &self.association)
            .field("fields", &self.fields)
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

/// The fields a rule watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fields<C: 'static> {
    /// Every field, and touches of the row (so that touches cascade).
    Any,
    /// These fields (`on_fields`).
    Only(&'static [C]),
    /// Every field but these (`except_fields`).
    Except(&'static [C]),
}

/// What happens to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The row is inserted.
    Create,
    /// The row is updated.
    Update,
    /// The row is deleted.
    Delete,
    /// The row is touched, by a rule or by the application.
    Touch,
}

/// The events that can fire a rule (`on = [..]`).
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the declaration")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Events {
    /// The row is inserted.
    pub create: bool,
    /// The row is updated.
    pub update: bool,
    /// The row is deleted.
    pub delete: bool,
    /// The row is touched. Rules that watch any change hear of it without this, as long as they hear of updates.
    pub touch: bool,
}

impl Events {
    /// Every write, the default.
    pub const ALL: Self = Self {
        create: true,
        update: true,
        delete: true,
        touch: false,
    };

    /// Whether this event is among them.
    #[must_use]
    pub const fn contains(self, event: Event) -> bool {
        match event {
            Event::Create => self.create,
            Event::Update => self.update,
            Event::Delete => self.delete,
            Event::Touch => self.touch,
        }
    }
}

/// What counts as a change of a watched field in an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dirty {
    /// A value that differs from the stored one; costs one read when a watched field is `Set`.
    Compared,
    /// Every `Set`, whatever it sets (`#[touchable(dirty = assigned)]`).
    Assigned,
}
