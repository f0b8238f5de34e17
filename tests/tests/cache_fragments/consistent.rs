//! A record and what its renderer reads, from one snapshot.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI32, Ordering::SeqCst},
};

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, Set, TransactionTrait,
};
use touchable::{
    TouchConnection,
    cache::{Cache, FragmentCache, store::Memory},
};
use touchable_tests::{World, entities::outer, on_every_backend};

use super::{Fragments, fragments};

/// The titles of an event's tasks.
async fn titles(db: &impl ConnectionTrait, event: i32) -> String {
    let tasks = outer::task::Entity::find()
        .filter(outer::task::Column::EventId.eq(event))
        .order_by_asc(outer::task::Column::Id)
        .all(db)
        .await
        .expect("the tasks");
    let titles: Vec<String> = tasks.into_iter().map(|task| task.title).collect();
    titles.join(", ")
}

async fn rename(db: &TouchConnection, task: i32, title: &str) {
    let task = outer::task::Entity::find_by_id(task).one(db).await.unwrap();
    let mut task = task.expect("a task").into_active_model();
    task.title = Set(title.to_owned());
    task.update(db).await.expect("a saved task");
}

async fn page(fragments: &Fragments, db: &TouchConnection) -> String {
    let event = outer::event::Entity::find_by_id(1);
    let page = fragments
        .fetch_consistent(db, event, "page", async |tx, event| titles(tx, event.id).await)
        .await;
    page.expect("a page").expect("an event").to_string()
}

/// The race that `fetch_consistent` is for: whoever fills a cache by hand can lose it.
async fn b17_control_children_read_before_the_version_poison_a_cache(world: &World) {
    outer::populate(world).await;
    let (fragments, db) = (fragments(), touchable::connect(world.db.clone()));

    // A reader loads the tasks, is overtaken, and loads the event.
    let tasks = titles(&db, 1).await;
    rename(&db, 1, "new title").await;
    let event = world.model::<outer::event::Entity>(1).await;
    fragments.fetch(&event, "page", async || tasks).await.unwrap();

    // From now on everybody sees the old title under the event's new version.
    let event = world.model::<outer::event::Entity>(1).await;
    let poisoned = fragments
        .fetch(&event, "page", async || titles(&db, 1).await)
        .await
        .unwrap();
    assert_eq!(&*poisoned, "task 1, task 2");
}

async fn b17_a_commit_while_it_renders_does_not_poison(world: &World) {
    outer::populate(world).await;
    let (fragments, db) = (fragments(), touchable::connect(world.db.clone()));
    let event = outer::event::Entity::find_by_id(1);
    let overtaken = fragments
        .fetch_consistent(&db, event, "page", async |tx, event| {
            rename(&db, 1, "new title").await;
            titles(tx, event.id).await
        })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        &*overtaken, "task 1, task 2",
        "what the database held when the event was read"
    );
    assert_eq!(page(&fragments, &db).await, "new title, task 2");
    assert_eq!(page(&fragments, &db).await, "new title, task 2");
}

async fn b17_a_commit_before_its_snapshot_begins_it_anew(world: &World) {
    outer::populate(world).await;
    let db = touchable::connect(world.db.clone());
    let overtake = Overtaking::new(db.clone());
    let fragments = FragmentCache::new(Cache::new(overtake).unwrap());
    let page = async || {
        let event = outer::event::Entity::find_by_id(1);
        let render = async |tx: &_, event: &outer::event::Model| titles(tx, event.id).await;
        let page = fragments.fetch_consistent(&db, event, "page", render).await;
        page.map(|page| page.expect("an event").to_string())
    };
    let store = fragments.cache().store();

    // Between the lookup of the version and the snapshot the store is asked.
    store.overtakes.store(1, SeqCst);
    assert_eq!(page().await.unwrap(), "overtaken 1, task 2");
    assert_eq!(page().await.unwrap(), "overtaken 1, task 2");

    rename(&db, 1, "calm").await;
    store.overtakes.store(1_000, SeqCst);
    let page_of_a_record_that_never_rests = page().await.unwrap();
    let left = 1_000 - store.overtakes.load(SeqCst);
    assert!(left > 1, "it was begun anew");
    assert_eq!(
        page_of_a_record_that_never_rests,
        format!("overtaken {}, task 2", 1_001 - left)
    );
}

async fn b17_no_record_no_fragment(world: &World) {
    outer::populate(world).await;
    let (fragments, db) = (fragments(), touchable::connect(world.db.clone()));
    let fetch = async |id: i32| {
        let event = outer::event::Entity::find_by_id(id);
        fragments
            .fetch_consistent(&db, event, "page", async |_, _| "page")
            .await
            .unwrap()
    };
    assert_eq!(fetch(99).await, None);
    assert!(fetch(4).await.is_some());
    outer::event::Entity::delete_by_id(4)
        .exec(&world.db)
        .await
        .unwrap();
    assert_eq!(fetch(4).await, None, "a fragment of what is gone is not shown");
}

