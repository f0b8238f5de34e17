//! The memory of one node, when another changes what it holds.

use std::time::Duration;

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use sea_orm::{ActiveModelTrait, EntityTrait, TryIntoModel};
use touchable::{
    Task, Touchable,
    cache::{
        Cache, CacheKey, FragmentCache, Versioned,
        key::Namespace,
        store::{Memory, NEAR_EVICTIONS, Redis, Store, Tiered, Ttl},
    },
    feed::{Change, Id, Stream},
};
use touchable_tests::{
    World as Database, at,
    entities::{board, names, tags},
    on_every_backend, redis_url,
};

use crate::world::{World, changes, on_both, until};

/// One of several processes over one Redis.
pub struct Node {
    near: Memory,
    pub store: Tiered<Memory, Redis>,
    space: Namespace,
}

impl Node {
    pub async fn on(world: &World) -> Self {
        let redis = Redis::builder(&world.url)
            .response_timeout(Duration::from_secs(20))
            .connect()
            .await
            .unwrap();
        let near = Memory::new();
        // Nothing goes by itself.
        let near_ttl = Ttl::try_from(Duration::from_hours(1)).unwrap();
        Self {
            store: Tiered::new(near.clone(), redis).near_ttl(near_ttl),
            near,
            space: Namespace::new(&world.namespace).unwrap(),
        }
    }

    pub fn key(&self, key: &(impl CacheKey + ?Sized)) -> String {
        self.space.key(key).unwrap()
    }

    /// Puts a copy of each into the memory, from the store that is shared.
    pub async fn hold(&self, keys: &[String]) {
        let entries: Vec<_> = keys.iter().map(|key| (key.as_str(), "1".into())).collect();
        self.store.set_many(&entries, None).await.unwrap();
        for key in keys {
            assert!(self.holds(key).await, "{key}");
        }
    }

    async fn holds(&self, key: &str) -> bool {
        self.near.get(key).await.unwrap().is_some()
    }

    /// Those of these keys that are still in the memory, once `gone` is not.
    pub async fn left_without<'a>(&self, gone: &str, keys: &'a [String]) -> Vec<&'a str> {
        until("its copy does not go", async || !self.holds(gone).await).await;
        let mut left = Vec::new();
        for key in keys {
            if self.holds(key).await {
                left.push(key.as_str());
            }
        }
        left
    }
}

fn task(id: i32) -> board::task::Model {
    board::task(id, None, None).try_into_model().unwrap()
}

async fn follow(node: &Node, stream: &Stream) -> Task {
    node.store.follow::<board::task::Entity>(stream).await.unwrap()
}

async fn b14_a_change_on_one_node_drops_the_copy_of_the_other(world: World) {
    let users = world.users().await;
    let (here, there) = (Node::on(&world).await, Node::on(&world).await);
    let key = here.key(&"tasks/5");
    there.hold(std::slice::from_ref(&key)).await;
    here.hold(std::slice::from_ref(&key)).await;
    let _followers = [follow(&here, &users).await, follow(&there, &users).await];
    for version in 1..20 {
        let content = version.to_string();
        assert!(there.store.get(&key).await.unwrap().is_some());
        users
            .producer()
            .bulk(&[Change::of(5)], async || {
                here.store.set(&key, content.clone().into(), None).await
            })
            .await
            .unwrap();
        until("the other node shows old content", async || {
            there.store.get(&key).await.unwrap() == Some(content.clone().into())
        })
        .await;
    }
}

async fn b14_every_key_that_names_the_record_goes_and_no_other(world: World) {
    let tasks = world.users().await;
    let node = Node::on(&world).await;
    let _follower = follow(&node, &tasks).await;
    let (five, other) = (task(5), task(51));
    let named = [
        node.key(&five),
        node.key(&("card", &five)),
        node.key(&((&other, Some(&five)), "card")),
        node.key(&[("a", vec![&other, &five])]),
        node.key(&five.cache_key().unwrap()),
        node.key(&("search", "words ".repeat(80), 1)),
        "tasks/5".to_owned(),
    ];
    let others = [
        node.key(&other),
        node.key(&("card", &other)),
        node.key(&"other/5"),
        node.key(&"tasks/5 "),
        node.key(&("tasks/55", "tasks", 5)),
        node.key(&"(tasks/5)"),
        node.key(&board::user(5).try_into_model().unwrap()),
    ];
    node.hold(&[named.as_slice(), &others].concat()).await;
    tasks.producer().queue(&Change::of(5)).await.unwrap();
    for key in &named {
        assert_eq!(node.left_without(key, &others).await, others, "{key}");
    }
    // What has gone comes back from the shared store.
    assert!(node.store.get(&named[0]).await.unwrap().is_some());
}

