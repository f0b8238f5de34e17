//! Rows that somebody else has written, touched as if each had been saved.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, Statement, TransactionTrait};

use super::write::{Step, Turn, Write, execute};
use crate::{
    entity::{CompiledRule, Key, Schema},
    error::{Error, Result},
    save::flush::flush,
    touch::{Entry, Except, Query as Rows, Start, read_keys, rows_of},
};

/// The rows that a query finds, touched as if each had been saved with a change that these rules watch.
pub(crate) struct AsSaved {
    pub schema: &'static Schema,
    /// The rules that fire. Those that cascade do so anyway.
    pub rules: Vec<&'static CompiledRule>,
    /// The query for the primary keys, for [`CHUNK`](crate::touch::CHUNK) rows at most.
    pub rows: Statement,
}

impl AsSaved {
    /// Touches them in one transaction, or a savepoint of the one that `db` is; returns their keys.
    pub(crate) async fn touch<C>(&self, db: &C) -> Result<Vec<Key>>
    where
        C: ConnectionTrait + TransactionTrait,
    {
        execute(self, self.schema, db).await
    }

    /// What the rows with these keys lead to, asked of them once they are locked.
    fn entries(&self, keys: &[Key]) -> Vec<Entry> {
        let fired = self.rules.iter().filter(|rule| !rule.cascades()).map(|rule| {
            let rows = Rows::of(self.schema, rows_of(self.schema, keys), HashMap::new());
            Entry::fired(self.schema, rule, Start::Query(rows.into()))
        });
        [Entry::rows(self.schema, keys.to_vec())]
            .into_iter()
            .chain(fired)
            .collect()
    }
}

impl Write for AsSaved {
    type Done = Vec<Key>;

    async fn write<C: ConnectionTrait>(&self, db: &C, _: &Turn) -> Result<Step<Self::Done>> {
        let schema = self.schema;
        let keys = read_keys(db, schema, self.rows.clone()).await;
        let keys = keys.map_err(|source| Error::touch(schema.name, &*schema.touched, source))?;
        if !keys.is_empty() {
            flush(db, self.entries(&keys), schema, &Except::Nobody).await?;
        }
        Ok(Step::Done(keys))
    }
}