async fn b17_errors_store_nothing(world: &World) {
    outer::populate(world).await;
    let (fragments, db) = (fragments(), touchable::connect(world.db.clone()));
    let event = outer::event::Entity::find_by_id(1);
    let error = fragments
        .fetch_consistent(&db, event, "page", async |tx, _| -> Result<String, DbErr> {
            tx.execute_unprepared("SELECT nothing FROM nowhere").await?;
            Ok("page".to_owned())
        })
        .await
        .unwrap_err();
    assert!(error.is_loader(), "{error}");
    assert_eq!(page(&fragments, &db).await, "task 1, task 2");
}

/// Writers give both tasks of an event one number in a transaction; a page with two numbers, or one that is older than its
/// version, must not be found.
async fn b17_readers_and_writers(world: &World) {
    outer::populate(world).await;
    let (fragments, db) = (fragments(), touchable::connect(world.db.clone()));
    number(&db, 0).await;
    let committed = AtomicI32::new(0);
    let done = AtomicBool::new(false);
    let writer = async {
        for n in 1..=60 {
            number(&db, n).await;
            committed.store(n, SeqCst);
        }
        done.store(true, SeqCst);
    };
    let reader = async || {
        let mut pages = 0;
        while !done.load(SeqCst) || pages == 0 {
            let before = committed.load(SeqCst);
            let page = page(&fragments, &db).await;
            let (left, right) = page.split_once(", ").expect("two tasks");
            assert_eq!(left, right, "of one snapshot");
            let shown: i32 = left.parse().expect("a number");
            assert!(shown >= before, "{shown} was shown after {before} was committed");
            pages += 1;
        }
    };
    tokio::join!(writer, reader(), reader(), reader());
    assert_eq!(page(&fragments, &db).await, "60, 60");
}

async fn number(db: &TouchConnection, n: i32) {
    let tx = db.begin().await.expect("a transaction");
    for id in [1, 2] {
        let mut task = outer::task::ActiveModel {
            id: sea_orm::Unchanged(id),
            ..Default::default()
        };
        task.title = Set(n.to_string());
        task.update(&tx).await.expect("a saved task");
    }
    sea_orm::TransactionSession::commit(tx).await.expect("a commit");
}

on_every_backend!(outer, 6:
    b17_control_children_read_before_the_version_poison_a_cache,
    b17_a_commit_while_it_renders_does_not_poison,
    b17_a_commit_before_its_snapshot_begins_it_anew,
    b17_no_record_no_fragment,
    b17_errors_store_nothing,
    b17_readers_and_writers,
);

/// A store that renames a task before it answers, so many times.
struct Overtaking {
    store: Memory,
    db: TouchConnection,
    overtakes: Arc<AtomicI32>,
}

impl Overtaking {
    fn new(db: TouchConnection) -> Self {
        Self {
            store: Memory::default(),
            db,
            overtakes: Arc::default(),
        }
    }
}

mod overtaking {
    use bytes::Bytes;
    use touchable::{
        Result,
        cache::store::{Store, Ttl},
    };

    use super::{Overtaking, SeqCst, rename};

    impl Store for Overtaking {
        const NAME: &'static str = "overtaking";

        async fn get(&self, key: &str) -> Result<Option<Bytes>> {
            let left = self.overtakes.load(SeqCst);
            if left > 0 {
                self.overtakes.store(left - 1, SeqCst);
                rename(&self.db, 1, &format!("overtaken {left}")).await;
            }
            self.store.get(key).await
        }

        async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Bytes>>> {
            self.store.get_many(keys).await
        }

        async fn set(&self, key: &str, value: Bytes, ttl: Option<Ttl>) -> Result<()> {
            self.store.set(key, value, ttl).await
        }

        async fn set_many(&self, entries: &[(&str, Bytes)], ttl: Option<Ttl>) -> Result<()> {
            self.store.set_many(entries, ttl).await
        }

        async fn delete(&self, key: &str) -> Result<bool> {
            self.store.delete(key).await
        }

        async fn delete_many(&self, keys: &[&str]) -> Result<u64> {
            self.store.delete_many(keys).await
        }

        async fn delete_prefix(&self, prefix: &str) -> Result<u64> {
            self.store.delete_prefix(prefix).await
        }

        async fn increment(&self, key: &str, by: i64, ttl: Option<Ttl>) -> Result<i64> {
            self.store.increment(key, by, ttl).await
        }

        async fn add(&self, key: &str, value: Bytes, ttl: Option<Ttl>) -> Result<bool> {
            self.store.add(key, value, ttl).await
        }
    }
}
