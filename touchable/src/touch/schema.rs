//! An entity's declaration, compiled once and without its type.

use crate::Touchable;

/// What the engine knows of an entity.
#[derive(Debug)]
pub struct Schema {
    pub(crate) table: &'static str,
}

impl Schema {
    /// Compiles the declaration of an entity. The derive keeps the result in a static.
    #[must_use]
    pub fn of<E: Touchable>() -> Self {
        Self {
            table: sea_orm::IdenStatic::as_str(&E::default()),
        }
    }
}
