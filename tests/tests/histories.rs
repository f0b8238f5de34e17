//! What readers with a cache see while others write: never content that is older than its key.
//!
//! The cache is a fragment cache: what a task shows (its title and its event's name) is kept under its id and its
//! `updated_at`, and served for as long as the row has that stamp.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering::SeqCst},
    },
    time::Duration,
};

use fastrand::Rng;
use futures_util::future::join_all;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbErr, FromQueryResult, IsolationLevel, NotSet, Set, Statement,
    TransactionSession, TransactionTrait, Unchanged,
};
use touchable::{TouchConnection, connect};
use touchable_tests::{
    Backend, World,
    entities::board::{self, event, task},
    on_every_backend, on_every_server, run,
};

/// A task, and the name of its event, as one statement sees them.
#[derive(Clone, Debug, FromQueryResult)]
struct Shown {
    id: i32,
    updated_at: chrono::DateTime<chrono::Utc>,
    title: String,
    name: Option<String>,
}

impl Shown {
    fn key(&self) -> (i32, i64) {
        (self.id, self.updated_at.timestamp_micros())
    }

    /// The event, counted from 0, and how often it had been renamed.
    fn renamed(&self) -> (usize, i64) {
        renamed(self.name.as_deref().expect("a task of an event"))
    }

    fn content(&self) -> String {
        format!("{} of {}", self.title, self.name.as_deref().unwrap_or("nothing"))
    }
}

fn renamed(name: &str) -> (usize, i64) {
    let (event, number) = name.split_once('#').expect("a name with a number");
    (event.parse::<usize>().unwrap() - 1, number.parse().unwrap())
}

async fn read(db: &impl ConnectionTrait) -> Vec<Shown> {
    let sql =
        "SELECT t.id, t.updated_at, t.title, e.name FROM tasks t LEFT JOIN events e ON e.id = t.event_id";
    let statement = Statement::from_string(db.get_database_backend(), sql);
    Shown::find_by_statement(statement).all(db).await.expect("tasks")
}

/// Fragments by id and stamp.
#[derive(Debug, Default)]
struct Cache(Mutex<HashMap<(i32, i64), String>>);

impl Cache {
    /// Serves what is kept for this row, or keeps what it shows.
    fn serve(&self, row: &Shown) -> String {
        let mut fragments = self.0.lock().unwrap();
        fragments
            .entry(row.key())
            .or_insert_with(|| row.content())
            .clone()
    }

