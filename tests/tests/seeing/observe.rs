//! Behaviour 33: spans and counters.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
};

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, ModelTrait, Set, TransactionTrait};
use touchable::{TouchMany, TouchRecord, observe};
use touchable_tests::{
    World,
    entities::{board, outer},
    listen, on_every_backend,
};
use tracing::{
    field::{Field, Visit},
    span,
};
use tracing_subscriber::{Layer, layer::Context};

/// The spans of this library, with their fields, in the order in which they opened. (When one closes is up to `SQLx`
/// too, whose thread for SQLite holds it a little longer.)
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<(span::Id, Seen)>>>);

#[derive(Clone, Debug, Default)]
struct Seen {
    name: &'static str,
    fields: BTreeMap<&'static str, String>,
}

impl Visit for Seen {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name(), value.to_owned());
    }
}

impl<S: tracing::Subscriber> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, _: Context<'_, S>) {
        if attributes.metadata().name().starts_with("touchable.") {
            let mut seen = Seen {
                name: attributes.metadata().name(),
                ..Seen::default()
            };
            attributes.record(&mut seen);
            self.0.lock().unwrap().push((id.clone(), seen));
        }
    }
    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, _: Context<'_, S>) {
        if let Some((_, seen)) = self.0.lock().unwrap().iter_mut().rfind(|(other, _)| other == id) {
            values.record(seen);
        }
    }
}

/// What a future shows of itself on this thread, which polls it.
struct Observed {
    spans: Vec<Seen>,
    counters: BTreeMap<String, u64>,
    timed: usize,
}

impl Observed {
    async fn of<T>(action: impl Future<Output = T>) -> (Self, T) {
        let spans = Spans::default();
        let recorder = DebuggingRecorder::new();
        let snapshotter = recorder.snapshotter();
        let output = {
            let _subscriber = listen(spans.clone());
            let _recorder = metrics::set_default_local_recorder(&recorder);
            action.await
        };
        let (counters, timed) = read(&snapshotter);
        let spans = spans
            .0
            .lock()
            .unwrap()
            .iter()
            .map(|(_, seen)| seen.clone())
            .collect();
        let observed = Self {
            spans,
            counters,
            timed,
        };
        (observed, output)
    }

    fn flushes(&self) -> Vec<&Seen> {
        self.spans
            .iter()
            .filter(|span| span.name == observe::SPAN)
            .collect()
    }

    /// The one flush. On PostgreSQL a statement in vain may come before it, while others write; it moves nothing.
    fn flush(&self) -> &Seen {
        let flushes = self.flushes();
        assert_eq!(flushes.len(), self.timed, "{flushes:#?}");
        let moves = |flush: &&&Seen| flush.fields.get("rows").is_none_or(|rows| rows != "0");
        assert!(flushes.iter().filter(moves).count() <= 1, "{flushes:#?}");
        let flush = flushes.iter().find(moves).unwrap_or(&flushes[0]);
        let seconds: f64 = flush.fields["seconds"].parse().unwrap();
        assert!((0.0..60.0).contains(&seconds), "{seconds}");
        flush
    }

    fn counters(&self) -> Vec<(&str, u64)> {
        self.counters
            .iter()
            .map(|(name, count)| (name.as_str(), *count))
            .collect()
    }
}

fn read(snapshotter: &Snapshotter) -> (BTreeMap<String, u64>, usize) {
    let mut counters = BTreeMap::new();
    let mut timed = 0;
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        let labels: Vec<String> = key
            .key()
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()))
            .collect();
        match value {
            DebugValue::Counter(count) => {
                let name = key.key().name().trim_start_matches("touchable_");
                counters.insert(format!("{name} {}", labels.join(",")), count);
            }
            DebugValue::Histogram(values) if key.key().name() == observe::FLUSH_SECONDS => {
                timed = values.len();
            }
            _ => {}
        }
    }
    (counters, timed)
}

