//! Who tells that rows of published entities change.

use std::sync::Arc;

use super::messages::Sink;
use crate::{
    entity::Schema,
    error::{Error, Result},
};

/// The sinks of a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Publisher {
    sinks: Vec<Arc<dyn Sink>>,
    silent: bool,
}

impl Publisher {
    /// Says nothing, and may.
    #[cfg(feature = "feed")]
    pub(super) const fn silent() -> Self {
        Self {
            sinks: Vec::new(),
            silent: true,
        }
    }

    /// With one more sink, in the place of another of its stream.
    #[cfg(feature = "feed")]
    pub(super) fn with(&self, sink: &Arc<dyn Sink>) -> Self {
        let others = self.sinks.iter().filter(|other| other.stream() != sink.stream());
        Self {
            sinks: others.cloned().chain([Arc::clone(sink)]).collect(),
            silent: false,
        }
    }

    /// Whether changes of this entity's rows are published.
    pub(crate) const fn publishes(&self, schema: &Schema) -> bool {
        schema.feed.is_some() && !self.silent
    }

    /// Whether changes are published at all.
    pub(crate) const fn is_silent(&self) -> bool {
        self.silent
    }

    /// Whether a write may move rows of this entity here.
    pub(crate) fn allows(&self, schema: &Schema) -> bool {
        !self.publishes(schema) || self.sink(schema).is_some()
    }

    fn sink(&self, schema: &Schema) -> Option<&Arc<dyn Sink>> {
        self.sinks.iter().find(|sink| Some(sink.stream()) == schema.feed)
    }

    /// # Errors
    /// When the entity has no sink here.
    pub(super) fn sink_of(&self, schema: &Schema) -> Result<&Arc<dyn Sink>> {
        self.sink(schema)
            .ok_or_else(|| Error::unpublished(schema.name, schema.name, schema.feed.unwrap_or_default()))
    }
}
