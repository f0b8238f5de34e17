//! The rules of many entities as one graph.

use crate::{Touchable, touch::Schema};

/// The rules of some entities.
#[derive(Clone, Debug)]
pub struct TouchGraph {
    schemas: Vec<&'static Schema>,
}

/// Entities as a type: `(event::Entity, task::Entity)`.
pub trait Entities {
    /// Their declarations.
    fn schemas() -> Vec<&'static Schema>;
}

macro_rules! entities {
    ($($entity:ident)+) => {
        impl<$($entity: Touchable),+> Entities for ($($entity,)+) {
            fn schemas() -> Vec<&'static Schema> {
                vec![$($entity::schema()),+]
            }
        }
    };
}
entities!(A);
entities!(A B);
entities!(A B C);
entities!(A B C D);
entities!(A B C D E);
entities!(A B C D E F);
entities!(A B C D E F G);
entities!(A B C D E F G H);
entities!(A B C D E F G H I);
entities!(A B C D E F G H I J);
entities!(A B C D E F G H I J K);
entities!(A B C D E F G H I J K L);

impl TouchGraph {
    /// The graph of these entities: `TouchGraph::of::<(event::Entity, task::Entity)>()`.
    #[must_use]
    pub fn of<E: Entities>() -> Self {
        Self {
            schemas: E::schemas(),
        }
    }

    /// This graph and that of more entities, where a tuple does not suffice.
    #[must_use]
    pub fn and<E: Entities>(mut self) -> Self {
        self.schemas.extend(E::schemas());
        self
    }

    pub(crate) fn schemas(&self) -> &[&'static Schema] {
        &self.schemas
    }
}