    /// Reads all tasks and serves them. Every fragment must be what its row shows.
    #[track_caller]
    fn check(&self, rows: &[Shown]) {
        for row in rows {
            assert_eq!(self.serve(row), row.content(), "the fragment of {row:?} is stale");
        }
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

async fn rename(db: &impl ConnectionTrait, id: i32, name: &str) {
    let event = event::ActiveModel {
        id: Unchanged(id),
        name: Set(name.to_owned()),
        ..Default::default()
    };
    event.update(db).await.unwrap();
}

fn new_task(id: i32, event: i32) -> task::ActiveModel {
    task::ActiveModel {
        updated_at: NotSet,
        ..task(id, Some(event), None)
    }
}

/// Inserts a task, or moves task 4 here from event 2.
async fn arrive(db: &impl ConnectionTrait, moved: bool) -> Result<task::Model, DbErr> {
    if moved {
        let task = task::ActiveModel {
            id: Unchanged(4),
            event_id: Set(Some(1)),
            ..Default::default()
        };
        task.update(db).await
    } else {
        new_task(50, 1).insert(db).await
    }
}

/// What a race is run with.
#[derive(Clone, Copy, Debug)]
struct Race {
    /// The writer's transaction is ours, or a plain one.
    touching: bool,
    /// It moves a task to the event, or inserts one.
    moved: bool,
}

const RACES: [Race; 4] = [
    Race {
        touching: true,
        moved: false,
    },
    Race {
        touching: true,
        moved: true,
    },
    Race {
        touching: false,
        moved: false,
    },
    Race {
        touching: false,
        moved: true,
    },
];

/// A task comes to the event in a transaction that is open; the event is renamed meanwhile, and waits for it. Whoever
/// opened the transaction has rendered the task under its old event's name.
async fn b26_a_task_that_comes_while_its_event_is_renamed(world: &World) {
    for race in RACES {
        reset(world).await;
        let db = connect(world.db.clone());
        let cache = Cache::default();
        let renaming = rename(&db, 1, "renamed");
        if race.touching {
            let transaction = db.begin().await.unwrap();
            come_and_commit(world, transaction, race, &cache, renaming).await;
        } else {
            let transaction = world.db.begin().await.unwrap();
            come_and_commit(world, transaction, race, &cache, renaming).await;
        }
        println!("{race:?}");
        let rows = read(&world.db).await;
        assert!(rows.iter().any(|row| row.content().ends_with("of renamed")));
        cache.check(&rows);
    }
}

/// The task is there, then the renaming begins and waits, then the task's transaction commits.
async fn come_and_commit<T: ConnectionTrait + TransactionSession>(
    world: &World,
    transaction: T,
    race: Race,
    cache: &Cache,
    renaming: impl Future<Output = ()>,
) {
    arrive(&transaction, race.moved).await.unwrap();
    cache.check(&read(&transaction).await);
    let committing = async {
        world.somebody_waits().await;
        transaction.commit().await.unwrap();
    };
    tokio::join!(committing, renaming);
}

/// The same, where the rename is part of a transaction.
async fn b27_a_task_that_comes_while_its_event_is_renamed_in_a_transaction(world: &World) {
    renamed_in_a_transaction(world, None).await;
}

/// At an isolation level where a transaction sees what was there when it began. `InnoDB`'s writes look at what is there now
/// all the same; of PostgreSQL's it is not promised.
#[test]
fn b27_a_task_that_comes_while_its_event_is_renamed_at_repeatable_read() {
    run(Backend::MariaDb, board::tables(), 6, &at_repeatable_read);
}

async fn at_repeatable_read(world: &World) {
    renamed_in_a_transaction(world, Some(IsolationLevel::RepeatableRead)).await;
}

async fn renamed_in_a_transaction(world: &World, isolation: Option<IsolationLevel>) {
    for race in RACES {
        reset(world).await;
        let db = connect(world.db.clone());
        let cache = Cache::default();
        let renaming = async {
            // A victim of a serialization failure has changed nothing, and begins again.
            for _ in 0..3 {
                let transaction = db.begin_with_config(isolation, None).await.unwrap();
                let event = event::ActiveModel {
                    id: Unchanged(1),
                    name: Set("renamed".to_owned()),
                    ..Default::default()
                };
                if event.update(&transaction).await.is_ok() && transaction.commit().await.is_ok() {
                    return;
                }
            }
            panic!("the event could not be renamed");
        };
        if race.touching {
            let transaction = db.begin().await.unwrap();
            come_and_commit(world, transaction, race, &cache, renaming).await;
        } else {
            let transaction = world.db.begin().await.unwrap();
            come_and_commit(world, transaction, race, &cache, renaming).await;
        }
        println!("{race:?}");
        cache.check(&read(&world.db).await);
    }
}

/// The other order: the event is renamed in a transaction that is open, the task waits for it.
async fn b27_a_task_that_waits_for_its_event_to_be_renamed(world: &World) {
    for race in RACES {
        reset(world).await;
        let db = connect(world.db.clone());
        let cache = Cache::default();
        let transaction = db.begin().await.unwrap();
        rename(&transaction, 1, "renamed").await;
        cache.check(&read(&world.db).await);
        let coming = async {
            if race.touching {
                come(&db, race.moved, &cache).await;
            } else {
                come(&world.db, race.moved, &cache).await;
            }
        };
        let committing = async {
            world.somebody_waits().await;
            if transaction.commit().await.is_err() {
                // InnoDB can choose this side of the deadlock, too.
                let again = db.begin().await.unwrap();
                rename(&again, 1, "renamed").await;
                again.commit().await.unwrap();
            }
        };
        tokio::join!(coming, committing);
        println!("{race:?}");
        cache.check(&read(&world.db).await);
    }
}

/// Comes, again when it was a deadlock's victim: `InnoDB` locks the new row before it waits for the event, and whoever
/// touches the event's tasks then waits for the new row.
async fn come<C: TransactionTrait>(db: &C, moved: bool, cache: &Cache) {
    for _ in 0..5 {
        let transaction = db.begin().await.unwrap();
        if arrive(&transaction, moved).await.is_err() {
            transaction.rollback().await.unwrap();
            continue;
        }
        cache.check(&read(&transaction).await);
        transaction.commit().await.unwrap();
        return;
    }
    panic!("always a deadlock's victim");
}

on_every_server!(board, 6:
    b26_a_task_that_comes_while_its_event_is_renamed,
    b27_a_task_that_comes_while_its_event_is_renamed_in_a_transaction,
    b27_a_task_that_waits_for_its_event_to_be_renamed,
);

async fn reset(world: &World) {
    for table in ["tasks", "participants", "users", "events"] {
        let sql = format!("DELETE FROM {table}");
        world.db.execute_unprepared(&sql).await.unwrap();
    }
    board::populate(world).await;
}

/// How many writes each writer does.
const WRITES: usize = 80;

/// How many events there are, each renamed by one writer only, so that a greater number in its name is a later one.
const EVENTS: i32 = 4;

/// What has been committed, by event: the number in its name.
type Committed = [AtomicI64; EVENTS as usize];

fn seed() -> u64 {
    let seed = match std::env::var("TOUCHABLE_SEED") {
        Ok(seed) => seed.parse().expect("TOUCHABLE_SEED is a number"),
        Err(_) => fastrand::u64(..),
    };
    eprintln!("seed {seed}");
    seed
}

/// Whoever begins to read after a commit has returned is never served what was there before it.
async fn b26_readers_are_never_served_what_is_older_than_a_commit(world: &World) {
    history(world, false, Strictness::AfterCommits).await;
}

/// More than that: no key ever stands for two contents, not even between a save's beginning and its end.
async fn b26_a_key_never_has_two_contents(world: &World) {
    history(world, false, Strictness::Always).await;
}

/// The same with writers that use transactions of several saves.
async fn b27_a_key_never_has_two_contents(world: &World) {
    history(world, true, Strictness::Always).await;
}

/// When a fragment must be what its row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strictness {
    /// When the reader has begun after the commit of what the row shows, and at the end.
    AfterCommits,
    /// Always.
    Always,
}

async fn history(world: &World, in_transactions: bool, strictness: Strictness) {
    world
        .seed((1..=EVENTS).map(|id| event::ActiveModel {
            name: Set(format!("{id}#0")),
            ..event(id)
        }))
        .await;
    world
        .seed((1..=12).map(|id| task(id, Some(1 + id % EVENTS), None)))
        .await;
    let db = connect(world.db.clone());
    let cache = Cache::default();
    let committed = Committed::default();
    let over = AtomicBool::new(false);
    let mut seeds = Rng::with_seed(seed());
    let writers = (1..=EVENTS).map(|event| {
        let writer = Writer {
            db: &db,
            event,
            in_transactions,
            cache: &cache,
            committed: &committed,
        };
        writer.write(Rng::with_seed(seeds.u64(..)))
    });
    let writing = async {
        join_all(writers).await;
        over.store(true, SeqCst);
    };
    let reading = async || {
        let mut reads = 0;
        while !over.load(SeqCst) {
            let floor = committed.each_ref().map(|number| number.load(SeqCst));
            let rows = read(&world.db).await;
            if strictness == Strictness::Always {
                cache.check(&rows);
            }
            for row in &rows {
                let fragment = cache.serve(row);
                // Another event's name is another matter: the row's own change moves its key.
                let (event, _) = row.renamed();
                let (shown, number) = renamed(fragment.rsplit_once(' ').map_or("", |(_, name)| name));
                assert!(
                    shown == event && number >= floor[event],
                    "{row:?} was served as {fragment:?} after {floor:?}"
                );
            }
            reads += 1;
        }
        reads
    };
    let (one, other, ()) = tokio::join!(reading(), reading(), writing);
    eprintln!("{} reads, {} fragments", one + other, cache.len());
    assert!(one > 10 && other > 10, "readers that never read");
    cache.check(&read(&world.db).await);
}

/// Renames its own event, and inserts, moves and deletes tasks of any.
struct Writer<'a> {
    db: &'a TouchConnection,
    event: i32,
    in_transactions: bool,
    cache: &'a Cache,
    committed: &'a Committed,
}

