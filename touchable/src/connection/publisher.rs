//! Who tells that rows of published entities change.

use std::sync::Arc;

use super::messages::Outlet;
use crate::{
    entity::Schema,
    error::{Error, Result},
};

/// The outlets of a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Publisher {
    outlets: Vec<Arc<dyn Outlet>>,
    silent: bool,
}

impl Publisher {
    /// Says nothing, and may.
    #[cfg(feature = "feed")]
    pub(super) const fn silent() -> Self {
        Self {
            outlets: Vec::new(),
            silent: true,
        }
    }

    /// With one more outlet, in the place of another of its stream.
    #[cfg(feature = "feed")]
    pub(super) fn with(&self, outlet: &Arc<dyn Outlet>) -> Self {
        let others = self
            .outlets
            .iter()
            .filter(|other| other.stream() != outlet.stream());
        Self {
            outlets: others.cloned().chain([Arc::clone(outlet)]).collect(),
            silent: false,
        }
    }

    /// Whether changes of this entity's rows are told.
    pub(crate) const fn tells(&self, schema: &Schema) -> bool {
        schema.feed.is_some() && !self.silent
    }

    /// Whether changes are told at all.
    pub(crate) const fn is_silent(&self) -> bool {
        self.silent
    }

    /// Whether a write may move rows of this entity here.
    pub(crate) fn allows(&self, schema: &Schema) -> bool {
        !self.tells(schema) || self.outlet(schema).is_some()
    }

    fn outlet(&self, schema: &Schema) -> Option<&Arc<dyn Outlet>> {
        self.outlets
            .iter()
            .find(|outlet| Some(outlet.stream()) == schema.feed)
    }

    /// # Errors
    /// When the entity has no outlet here.
    pub(super) fn outlet_of(&self, schema: &Schema) -> Result<&Arc<dyn Outlet>> {
        self.outlet(schema)
            .ok_or_else(|| Error::untold(schema.name, schema.name, schema.feed.unwrap_or_default()))
    }
}
