//! The connections that writers of a history share, in one type for all four levels.

use sea_orm::DatabaseConnection;
use touchable::TouchConnection;

pub use touchable_tests::Link;

use crate::{history::Writer, schema::Schema};

/// The connections that writers of a history share.
#[derive(Debug)]
pub struct Handles {
    plain: DatabaseConnection,
    touch: TouchConnection,
    strict: TouchConnection,
}

impl Handles {
    /// Those of one pool, which know the rules from the start.
    #[must_use]
    pub fn of(db: DatabaseConnection, schema: &Schema) -> Self {
        let rules = schema.tables.iter().map(|table| table.entity.graph());
        let touch = rules.fold(touchable::connect(db.clone()), |touch, rules| touch.watch(&rules));
        Self {
            plain: db,
            strict: touch.clone().strict(),
            touch,
        }
    }

    /// What a writer writes on.
    #[must_use]
    pub fn link(&self, writer: &Writer) -> Link {
        match (writer.touch, writer.strict) {
            (false, _) => Link::Plain(self.plain.clone()),
            (true, false) => Link::Touch(self.touch.clone()),
            (true, true) => Link::Touch(self.strict.clone()),
        }
    }

    /// How many intents are registered and not taken.
    #[must_use]
    pub fn registered(&self) -> usize {
        self.touch.registered() + self.strict.registered()
    }
}