impl Writer<'_> {
    async fn write(self, mut rng: Rng) {
        for n in 1..=WRITES {
            let number = i64::try_from(n).unwrap();
            let name = format!("{}#{number}", self.event);
            let renames = rng.bool();
            let other = rng.i32(1..=EVENTS);
            let new = 1_000 * self.event + i32::try_from(n).unwrap();
            let old = rng.i32(1..=12);
            let what = rng.u8(..3);
            if self.in_transactions {
                self.together(renames.then_some(&*name), what, new, old, other)
                    .await;
            } else if renames {
                rename(self.db, self.event, &name).await;
            } else {
                // A deadlock's victim has changed nothing.
                let _ = change(self.db, what, new, old, other).await;
            }
            if renames {
                self.committed[usize::try_from(self.event - 1).unwrap()].fetch_max(number, SeqCst);
            }
        }
    }

    /// All or nothing, again and again until it is done: with two writers that lock in different orders one may be
    /// a deadlock's victim.
    async fn together(&self, name: Option<&str>, what: u8, new: i32, old: i32, other: i32) {
        let mut refused = None;
        for attempt in 0..50 {
            // Two that repeat at once meet again and again: as after any deadlock one has to pause, for a random while.
            tokio::time::sleep(Duration::from_millis(fastrand::u64(0..=attempt))).await;
            let transaction = self.db.begin().await.unwrap();
            let done = async {
                change(&transaction, what, new, old, other).await?;
                if let Some(name) = name {
                    let event = event::ActiveModel {
                        id: Unchanged(self.event),
                        name: Set(name.to_owned()),
                        ..Default::default()
                    };
                    event.update(&transaction).await?;
                }
                // Rendered before the commit, kept after it.
                Ok::<_, DbErr>(
                    read(&transaction)
                        .await
                        .into_iter()
                        .filter(|row| row.id == new)
                        .collect::<Vec<_>>(),
                )
            };
            match done.await {
                Ok(rendered) => {
                    if transaction.commit().await.is_ok() {
                        for row in &rendered {
                            self.cache.serve(row);
                        }
                        return;
                    }
                }
                Err(error) => {
                    refused = Some(error);
                    transaction.rollback().await.unwrap();
                }
            }
        }
        panic!("always a deadlock's victim: {refused:?}");
    }
}

async fn change(db: &impl ConnectionTrait, what: u8, new: i32, old: i32, event: i32) -> Result<(), DbErr> {
    match what {
        0 => {
            new_task(new, event).insert(db).await?;
        }
        1 => {
            let task = task::ActiveModel {
                id: Unchanged(old),
                event_id: Set(Some(event)),
                ..Default::default()
            };
            task.update(db).await?;
        }
        _ => {
            let task = task::ActiveModel {
                id: Unchanged(old),
                title: Set(format!("title {new}")),
                ..Default::default()
            };
            task.update(db).await?;
        }
    }
    Ok(())
}

on_every_backend!(board, 8:
    b26_readers_are_never_served_what_is_older_than_a_commit,
    b26_a_key_never_has_two_contents,
    b27_a_key_never_has_two_contents,
);