async fn b33_a_save_that_fires(world: &World) {
    outer::populate(world).await;
    for (name, touching) in [("Ada", false), ("Grace", true)] {
        let mut user = world.active::<outer::user::Entity>(2).await;
        user.name = Set(name.to_owned());
        let (seen, saved) = if touching {
            Observed::of(user.update(&touchable::connect(world.db.clone()))).await
        } else {
            Observed::of(user.update(&world.db)).await
        };
        saved.unwrap();
        let flush = seen.flush();
        assert_eq!(flush.fields["entity"], "users", "touching: {touching}");
        assert_eq!(
            flush.fields["rules"],
            "users -> tasks, tasks -> event, events -> calendar"
        );
        assert_eq!(flush.fields["rows"], "3");
        assert_eq!(
            seen.counters(),
            [
                ("rows_touched_total table=calendars", 1),
                ("rows_touched_total table=events", 1),
                ("rows_touched_total table=tasks", 1),
                ("rules_fired_total rule=events -> calendar", 1),
                ("rules_fired_total rule=tasks -> event", 1),
                ("rules_fired_total rule=users -> tasks", 1),
                ("saves_total table=users", 1),
            ]
        );
    }
}

/// One span inside for each UPDATE.
async fn b33_spans_of_the_updates(world: &World) {
    outer::populate(world).await;
    let mut task = world.active::<outer::task::Entity>(1).await;
    task.title = Set("retitled".to_owned());
    let (seen, saved) = Observed::of(task.update(&world.db)).await;
    saved.unwrap();
    let inner: Vec<_> = seen
        .spans
        .iter()
        .filter(|span| span.name == "touchable.touch")
        .map(|span| {
            let field = |name| span.fields.get(name).map(String::as_str);
            (field("table"), field("rules"), field("rows"))
        })
        .collect();
    assert_eq!(
        inner,
        [
            (Some("events"), Some("tasks -> event"), Some("1")),
            (Some("calendars"), Some("events -> calendar"), Some("1")),
        ]
    );
}

/// Nothing fires: no span, no time, nothing but the save itself.
async fn b33_a_save_that_does_not_fire(world: &World) {
    board::populate(world).await;
    let db = touchable::connect(world.db.clone());
    for touching in [false, true] {
        let mut event = world.active::<board::event::Entity>(1).await;
        event.location = Set(format!("there {touching}"));
        let (seen, saved) = if touching {
            Observed::of(event.update(&db)).await
        } else {
            Observed::of(event.update(&world.db)).await
        };
        saved.unwrap();
        assert!(seen.spans.is_empty() && seen.timed == 0, "{:#?}", seen.spans);
        assert_eq!(seen.counters(), [("saves_total table=events", 1)]);
    }
}

/// Where the database decides whether a rule fires, one that does not is not counted.
async fn b33_a_rule_that_the_database_finds_unchanged(world: &World) {
    board::populate(world).await;
    let db = touchable::connect(world.db.clone());
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set("event 1".to_owned());
    event.location = Set("there".to_owned());
    let (seen, saved) = Observed::of(event.update(&db)).await;
    saved.unwrap();
    assert_eq!(seen.counters(), [("saves_total table=events", 1)]);
    assert!(seen.flushes().iter().all(|flush| flush.fields["rows"] == "0"));
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set("event 1".to_owned());
    let (seen, saved) = Observed::of(event.update(&db)).await;
    saved.unwrap();
    assert_eq!(seen.counters(), [("saves_total table=events", 1)]);
    assert!(seen.flushes().iter().all(|flush| flush.fields["rows"] == "0"));
}

