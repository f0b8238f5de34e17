//! Rows of an entity, read again from its database.

use std::{fmt, hash::Hash, marker::PhantomData, sync::Arc};

use futures_util::future::BoxFuture;
use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait, Iterable, ModelTrait, PrimaryKeyToColumn, PrimaryKeyTrait,
    QueryFilter, Value,
    sea_query::{FromValueTuple, IntoValueTuple, ValueTuple},
};

use super::{
    batch::Batch,
    poller::{BoxError, Poller},
};
#[cfg(feature = "feed")]
use super::{
    follow::{self, Example},
    hints::Hints,
    poller::Listening,
};
#[cfg(feature = "feed")]
use crate::feed::Stream;
use crate::{
    dialect::{most_values, table_name},
    entity::{Key, Touchable},
    touch::of_keys,
};

type Find<M> = dyn Fn(Vec<Key>) -> BoxFuture<'static, Result<Vec<M>, DbErr>> + Send + Sync;

/// Keeps rows of an entity in step with its database: a [`Poller`] that reads them by key, one `IN` a batch, or more where the database binds fewer values.
///
/// A row that is not there any more is removed. Give it a connection to the primary: what a replica has may be older than the change
/// that made the row due.
///
/// ```no_run
/// # mod order {
/// #     use sea_orm::entity::prelude::*;
/// #     #[sea_orm::model]
/// #     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, touchable::Touchable)]
/// #     #[sea_orm(table_name = "orders")]
/// #     pub struct Model {
/// #         #[sea_orm(primary_key)]
/// #         pub id: i32,
/// #         pub is_paid: bool,
/// #         pub updated_at: DateTimeUtc,
/// #     }
/// # }
/// # async fn run(db: sea_orm::DatabaseConnection) -> touchable::Result<()> {
/// use touchable::refresh::{AutoRefreshCache, EntitySync};
///
/// let rows = EntitySync::<order::Entity>::of(&db).terminal(|order| order.is_paid);
/// let orders = AutoRefreshCache::builder("orders", rows).batch(500).start()?;
/// # Ok(())
/// # }
/// ```
pub struct EntitySync<E: EntityTrait> {
    find: Arc<Find<E::Model>>,
    is_terminal: fn(&E::Model) -> bool,
    #[cfg(feature = "feed")]
    stream: Option<(Stream, Example)>,
    entity: PhantomData<fn() -> E>,
}

/// The primary key of an entity, as `find_by_id` takes it.
type KeyOf<E> = <<E as EntityTrait>::PrimaryKey as PrimaryKeyTrait>::ValueType;

impl<E: Touchable> EntitySync<E> {
    /// Rows that this connection finds.
    #[must_use]
    pub fn of<C>(db: &C) -> Self
    where
        C: ConnectionTrait + Clone + Send + Sync + 'static,
    {
        let db = db.clone();
        let find = move |keys: Vec<Key>| -> BoxFuture<'static, _> {
            let db = db.clone();
            Box::pin(async move {
                let schema = E::schema();
                let most = most_values(db.get_database_backend()) / schema.primary_key.len().max(1);
                let mut found = Vec::with_capacity(keys.len());
                for keys in keys.chunks(most) {
                    let rows = E::find().filter(of_keys(&table_name(schema), schema, keys));
                    found.extend(rows.all(&db).await?);
                }
                Ok(found)
            })
        };
        Self {
            find: Arc::new(find),
            is_terminal: |_| false,
            #[cfg(feature = "feed")]
            stream: None,
            entity: PhantomData,
        }
    }

    /// Rows of which nothing more will become: they stay readable, and are not read again.
    #[must_use]
    pub const fn terminal(mut self, is_terminal: fn(&E::Model) -> bool) -> Self {
        self.is_terminal = is_terminal;
        self
    }

    /// Rows that a stream says have changed are read at once. When messages were lost, all are, as the limit allows.
    #[cfg(feature = "feed")]
    #[must_use]
    pub fn follow(mut self, stream: &Stream) -> Self {
        self.stream = Some((stream.clone(), Example::default()));
        self
    }
}

impl<E> Poller for EntitySync<E>
where
    E: Touchable,
    E::Model: Send + Sync + 'static,
    KeyOf<E>: Clone + fmt::Debug + Eq + Hash + Send + Sync + IntoValueTuple + FromValueTuple + 'static,
{
    type Key = KeyOf<E>;
    type Item = E::Model;

    async fn poll(&self, batch: &mut Batch<KeyOf<E>, E::Model>) -> Result<(), BoxError> {
        let keys = batch
            .keys()
            .map(|key| key.clone().into_value_tuple().into_iter().collect());
        let keys: Vec<Key> = keys.collect();
        #[cfg(feature = "feed")]
        if let (Some((_, example)), Some(key)) = (&self.stream, keys.first()) {
            example.get_or_init(|| key.clone());
        }
        let mut strange = None;
        for row in (self.find)(keys).await? {
            let key: KeyOf<E> = key_of(&row);
            match batch.slot(&key) {
                Some(slot) => slot.update(row),
                None => strange = Some(key),
            }
        }
        for slot in batch.slots() {
            match &strange {
                None => slot.remove(),
                // A collation calls two spellings equal.
                Some(key) => slot.fail(format!(
                    "the database has found the row of another spelling of its key, {key:?}"
                )),
            }
        }
        Ok(())
    }

    fn is_terminal(&self, row: &E::Model) -> bool {
        (self.is_terminal)(row)
    }

    #[cfg(feature = "feed")]
    fn listen(&self, hints: Hints<KeyOf<E>>) -> Option<Listening> {
        let (stream, example) = self.stream.clone()?;
        Some(Box::pin(follow::follow::<E, _>(stream, hints, example)))
    }
}

/// Values as SeaORM makes a key of them.
pub(super) fn tuple_of(values: Vec<Value>) -> ValueTuple {
    match <[Value; 1]>::try_from(values) {
        Ok([one]) => ValueTuple::One(one),
        Err(values) => match <[Value; 2]>::try_from(values) {
            Ok([one, two]) => ValueTuple::Two(one, two),
            Err(values) => match <[Value; 3]>::try_from(values) {
                Ok([one, two, three]) => ValueTuple::Three(one, two, three),
                Err(values) => ValueTuple::Many(values),
            },
        },
    }
}

fn key_of<M, K>(row: &M) -> K
where
    M: ModelTrait,
    K: FromValueTuple,
{
    let key = <M::Entity as EntityTrait>::PrimaryKey::iter().map(|column| row.get(column.into_column()));
    K::from_value_tuple(tuple_of(key.collect()))
}

impl<E: EntityTrait> fmt::Debug for EntitySync<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntitySync").finish_non_exhaustive()
    }
}
