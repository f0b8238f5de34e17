//! The items of one call, and their answers.

use std::{collections::HashMap, fmt, hash::Hash, sync::Arc, time::Duration};

use super::poller::BoxError;

/// The items that one call of [`poll`](super::Poller::poll) asks about, with a slot for the answer to each.
///
/// An answer about an item that was not asked about, or a second one, cannot be written: there is no slot for it.
pub struct Batch<K, V> {
    slots: Vec<State<K, V>>,
    /// Where each key is, once somebody looks for one among many.
    places: HashMap<K, usize>,
    throttled: Option<Duration>,
}

/// An item of a batch, to be answered once.
///
/// Dropped without an answer it is unchanged.
#[must_use = "an item is unchanged unless it is answered"]
pub struct Slot<'b, K, V> {
    state: &'b mut State<K, V>,
}

struct State<K, V> {
    key: K,
    item: Arc<V>,
    answer: Option<Answer<V>>,
    again_in: Option<Duration>,
    is_taken: bool,
}

/// What is said of an item.
pub(super) enum Answer<V> {
    Update(V),
    Unchanged,
    Remove,
    Fail(String),
}

/// What a call has said of an item, and when it wants to be asked again.
pub(super) struct Answered<V> {
    pub answer: Option<Answer<V>>,
    pub again_in: Option<Duration>,
}

/// Up to so many keys are looked for one after the other.
const FEW: usize = 8;

impl<K: Clone + Eq + Hash, V> Batch<K, V> {
    /// A batch of these items. The cache makes its own; this is for the tests of a poller.
    pub fn new(items: impl IntoIterator<Item = (K, Arc<V>)>) -> Self {
        let slots = items.into_iter().map(|(key, item)| State {
            key,
            item,
            answer: None,
            again_in: None,
            is_taken: false,
        });
        Self {
            slots: slots.collect(),
            places: HashMap::new(),
            throttled: None,
        }
    }

    /// How many items there are; at least one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Never.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Their keys.
    #[must_use]
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &K> {
        self.slots.iter().map(|state| &state.key)
    }

    /// The items as they were when the call began, by key.
    #[must_use]
    pub fn items(&self) -> impl ExactSizeIterator<Item = (&K, &Arc<V>)> {
        self.slots.iter().map(|state| (&state.key, &state.item))
    }

    /// The slot of a key; none when the key is not of this batch, or has been given its slot already.
    pub fn slot(&mut self, key: &K) -> Option<Slot<'_, K, V>> {
        let at = if self.slots.len() <= FEW {
            self.slots.iter().position(|state| state.key == *key)?
        } else {
            if self.places.is_empty() {
                let places = self.slots.iter().enumerate();
                self.places = places.map(|(at, state)| (state.key.clone(), at)).collect();
            }
            *self.places.get(key)?
        };
        self.slots[at].slot()
    }

    /// All slots that nobody was given yet.
    pub fn slots(&mut self) -> impl Iterator<Item = Slot<'_, K, V>> {
        self.slots.iter_mut().filter_map(State::slot)
    }

    /// The service asks for a rest: no call begins before that time is over, of whatever items, nor a burst after it. Items of this
    /// batch without an answer are due again when it is over, and have not failed, also when the call returns an error. A rest of zero
    /// is none.
    pub fn throttled(&mut self, retry_after: Duration) {
        self.throttled = self.throttled.max(Some(retry_after));
    }

    /// What was said of a key, in words: `updated`, `unchanged`, `removed`, `failed: ..`, or none. For the tests of a poller.
    #[must_use]
    pub fn answer(&self, key: &K) -> Option<String> {
        let state = self.slots.iter().find(|state| state.key == *key)?;
        state.answer.as_ref().map(|answer| match answer {
            Answer::Update(_) => "updated".to_owned(),
            Answer::Unchanged => "unchanged".to_owned(),
            Answer::Remove => "removed".to_owned(),
            Answer::Fail(error) => format!("failed: {error}"),
        })
    }

    pub(super) fn into_answers(self) -> (impl Iterator<Item = Answered<V>>, Option<Duration>) {
        let answers = self.slots.into_iter().map(|state| Answered {
            answer: state.answer,
            again_in: state.again_in,
        });
        (answers, self.throttled)
    }
}

impl<K, V> State<K, V> {
    fn slot(&mut self) -> Option<Slot<'_, K, V>> {
        if std::mem::replace(&mut self.is_taken, true) {
            return None;
        }
        Some(Slot { state: self })
    }
}

impl<K, V> Slot<'_, K, V> {
    /// The key of the item.
    #[must_use]
    pub const fn key(&self) -> &K {
        &self.state.key
    }

    /// The item as it was when the call began.
    #[must_use]
    pub const fn item(&self) -> &Arc<V> {
        &self.state.item
    }

    /// Polls this item after a time of its own, instead of the `resync_period`; zero is at once, behind what waits. After a
    /// failure it is the least.
    pub const fn again_in(self, after: Duration) -> Self {
        self.state.again_in = Some(after);
        self
    }

    /// It is this now.
    pub fn update(self, item: V) {
        self.state.answer = Some(Answer::Update(item));
    }

    /// It is what it was.
    pub fn unchanged(self) {
        self.state.answer = Some(Answer::Unchanged);
    }

    /// It is gone: whoever reads finds none.
    pub fn remove(self) {
        self.state.answer = Some(Answer::Remove);
    }

    /// Nothing is known of it, for this reason.
    pub fn fail(self, error: impl Into<BoxError>) {
        self.state.answer = Some(Answer::Fail(error.into().to_string()));
    }
}

impl<K: fmt::Debug, V> fmt::Debug for Batch<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.slots.iter().map(|state| &state.key))
            .finish()
    }
}

impl<K: fmt::Debug, V> fmt::Debug for Slot<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Slot").field(&self.state.key).finish()
    }
}
