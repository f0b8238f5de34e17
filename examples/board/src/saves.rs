//! Every save of the board, and which rows it touched by which rule.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, EntityTrait, IdenStatic, IntoActiveModel, Iterable, ModelTrait,
    Value,
};
use touchable::{Explanation, TouchConnection, Touchable, cache::Versioned};

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
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A> + Versioned,
    {
        let touches = touchable::explain(&row, db).await?;
        let began = Instant::now();
        let after = row.update(db).await?;
        let what = format!("Changed {}", after.cache_key()?);
        self.remember(what, changes(Some(before), Some(&after)), touches, began);
        Ok(())
    }

    /// Inserts a row.
    pub async fn insert<A>(
        &self,
        db: &TouchConnection,
        row: A,
    ) -> Result<<A::Entity as EntityTrait>::Model, Failure>
    where
        A: ActiveModelTrait + ActiveModelBehavior + Send,
        A::Entity: Touchable,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A> + Versioned,
    {
        let touches = touchable::explain_insert(&row, db).await?;
        let began = Instant::now();
        let after = row.insert(db).await?;
        let what = format!("Created {}", after.cache_key()?);
        self.remember(what, changes(None, Some(&after)), touches, began);
        Ok(after)
    }

    /// Deletes a row.
    pub async fn delete<A>(
        &self,
        db: &TouchConnection,
        row: <A::Entity as EntityTrait>::Model,
    ) -> Result<(), Failure>
    where
        A: ActiveModelTrait + ActiveModelBehavior + Send,
        A::Entity: Touchable,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A> + Versioned,
    {
        let what = format!("Deleted {}", row.cache_key()?);
        let changes = changes(Some(&row), None);
        let row: A = row.into_active_model();
        let touches = touchable::explain_delete(&row, db).await?;
        let began = Instant::now();
        row.delete(db).await?;
        self.remember(what, changes, touches, began);
        Ok(())
    }

    fn remember(&self, what: String, changes: Vec<Change>, touches: Explanation, began: Instant) {
        let save = Save {
            what,
            changes,
            touches,
            took: began.elapsed(),
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(save));
    }
}

/// The columns that differ, but for the stamp, which moves with every save.
fn changes<M>(before: Option<&M>, after: Option<&M>) -> Vec<Change>
where
    M: ModelTrait<Entity: Touchable>,
{
    let stamp = M::Entity::TOUCH_COLUMN.as_str();
    <M::Entity as EntityTrait>::Column::iter()
        .filter(|column| column.as_str() != stamp)
        .filter_map(|column| {
            let [from, to] =
                [before, after].map(|row| row.map_or_else(String::new, |row| shown(row.get(column))));
            let column = column.as_str();
            (from != to).then_some(Change { column, from, to })
        })
        .collect()
}

/// The beginning of a value as text.
fn shown(value: Value) -> String {
    const LONGEST: usize = 60;
    let text = match value {
        Value::String(text) => text.unwrap_or_default(),
        value if value == value.as_null() => String::new(),
        value => value.to_string(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
