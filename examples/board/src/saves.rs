//! Every save of the board, and which rows it touched by which rule.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, EntityTrait, IdenStatic, IntoActiveModel, Iterable, ModelTrait,
    TryIntoModel, Value,
};
use touchable::{Explanation, TouchConnection, Touchable};

use crate::failure::Failure;

/// The last save that this node has made.
#[derive(Default)]
pub struct Saves(Mutex<Option<Arc<Save>>>);

/// What was saved, and who was touched.
pub struct Save {
    /// `Changed events/1`.
    pub what: String,
    pub changes: Vec<Change>,
    /// The rows that the save touches, as they were found right before it: others may save in between.
    pub touches: Explanation,
    pub took: Duration,
}

/// A column that has another value now.
pub struct Change {
    pub column: &'static str,
    pub from: String,
    pub to: String,
}

impl Save {
    /// Whether a row was written at all.
    pub fn wrote(&self) -> bool {
        !self.changes.is_empty()
    }

    pub fn milliseconds(&self) -> String {
        format!("{:.1}", self.took.as_secs_f64() * 1_000.0)
    }
}

impl Saves {
    /// The last save.
    pub fn last(&self) -> Option<Arc<Save>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Updates a row. A value that it has already is not written.
    pub async fn update<A>(
        &self,
        db: &TouchConnection,
        before: &<A::Entity as EntityTrait>::Model,
        row: A,
    ) -> Result<(), Failure>
    where
        A: ActiveModelTrait + ActiveModelBehavior + Send,
        A::Entity: Touchable,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
    {
        let touches = touchable::explain(&row, db).await?;
        let began = Instant::now();
        let after = row.update(db).await?;
        self.remember(format!("Changed {}", key(&after)), changes(before, &after), touches, began);
        Ok(())
    }

    /// Inserts a row.
    pub async fn insert<A>(&self, db: &TouchConnection, row: A) -> Result<<A::Entity as EntityTrait>::Model, Failure>
    where
        A: ActiveModelTrait + ActiveModelBehavior + Send,
        A::Entity: Touchable,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
    {
        let touches = touchable::explain_insert(&row, db).await?;
        let began = Instant::now();
        let after = row.insert(db).await?;
        self.remember(format!("Created {}", key(&after)), filled(&after), touches, began);
        Ok(after)
    }
}