async fn b14_fragments_of_the_record_go(world: World) {
    let tasks = world.users().await;
    let node = Node::on(&world).await;
    let cache = Cache::builder(node.store.clone()).namespace(&world.namespace);
    let fragments = FragmentCache::new(cache.build().unwrap());
    let _follower = follow(&node, &tasks).await;
    let (five, six) = (task(5), task(6));
    for task in [&five, &six] {
        fragments.fetch(task, "card", async || "a card").await.unwrap();
    }
    fragments
        .fetch((&six, &five), "pair", async || "both")
        .await
        .unwrap();
    let (card, pair) = (node.key(&(&five, "card")), node.key(&((&six, &five), "pair")));
    let other = [node.key(&(&six, "card"))];
    for key in [&card, &pair, &other[0]] {
        assert!(node.holds(key).await, "{key}");
    }
    tasks.producer().queue(&Change::of(5)).await.unwrap();
    for key in [&card, &pair] {
        assert_eq!(node.left_without(key, &other).await, other);
    }
}

async fn b14_what_was_held_before_is_not_trusted(world: World) {
    let tasks = world.users().await;
    let node = Node::on(&world).await;
    let key = node.key(&task(5));
    node.hold(std::slice::from_ref(&key)).await;
    let _follower = follow(&node, &tasks).await;
    assert!(!node.holds(&key).await);
}

async fn b14_many_messages_and_the_same_again(world: World) {
    let tasks = world.users().await;
    let node = Node::on(&world).await;
    let keys: Vec<String> = (0..3_000).map(|id| node.key(&task(id))).collect();
    let _follower = follow(&node, &tasks).await;
    node.hold(&keys).await;
    for _ in 0..3 {
        tasks.producer().queue_all(&changes(0..2_999)).await.unwrap();
    }
    for key in &keys[..2_999] {
        until("its copy does not go", async || !node.holds(key).await).await;
    }
    assert!(node.holds(&keys[2_999]).await);
}

async fn b13_after_a_gap_nothing_is_left(world: World) {
    let tasks = world.users().await;
    let node = Node::on(&world).await;
    let _follower = follow(&node, &tasks).await;
    let key = node.key(&task(7));
    node.hold(std::slice::from_ref(&key)).await;
    let mut lose = redis::cmd("DEL");
    lose.arg(world.key("queue")).arg(world.key("born"));
    let () = world.ask(&lose).await;
    until("the copy outlives the gap", async || !node.holds(&key).await).await;
    node.hold(std::slice::from_ref(&key)).await;
    tasks.producer().queue(&Change::of(7)).await.unwrap();
    until("nothing goes after the gap", async || !node.holds(&key).await).await;
}

async fn b13_after_a_message_that_cannot_be_read_nothing_is_left(world: World) {
    let tasks = world.users().await;
    let node = Node::on(&world).await;
    let _follower = follow(&node, &tasks).await;
    let key = node.key(&task(7));
    for payload in ["nonsense", r#"{"id":"7"}"#, r#"{"id":[7,1]}"#] {
        node.hold(std::slice::from_ref(&key)).await;
        world.add("queue", "*", &[("payload", payload)]).await;
        until("the copy outlives the message", async || !node.holds(&key).await).await;
    }
}

async fn b14_who_has_stopped_drops_nothing(world: World) {
    let tasks = world.users().await;
    let [stopped, dropped, at_work] = [
        Node::on(&world).await,
        Node::on(&world).await,
        Node::on(&world).await,
    ];
    follow(&stopped, &tasks).await.shutdown().await;
    drop(follow(&dropped, &tasks).await);
    let _follower = follow(&at_work, &tasks).await;
    let key = at_work.key(&task(5));
    for node in [&stopped, &dropped, &at_work] {
        node.hold(std::slice::from_ref(&key)).await;
    }
    tasks.producer().queue(&Change::of(5)).await.unwrap();
    until("the message does not arrive", async || !at_work.holds(&key).await).await;
    assert!(stopped.holds(&key).await && dropped.holds(&key).await);
}