/// A commit is one flush of all that its saves have set in motion.
async fn b33_one_flush_for_a_commit(world: &World) {
    outer::populate(world).await;
    let db = touchable::connect(world.db.clone());
    let (seen, done) = Observed::of(async {
        let tx = db.begin().await?;
        for id in [1, 2] {
            let mut task: outer::task::ActiveModel = outer::task::Entity::find_by_id(id)
                .one(&tx)
                .await?
                .unwrap()
                .into();
            task.title = Set("retitled".to_owned());
            task.update(&tx).await?;
        }
        let mut user: outer::user::ActiveModel =
            outer::user::Entity::find_by_id(2).one(&tx).await?.unwrap().into();
        user.name = Set("Ada".to_owned());
        user.update(&tx).await?;
        tx.commit().await
    })
    .await;
    done.unwrap();
    let flush = seen.flush();
    assert_eq!(flush.fields["entity"], "tasks, users");
    assert_eq!(seen.counters["saves_total table=tasks"], 2);
    assert_eq!(seen.counters["saves_total table=users"], 1);
    let rows: u64 = seen
        .counters
        .iter()
        .filter(|(name, _)| name.starts_with("rows_touched_total"))
        .map(|(_, rows)| rows)
        .sum();
    assert_eq!(flush.fields["rows"], rows.to_string());
}

async fn b33_inserts_deletes_and_touches(world: &World) {
    outer::populate(world).await;
    let db = touchable::connect(world.db.clone());
    for touching in [false, true] {
        let new = outer::task(9, Some(1), None);
        let (seen, saved) = if touching {
            Observed::of(new.insert(&db)).await
        } else {
            Observed::of(new.insert(&world.db)).await
        };
        let task = saved.unwrap();
        assert_eq!(
            (
                seen.flush().fields["rows"].as_str(),
                seen.counters["saves_total table=tasks"]
            ),
            ("2", 1)
        );
        let (seen, touched) = Observed::of(task.touch(&world.db)).await;
        touched.unwrap();
        assert_eq!(seen.flush().fields["rows"], "3");
        assert!(!seen.counters.contains_key("saves_total table=tasks"));
        assert!(!seen.counters.keys().any(|name| name.contains("tasks touched")));
        let (seen, deleted) = if touching {
            Observed::of(task.delete(&db)).await
        } else {
            Observed::of(task.delete(&world.db)).await
        };
        deleted.unwrap();
        assert_eq!(
            (
                seen.flush().fields["rows"].as_str(),
                seen.counters["saves_total table=tasks"]
            ),
            ("2", 1)
        );
    }
}

async fn b33_bulk_writes(world: &World) {
    outer::populate(world).await;
    let tasks = [20, 21].map(|id| outer::task(id, Some(1), None));
    let (seen, done) = Observed::of(outer::task::Entity::insert_many(tasks).touching().exec(&world.db)).await;
    done.unwrap();
    assert_eq!(seen.counters["saves_total table=tasks"], 2);
    assert_eq!(seen.flush().fields["entity"], "tasks");
    let (seen, done) = Observed::of(outer::task::Entity::delete_many().touching().exec(&world.db)).await;
    assert_eq!(
        seen.counters["saves_total table=tasks"],
        done.unwrap().rows_affected
    );
}

/// A touch that the database refuses closes its span and counts nothing.
async fn b33_a_flush_that_fails(world: &World) {
    board::populate(world).await;
    let mut event = world.active::<board::event::Entity>(1).await;
    event.name = Set("renamed".to_owned());
    world
        .db
        .execute_unprepared("ALTER TABLE tasks DROP COLUMN updated_at")
        .await
        .unwrap();
    let (seen, failed) = Observed::of(event.update(&world.db)).await;
    failed.unwrap_err();
    assert_eq!(seen.flushes().len(), 1);
    assert!(seen.counters.keys().all(|name| name.starts_with("saves_total")));
}

on_every_backend!(outer:
    b33_a_save_that_fires,
    b33_spans_of_the_updates,
    b33_one_flush_for_a_commit,
    b33_inserts_deletes_and_touches,
    b33_bulk_writes,
);
on_every_backend!(board:
    b33_a_save_that_does_not_fire,
    b33_a_rule_that_the_database_finds_unchanged,
    b33_a_flush_that_fails,
);
