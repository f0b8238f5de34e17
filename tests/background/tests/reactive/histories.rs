//! The invariant of all schedules, after every step of a random history: a wanted key has either a due time, or a running claim
//! with an end. And one chain a key: computations never overlap.

use fastrand::Rng;
use tokio::{
    runtime::Runtime,
    time::{Instant, sleep, timeout},
};
use touchable::{
    reactive::{Pool, Reactive, ReactiveBuilder},
    schedule::Backoff,
};

use crate::{
    on_every_schedule,
    places::{Place, UNIT, eventually},
    script::{Answer, Service},
};

const KEYS: usize = 5;

fn key(number: usize) -> String {
    format!("k{number}")
}

/// A node that can die with everything it holds.
struct Node {
    reactive: Reactive<Service>,
    /// Of its own, where it can die.
    runtime: Option<Runtime>,
}

impl Node {
    async fn start(place: &Place, service: &Service) -> Self {
        let builder = settings(place.builder(service.clone()));
        if !place.is_shared() {
            return Self {
                reactive: place.start(builder).await.unwrap(),
                runtime: None,
            };
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (url, namespace) = (place.url(), place.namespace.clone());
        let starting = runtime.spawn(async move {
            let schedule = touchable::reactive::RedisSchedule::connect(&url)
                .await
                .unwrap()
                .namespace(&namespace);
            builder.schedule(schedule).start().unwrap()
        });
        Self {
            reactive: starting.await.unwrap(),
            runtime: Some(runtime),
        }
    }

    /// No task of it goes on, and nothing is given back.
    fn die(self) {
        if let Some(runtime) = self.runtime {
            runtime.shutdown_background();
        }
    }

    async fn stop(self) {
        self.reactive.shutdown().await;
        self.die();
    }
}

fn settings(builder: ReactiveBuilder<Service>) -> ReactiveBuilder<Service> {
    builder
        .refresh_interval(UNIT / 2)
        .lifetime(UNIT * 10)
        .compute_timeout(UNIT * 2)
        .claim_time(UNIT * 15)
        .backoff(Backoff::up_to(UNIT * 2))
        .pool(Pool::named("own").concurrency(3))
}

async fn assert_sound(node: &Reactive<Service>, step: &str) {
    for number in 0..KEYS {
        let Some(found) = node.inspect(&key(number)).await.unwrap() else {
            continue;
        };
        assert!(
            found.due_in.is_some() != found.claimed_for.is_some(),
            "after {step}: {found:?}"
        );
        // A pause, or a claim, is no longer than its settings say.
        let longest = UNIT * 15;
        let is_bounded = found
            .due_in
            .into_iter()
            .chain(found.claimed_for)
            .all(|time| time <= longest);
        assert!(is_bounded, "after {step}: {found:?}");
    }
}

fn any_answer(rng: &mut Rng) -> Answer {
    let answers = [
        Answer::Value(1),
        Answer::Fails("down"),
        Answer::Panics,
        Answer::Hangs,
        Answer::Gone,
        Answer::Unchanged,
        Answer::Slow(2, UNIT),
        Answer::AgainIn(3, UNIT),
    ];
    answers[rng.usize(..answers.len())].clone()
}

async fn begin(node: &Reactive<Service>, name: &String, way: u32) -> touchable::Result<()> {
    match way {
        0 => node.read(name).await.map(drop),
        1 => node.read_or_wait(name, UNIT * 20).await.map(drop),
        2 => node.expire(name).await.map(drop),
        3 => node.clear(name).await.map(drop),
        4 => node.clear_under(name).await.map(drop),
        _ => node.compute_now(name).await.map(drop),
    }
}

async fn every_wanted_key_has_a_place(place: &Place) {
    let seed =
        std::env::var("TOUCHABLE_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    eprintln!("TOUCHABLE_SEED={seed}");
    let mut rng = Rng::with_seed(seed);
    let service = Service::default();
    let count = if place.is_shared() { 3 } else { 1 };
    let mut nodes = Vec::new();
    for _ in 0..count {
        nodes.push(Node::start(place, &service).await);
    }
    let steps = if place.is_shared() { 400 } else { 3_000 };
    for _ in 0..steps {
        let which = rng.usize(..nodes.len());
        let node = nodes[which].reactive.clone();
        let name = key(rng.usize(..KEYS));
        let step = match rng.u32(0..24) {
            0..=9 => {
                let _ = node.read(&name).await.unwrap();
                "a read"
            }
            10 | 11 => {
                node.expire(&name).await.unwrap();
                "an expiry"
            }
            12 | 13 => {
                node.clear(&name).await.unwrap();
                "a clearing"
            }
            14 => {
                node.clear_under(&name).await.unwrap();
                "a clearing of all below"
            }
            15..=19 => {
                service.answer(&name, any_answer(&mut rng));
                "another answer"
            }
            20 if place.is_shared() => {
                let next = Node::start(place, &service).await;
                let gone = std::mem::replace(&mut nodes[which], next);
                if rng.bool() {
                    gone.die();
                    "a death"
                } else {
                    gone.stop().await;
                    "a stop"
                }
            }
            21 | 22 => {
                // Who asks may go away at any moment.
                let (way, time) = (rng.u32(0..6), UNIT * rng.u32(0..10) / 100);
                let _ = timeout(time, begin(&node, &name, way)).await;
                "something dropped"
            }
            _ => {
                sleep(UNIT * rng.u32(0..20) / 20).await;
                "a while"
            }
        };
        assert_sound(&nodes[0].reactive, step).await;
    }
    assert_eq!(service.overlaps(), 0, "computations of one key overlap");
    // And then all is well again, whatever has happened.
    for number in 0..KEYS {
        service.answer(&key(number), Answer::Value(77));
    }
    for number in 0..KEYS {
        eventually("its value", async || {
            let reading = nodes[0].reactive.read(&key(number)).await.unwrap();
            (reading.is_fresh() && reading.into_value().unwrap().0 == 77).then_some(())
        })
        .await;
    }
    // One chain a key: from the end of one computation to the start of the next it is nine tenths of the interval at least.
    let asked = || {
        (0..KEYS)
            .map(|number| service.asked(&key(number)))
            .collect::<Vec<_>>()
    };
    let (before, since) = (asked(), Instant::now());
    for _ in 0..20 {
        for number in 0..KEYS {
            let _ = nodes[0].reactive.read(&key(number)).await.unwrap();
        }
        sleep(UNIT / 2).await;
    }
    let most = since.elapsed().as_millis() / (UNIT / 2 * 9 / 10).as_millis() + 2;
    for (before, after) in before.iter().zip(asked()) {
        let more = after - before;
        assert!(more as u128 <= most, "{more} computations, {most} of one chain");
    }
    for node in nodes {
        node.stop().await;
    }
}

on_every_schedule!(every_wanted_key_has_a_place);
