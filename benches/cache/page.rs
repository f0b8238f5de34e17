//! A page of 100 cards of which some have changed, beside rendering all of it, and beside a cache that is asked for one card
//! after the other.
//!
//! A card shows its task and how many comments its event has: rendering takes two queries for any number of cards, and
//! escaping a description of 2,000 characters for each.

use std::{cell::Cell, collections::HashMap, hint::black_box, rc::Rc};

use futures_util::FutureExt;
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QuerySelect};
use touchable::cache::{
    Cache, FragmentCache,
    store::{Memory, Redis, Store},
};
use touchable_benches::{
    Arguments, Goal, Lane, Race, Ratio,
    entities::ours::{comment, task},
};

const CARDS: i32 = 100;

pub async fn race(arguments: &Arguments) -> Vec<Ratio> {
    let mut ratios = Vec::new();
    for changed in [1, 10, 50] {
        let name = format!("cache/memory/page-{changed}-of-100");
        if arguments.wants(&name) {
            ratios.extend(of_store(name, changed, Memory::default(), arguments).await);
        }
        let name = format!("cache/redis/page-{changed}-of-100");
        if arguments.wants(&name) {
            let store = Redis::connect(&super::redis::url()).await.expect("a server");
            ratios.extend(of_store(name, changed, store, arguments).await);
        }
    }
    ratios
}

async fn of_store(name: String, changed: usize, store: impl Store, arguments: &Arguments) -> Vec<Ratio> {
    let db = Lane::Sqlite.prepare(CARDS).await;
    let namespace = format!("bench-{}-{changed}", std::process::id());
    let cache = Cache::builder(store)
        .namespace(namespace)
        .build()
        .expect("a cache");
    let fragments = FragmentCache::new(cache);
    // Each has its own tasks, and meets its own changes.
    let [batch, single, all] = [(); 3].map(|()| Tasks::new());

    let ours = |_| {
        async {
            let tasks = batch.with_changes(changed);
            let page = fragments.fetch_many(&tasks, "batch", async |missing| render(&db, missing).await);
            black_box(page.await.expect("a page"));
        }
        .boxed_local()
    };
    let one_by_one = |_| {
        async {
            for task in &single.with_changes(changed) {
                let render = async || render(&db, vec![task]).await.map(|cards| cards.concat());
                black_box(fragments.fetch(task, "single", render).await.expect("a card"));
            }
        }
        .boxed_local()
    };
    let everything = |_| {
        async {
            let tasks = all.with_changes(changed);
            black_box(render(&db, tasks.iter().collect()).await.expect("a page"));
        }
        .boxed_local()
    };
    let ratios = Race::of(name, ours)
        .against("everything", Goal::AtMost(1.0), everything)
        .against("one-by-one", Goal::AtMost(1.0), one_by_one)
        .run(arguments.patience())
        .await;
    fragments.cache().clear().await.expect("an emptied cache");
    ratios
}

/// Tasks of which some have another version each time they are asked for.
struct Tasks {
    tasks: Vec<task::Model>,
    rounds: Rc<Cell<i64>>,
}

impl Tasks {
    fn new() -> Self {
        Self {
            tasks: (1..=CARDS)
                .map(|id| task::Model::loaded(id, 1 + id % 3))
                .collect(),
            rounds: Rc::default(),
        }
    }

    fn with_changes(&self, changed: usize) -> Vec<task::Model> {
        self.rounds.set(self.rounds.get() + 1);
        let mut tasks = self.tasks.clone();
        let step = tasks.len() / changed;
        for task in tasks.iter_mut().step_by(step) {
            task.updated_at += std::time::Duration::from_micros(self.rounds.get().unsigned_abs());
        }
        tasks
    }
}

async fn render(db: &DatabaseConnection, tasks: Vec<&task::Model>) -> Result<Vec<String>, sea_orm::DbErr> {
    let events: Vec<i32> = tasks.iter().map(|task| task.event_id).collect();
    let comments: Vec<(i32, i64)> = comment::Entity::find()
        .select_only()
        .column(comment::Column::EventId)
        .column_as(comment::Column::Id.count(), "comments")
        .filter(comment::Column::EventId.is_in(events))
        .group_by(comment::Column::EventId)
        .into_tuple()
        .all(db)
        .await?;
    let comments: HashMap<i32, i64> = comments.into_iter().collect();
    let ids = tasks.iter().map(|task| task.id);
    let stored = task::Entity::find()
        .filter(task::Column::Id.is_in(ids))
        .all(db)
        .await?;
    let titles: HashMap<i32, String> = stored.into_iter().map(|task| (task.id, task.title)).collect();
    let count = |task: &task::Model| comments.get(&task.event_id).copied().unwrap_or_default();
    Ok(tasks
        .iter()
        .map(|task| {
            let title = titles.get(&task.id).map_or("", String::as_str);
            format!("{}<p>{} comments</p>", card(title), count(task))
        })
        .collect())
}

/// A card with a description.
pub fn card(title: &str) -> String {
    const DESCRIPTION: &str = "What is <to be done> & why; \"who\" does it. ";
    let description = DESCRIPTION.repeat(2_000 / DESCRIPTION.len());
    format!("<h2>{}</h2><p>{}</p>", escape(title), escape(&description))
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}