on_both!(
    b13_after_a_gap_nothing_is_left,
    b13_after_a_message_that_cannot_be_read_nothing_is_left,
    b14_a_change_on_one_node_drops_the_copy_of_the_other,
    b14_every_key_that_names_the_record_goes_and_no_other,
    b14_fragments_of_the_record_go,
    b14_many_messages_and_the_same_again,
    b14_what_was_held_before_is_not_trusted,
    b14_who_has_stopped_drops_nothing,
);

#[tokio::test]
async fn b15_evictions_are_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _local = metrics::set_default_local_recorder(&recorder);
    let world = World::on(redis_url()).await;
    let tasks = world.users().await;
    let node = Node::on(&world).await;
    let follower = follow(&node, &tasks).await;
    let keys = [
        node.key(&task(5)),
        node.key(&("card", task(5))),
        node.key(&task(6)),
    ];
    node.hold(&keys).await;
    tasks.producer().queue(&Change::of(5)).await.unwrap();
    assert_eq!(node.left_without(&keys[0], &keys[2..]).await, keys[2..]);
    // Counted when the pass is over, which the task ends with.
    follower.shutdown().await;
    let counted: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .filter(|(key, ..)| key.key().name() == NEAR_EVICTIONS)
        .map(|(key, _, _, value)| {
            (
                key.key().labels().next().map(|label| label.value().to_owned()),
                value,
            )
        })
        .collect();
    assert_eq!(counted, [(Some("users".to_owned()), DebugValue::Counter(2))]);
}

/// Its copy goes and no other, when its id is told.
async fn expect_evicted<E: Touchable>(record: &impl Versioned, id: impl Into<Id>) {
    let world = World::on(redis_url()).await;
    let stream = world.users().await;
    let node = Node::on(&world).await;
    let _follower = node.store.follow::<E>(&stream).await.unwrap();
    let (key, other) = (node.key(&record), [node.key(&"others/1")]);
    node.hold(&[key.clone(), other[0].clone()]).await;
    stream.producer().queue(&Change::of(id)).await.unwrap();
    assert_eq!(node.left_without(&key, &other).await, other, "{key}");
}

async fn one<E: EntityTrait>(database: &Database) -> E::Model {
    E::find().one(&database.db).await.unwrap().unwrap()
}

async fn b14_ids_of_every_kind_find_their_record(database: &Database) {
    names::populate(database).await;
    database.seed([names::label("ä %", "O'Neil@{x}")]).await;
    for label in names::label::Entity::find().all(&database.db).await.unwrap() {
        let id = (label.scope.clone(), label.name.clone());
        expect_evicted::<names::label::Entity>(&label, id).await;
    }
    let token = one::<names::token::Entity>(database).await;
    expect_evicted::<names::token::Entity>(&token, token.id.to_string()).await;
    let shouted = token.id.simple().to_string().to_uppercase();
    expect_evicted::<names::token::Entity>(&token, shouted).await;
}

/// Their keys are not told by an id: everything goes.
async fn b14_other_ids_find_all_records(database: &Database) {
    names::populate(database).await;
    let blob = one::<names::blob::Entity>(database).await;
    let hour = one::<names::hour::Entity>(database).await;
    expect_all_evicted::<names::blob::Entity>(&blob, "00ff3b3a").await;
    expect_all_evicted::<names::hour::Entity>(&hour, at(4).to_rfc3339()).await;
}

async fn expect_all_evicted<E: Touchable>(record: &impl Versioned, id: impl Into<Id>) {
    let world = World::on(redis_url()).await;
    let stream = world.users().await;
    let node = Node::on(&world).await;
    let _follower = node.store.follow::<E>(&stream).await.unwrap();
    let keys = [node.key(&record), node.key(&"others/1")];
    node.hold(&keys).await;
    stream.producer().queue(&Change::of(id)).await.unwrap();
    for key in &keys {
        until("its copy does not go", async || !node.holds(key).await).await;
    }
}

on_every_backend!(names: b14_ids_of_every_kind_find_their_record, b14_other_ids_find_all_records);

async fn b14_numbers_find_their_record(database: &Database) {
    tags::populate(database).await;
    let post = database.model::<tags::post::Entity>(2).await;
    expect_evicted::<tags::post::Entity>(&post, 2).await;
    let link = tags::post_tag(4, 3).insert(&database.db).await.unwrap();
    expect_evicted::<tags::post_tag::Entity>(&link, (4, 3)).await;
}

on_every_backend!(tags: b14_numbers_find_their_record);
