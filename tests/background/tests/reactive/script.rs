//! A service whose answers a test decides.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{sync::Semaphore, time::Instant};
use touchable::reactive::{BoxError, Compute, Computed};

/// What the next computation of a key comes to.
#[derive(Clone, Debug)]
pub enum Answer {
    Value(i64),
    Unchanged,
    Gone,
    AgainIn(i64, Duration),
    UnchangedAgainIn(Duration),
    Fails(&'static str),
    Panics,
    Hangs,
    /// So many bytes.
    Large(usize),
    /// A value, after a while.
    Slow(i64, Duration),
}

/// Answers as it is told, and counts. A clone is the same service.
#[derive(Clone, Default)]
pub struct Service(Arc<Inner>);

#[derive(Default)]
struct Inner {
    answers: Mutex<HashMap<String, Answer>>,
    otherwise: Mutex<Option<Answer>>,
    asked: Mutex<HashMap<String, Vec<Instant>>>,
    order: Mutex<Vec<String>>,
    /// There while computations wait until they are let go.
    gate: Mutex<Option<Arc<Semaphore>>>,
    running: Mutex<HashMap<String, usize>>,
    overlaps: AtomicUsize,
    began: AtomicUsize,
    before: Mutex<Vec<Option<i64>>>,
    updates: Mutex<Vec<(String, Option<i64>, i64)>>,
    hook_panics: AtomicUsize,
}

impl Service {
    /// From now on every key has this answer that has none of its own.
    pub fn answer_all(&self, answer: Option<Answer>) {
        *self.0.otherwise.lock().unwrap() = answer;
    }

    /// From now on this key has this answer.
    pub fn answer(&self, key: &str, answer: Answer) {
        self.0.answers.lock().unwrap().insert(key.to_owned(), answer);
    }

    /// How often a key was computed.
    pub fn asked(&self, key: &str) -> usize {
        self.asked_at(key).len()
    }

    /// When computations of a key began.
    pub fn asked_at(&self, key: &str) -> Vec<Instant> {
        self.0.asked.lock().unwrap().get(key).cloned().unwrap_or_default()
    }

    /// In which order keys were computed.
    pub fn order(&self) -> Vec<String> {
        self.0.order.lock().unwrap().clone()
    }

    /// Computations wait until they are let go.
    pub fn hold(&self) {
        *self.0.gate.lock().unwrap() = Some(Arc::new(Semaphore::new(0)));
    }

    /// Lets so many go.
    pub fn let_go(&self, count: usize) {
        self.0.gate.lock().unwrap().as_ref().unwrap().add_permits(count);
    }

    /// Lets all go.
    pub fn open(&self) {
        if let Some(gate) = self.0.gate.lock().unwrap().take() {
            gate.add_permits(Semaphore::MAX_PERMITS / 2);
        }
    }

    /// How many computations have begun.
    pub fn began(&self) -> usize {
        self.0.began.load(SeqCst)
    }

    /// How many computations of one key ran at once, beyond the first.
    pub fn overlaps(&self) -> usize {
        self.0.overlaps.load(SeqCst)
    }

    /// What computations were given as the value before.
    pub fn before(&self) -> Vec<Option<i64>> {
        self.0.before.lock().unwrap().clone()
    }

    /// What the hook was told.
    pub fn updates(&self) -> Vec<(String, Option<i64>, i64)> {
        self.0.updates.lock().unwrap().clone()
    }

    /// The hook panics from now on.
    pub fn let_hooks_panic(&self) {
        self.0.hook_panics.store(1, SeqCst);
    }

    pub fn hook_calls(&self) -> usize {
        self.0.hook_panics.load(SeqCst)
    }
}

/// Counts itself as running, also when it is dropped.
struct Running<'a>(&'a Inner, &'a str);

impl<'a> Running<'a> {
    fn new(inner: &'a Inner, key: &'a str) -> Self {
        let mut running = inner.running.lock().unwrap();
        let count = running.entry(key.to_owned()).or_default();
        *count += 1;
        if *count > 1 {
            inner.overlaps.fetch_add(1, SeqCst);
        }
        Self(inner, key)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        *self.0.running.lock().unwrap().get_mut(self.1).unwrap() -= 1;
    }
}

/// Without a trace of the stack, which takes longer than a server may.
fn panic() -> ! {
    std::panic::resume_unwind(Box::new("as it was told"))
}

/// A key of the service.
pub fn key(text: &str) -> String {
    text.to_owned()
}

/// Numbers by name, and bytes beside them to make a value large.
pub type Value = (i64, Vec<u8>);

impl Compute for Service {
    const NAME: &'static str = "service";
    type Key = String;
    type Value = Value;

    async fn compute(&self, key: &String, before: Option<&Value>) -> Result<Computed<Value>, BoxError> {
        let inner = &*self.0;
        let _running = Running::new(inner, key);
        inner.order.lock().unwrap().push(key.clone());
        inner.before.lock().unwrap().push(before.map(|before| before.0));
        // What is answered is decided when it begins.
        let answer = inner.answers.lock().unwrap().get(key).cloned();
        let answer = answer.or_else(|| inner.otherwise.lock().unwrap().clone());
        inner.began.fetch_add(1, SeqCst);
        let gate = inner.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        let asked = {
            let mut asked = inner.asked.lock().unwrap();
            let asked = asked.entry(key.clone()).or_default();
            asked.push(Instant::now());
            asked.len()
        };
        let number = |number: i64| Computed::Value((number, Vec::new()));
        match answer {
            None => Ok(number(i64::try_from(asked).unwrap())),
            Some(Answer::Value(value)) => Ok(number(value)),
            Some(Answer::Unchanged) => Ok(Computed::Unchanged),
            Some(Answer::Gone) => Ok(Computed::Gone),
            Some(Answer::AgainIn(value, again_in)) => Ok(number(value).again_in(again_in)),
            Some(Answer::UnchangedAgainIn(again_in)) => Ok(Computed::Unchanged.again_in(again_in)),
            Some(Answer::Fails(message)) => Err(message.into()),
            Some(Answer::Panics) => panic(),
            Some(Answer::Hangs) => std::future::pending().await,
            Some(Answer::Slow(value, time)) => {
                // The service's own time.
                tokio::time::sleep(time).await;
                Ok(number(value))
            }
            Some(Answer::Large(bytes)) => Ok(Computed::Value((0, vec![0; bytes]))),
        }
    }

    async fn on_updated(&self, key: &String, old: Option<&Value>, new: &Value) {
        let inner = &*self.0;
        if inner.hook_panics.load(SeqCst) > 0 {
            inner.hook_panics.fetch_add(1, SeqCst);
            panic();
        }
        let update = (key.clone(), old.map(|old| old.0), new.0);
        inner.updates.lock().unwrap().push(update);
    }
}
