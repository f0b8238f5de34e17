//! Which rows an INSERT has written.

use std::collections::HashSet;

use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Value};

use super::{
    super::{
        stored::{self, Lock, Stored},
        write::{Step, Turn},
    },
    Batch, UPDATED,
    before::Before,
    fresh,
    shown::Changed,
};
use crate::{
    entity::{Dirty, Key, Touchable},
    error::Result,
};

/// The rows that a statement has written.
pub(super) struct Written {
    /// New rows; `None` where it is all of the batch, and their keys are not known.
    pub created: Option<Vec<Key>>,
    pub changed: Vec<Changed>,
}

/// What was there, where an INSERT returns nothing.
#[derive(Default)]
pub(super) struct Old {
    /// Of the keys that new rows are given, those that are taken.
    pub given: Vec<Key>,
    /// The largest key, when the database gives some.
    pub largest: Option<Value>,
}

impl<E: Touchable> Batch<E> {
    /// Which rows the statement has written, from those that it returns.
    pub(super) async fn written_rows<C: ConnectionTrait>(
        &self,
        db: &C,
        rows: &[QueryResult],
        before: &Before,
        turn: &Turn,
    ) -> Result<Step<Written>> {
        let schema = E::schema();
        let (mut created, mut updated, mut unmet) = (Vec::new(), Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        for row in rows {
            let key = schema.key_of(row)?;
            if !seen.insert(format!("{key:?}")) {
                continue;
            }
            let says = self.updates() && db.get_database_backend() == DbBackend::Postgres;
            let is_old = if says {
                row.try_get("", UPDATED)?
            } else {
                before.get(&key).is_some()
            };
            match (is_old, before.get(&key)) {
                (true, Some(_)) => updated.push(key),
                (true, None) => unmet.push(key),
                // Which of these are new is not known before they are looked for.
                (false, _) if self.updates() && !says && !before.is_complete => unmet.push(key),
                (false, _) => created.push(key),
            }
        }
        if !unmet.is_empty() && !turn.is_last() {
            return Ok(Step::Again(unmet));
        }
        let after = stored::by_key::<E, C>(db, &updated, Lock::No).await?;
        let mut changed = self.changed(before, &after);
        changed.extend(unmet.into_iter().map(|key| Changed::anyhow(schema, key)));
        Ok(Step::Done(Written {
            created: Some(created),
            changed,
        }))
    }

    /// Which rows the statement has written, where it returns none.
    pub(super) async fn written_count<C: ConnectionTrait>(
        &self,
        db: &C,
        affected: u64,
        before: &Before,
        old: &Old,
        turn: &Turn,
    ) -> Result<Step<Written>> {
        let after = stored::by_key::<E, C>(db, &before.keys(), Lock::Update).await?;
        let changed = self.changed(before, &after);
        // A row that is updated counts as two.
        let updated = affected.saturating_sub(self.rows.cells.len() as u64);
        if self.updates() && turn.is_first() && updated > changed.len() as u64 {
            return Ok(Step::Again(Vec::new()));
        }
        let created = if self.asks_for_created() {
            let mut created = fresh::given::<E, C>(db, self).await?;
            created.extend(fresh::generated::<E, C>(db, self, old.largest.as_ref()).await?);
            created.retain(|key| before.get(key).is_none() && !old.given.contains(key));
            Some(created)
        } else {
            self.rows.primary_keys::<E>()
        };
        Ok(Step::Done(Written { created, changed }))
    }

    /// Which of the rows that were there are not as they were.
    fn changed(&self, before: &Before, after: &[Stored]) -> Vec<Changed> {
        let assigned = match &self.conflict {
            Some(conflict) if E::DIRTY == Dirty::Assigned => conflict.assigned.as_slice(),
            _ => &[],
        };
        after
            .iter()
            .filter_map(|after| {
                let before = before.get(&after.key)?;
                Changed::of(E::schema(), before, after, assigned, self.stamp)
            })
            .collect()
    }
}
