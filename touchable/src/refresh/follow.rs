//! Rows that a stream says have changed.

use std::{
    collections::HashSet,
    fmt,
    hash::Hash,
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures_util::FutureExt;
use sea_orm::{
    Value,
    sea_query::{FromValueTuple, IntoValueTuple, ValueTuple},
};
use tokio::time::sleep;

use super::{entity::tuple_of, hints::Hints};
use crate::{
    entity::Touchable,
    feed::{Change, Id, News, Reader, Stream},
    schedule::Backoff,
};

/// Between two tries to begin with a stream.
const AGAIN: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
/// Records of one pass at most; what more there is waits in the stream.
const RECORDS: usize = 10_000;

/// How the keys of an entity look: some key. None was seen yet at first.
pub(super) type Example = Arc<OnceLock<Vec<Value>>>;

/// Follows a stream, until it is dropped.
pub(super) async fn follow<E, K>(stream: Stream, hints: Hints<K>, example: Example)
where
    E: Touchable,
    K: Clone + fmt::Debug + Eq + Hash + Send + Sync + IntoValueTuple + FromValueTuple + 'static,
{
    let follower = Follower {
        table: E::default().table_name().to_owned(),
        stream,
        hints,
        example,
    };
    follower.run().await;
}

struct Follower<K> {
    table: String,
    stream: Stream,
    hints: Hints<K>,
    example: Example,
}

/// Which rows have changed.
enum Changed {
    These(HashSet<Id>),
    /// Nobody knows.
    Any,
}

impl<K> Follower<K>
where
    K: Clone + fmt::Debug + Eq + Hash + Send + Sync + IntoValueTuple + FromValueTuple + 'static,
{
    async fn run(self) {
        let mut failures = 0;
        loop {
            match self.stream.reader().start::<Change>().await {
                Ok(reader) => {
                    failures = 0;
                    // What has changed before its position is not told.
                    self.hints.all();
                    self.read(reader).await;
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(stream = self.stream.name(), %error, "a stream cannot be followed yet");
                    sleep(AGAIN.pause(failures)).await;
                }
            }
        }
    }

    /// Until the reader has ended.
    async fn read(&self, mut reader: Reader<Change>) {
        while let Some(news) = reader.next().await {
            let mut changed = Changed::These(HashSet::new()).and(news, &self.table);
            while changed.has_room()
                && let Some(Some(news)) = reader.next().now_or_never()
            {
                changed = changed.and(news, &self.table);
            }
            self.hint(&changed);
        }
    }

    fn hint(&self, changed: &Changed) {
        let ids = match changed {
            Changed::Any => return self.hints.all(),
            Changed::These(ids) => ids,
        };
        let example = self.example.get().map(Vec::as_slice);
        let mut strange = HashSet::new();
        for id in ids {
            match example.and_then(|example| key_like(example, id)) {
                // Most rows that change are not here.
                Some(key) => drop(self.hints.soon(&K::from_value_tuple(key))),
                None => drop(strange.insert(id)),
            }
        }
        if !strange.is_empty() {
            self.hints.where_key(&|key: &K| strange.contains(&id_of(key)));
        }
    }
}

impl Changed {
    fn and(self, news: News<Change>, table: &str) -> Self {
        match (self, news) {
            (Self::These(mut ids), News::Batch(batch)) if batch.malformed().is_empty() => {
                // Several entities can share a stream.
                let of_table = |change: &&Change| change.table.as_ref().is_none_or(|of| of == table);
                let changes = batch.iter().map(|message| &message.record).filter(of_table);
                ids.extend(changes.map(|change| change.id.clone()));
                Self::These(ids)
            }
            _ => Self::Any,
        }
    }

    fn has_room(&self) -> bool {
        matches!(self, Self::These(ids) if ids.len() < RECORDS)
    }
}

fn id_of<K: Clone + IntoValueTuple>(key: &K) -> Id {
    let values: Vec<Value> = key.clone().into_value_tuple().into_iter().collect();
    Id::of_key(&values)
}

/// The key with this id, in values of the types that another key has; none when the id does not tell it.
fn key_like(example: &[Value], id: &Id) -> Option<ValueTuple> {
    let ids = match id {
        Id::Composite(ids) => ids.as_slice(),
        single => std::slice::from_ref(single),
    };
    if ids.len() != example.len() {
        return None;
    }
    let values = example
        .iter()
        .zip(ids)
        .map(|(example, id)| value_like(example, id));
    let values: Vec<Value> = values.collect::<Option<_>>()?;
    Some(tuple_of(values))
}

fn value_like(example: &Value, id: &Id) -> Option<Value> {
    macro_rules! number {
        ($type:ident) => {
            match id {
                Id::Int(number) => Some(Value::$type(Some((*number).try_into().ok()?))),
                Id::Uint(number) => Some(Value::$type(Some((*number).try_into().ok()?))),
                _ => None,
            }
        };
    }
    match (example, id) {
        (Value::TinyInt(_), _) => number!(TinyInt),
        (Value::SmallInt(_), _) => number!(SmallInt),
        (Value::Int(_), _) => number!(Int),
        (Value::BigInt(_), _) => number!(BigInt),
        (Value::TinyUnsigned(_), _) => number!(TinyUnsigned),
        (Value::SmallUnsigned(_), _) => number!(SmallUnsigned),
        (Value::Unsigned(_), _) => number!(Unsigned),
        (Value::BigUnsigned(_), _) => number!(BigUnsigned),
        (Value::String(_), Id::Text(text)) => Some(Value::String(Some(text.clone()))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_like_another() {
        let keys: [Vec<Value>; 4] = [
            vec![5_i32.into()],
            vec![u64::MAX.into()],
            vec!["a".into()],
            vec![(-5_i16).into(), "b".into(), 7_i64.into()],
        ];
        for key in keys {
            let like = key_like(&key, &Id::of_key(&key)).unwrap();
            assert_eq!(like.into_iter().collect::<Vec<_>>(), key);
        }
        assert_eq!(key_like(&[5_i8.into()], &Id::Int(1_000)), None, "too large");
        assert_eq!(key_like(&["5".into()], &Id::Int(5)), None, "of another type");
        assert_eq!(
            key_like(&[5_i32.into()], &Id::Composite(vec![Id::Int(5), Id::Int(6)])),
            None
        );
    }
}
