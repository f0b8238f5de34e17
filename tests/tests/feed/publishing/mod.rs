//! Entities that publish themselves: exactly the rows that move are told, before the commit and after it.

mod bulk;
mod evicting;
mod refusals;
mod saves;
mod touches;
mod transactions;

use std::collections::BTreeMap;

use redis::cmd;
use sea_orm::{Set, Unchanged};
use touchable::{
    TouchConnection, connect,
    feed::{Producer, Stream},
};
use touchable_tests::{
    World as Database,
    entities::published::{self, token},
    redis_url,
};

use crate::world::World;

/// The streams of [`published`].
const STREAMS: [&str; 4] = ["nodes", "people", "teams", "tokens"];

/// A database with published entities, and the feed they are published on.
struct Scene<'a> {
    database: &'a Database,
    world: World,
    streams: Vec<Stream>,
    db: TouchConnection,
}

impl<'a> Scene<'a> {
    async fn set(database: &'a Database) -> Self {
        Self::on(database, redis_url(), Producer::clone).await
    }

    /// With producers that are made of the streams' own.
    async fn on(database: &'a Database, url: String, make: impl Fn(&Producer) -> Producer) -> Self {
        published::populate(database).await;
        let world = World::on(url).await;
        let mut streams = Vec::new();
        let mut db = connect(database.db.clone());
        for name in STREAMS {
            let stream = world.feed.stream(name).open().await.unwrap();
            db = db.publish(&make(&stream.producer()));
            streams.push(stream);
        }
        Self {
            database,
            world,
            streams,
            db,
        }
    }

    /// What a kind of streams holds: the stream's name before each payload.
    async fn told(&self, kind: &str) -> Vec<String> {
        let mut told = Vec::new();
        for stream in &self.streams {
            let key = format!("{}:{{{}}}:{kind}", self.world.namespace, stream.name());
            let entries: Vec<(String, BTreeMap<String, String>)> =
                self.world.ask(cmd("XRANGE").arg(key).arg("-").arg("+")).await;
            told.extend(
                entries
                    .iter()
                    .map(|(_, fields)| format!("{} {}", stream.name(), fields["payload"])),
            );
        }
        told.sort();
        told
    }

    /// Runs the future and asserts that exactly these rows have moved, and that those of published entities among them
    /// were announced and told, each once.
    #[track_caller]
    fn expect<T>(&self, moved: &[&str], action: impl Future<Output = T>) -> impl Future<Output = T> {
        let caller = std::panic::Location::caller();
        let told = messages(moved);
        let moving = self.database.expect_moved(moved, action);
        async move {
            let before = [self.told("delay").await, self.told("queue").await];
            let output = moving.await;
            for (kind, before) in ["delay", "queue"].into_iter().zip(before) {
                assert_eq!(
                    without(self.told(kind).await, &before),
                    told,
                    "{caller}: the {kind} messages"
                );
            }
            output
        }
    }
}

/// The messages about the rows that have moved, each once.
fn messages(moved: &[&str]) -> Vec<String> {
    let mut told: Vec<String> = moved.iter().filter_map(|row| message(row)).collect();
    told.sort();
    told.dedup();
    told
}

/// What is told of a row such as `+teams 1` or `members 1/2.points_seen`.
fn message(moved: &str) -> Option<String> {
    let (table, key) = moved.trim_start_matches(['+', '-']).split_once(' ')?;
    let key = key.split_once('.').map_or(key, |(key, _)| key);
    let parts: Vec<String> = key
        .split('/')
        .map(|part| match part.parse::<i64>() {
            Ok(number) => number.to_string(),
            // Uuids are written as SQL writes them.
            Err(_) if table == "nodes" => format!("\"{}\"", part.trim_matches('\'')),
            Err(_) => format!("\"{part}\""),
        })
        .collect();
    let id = match parts.as_slice() {
        [only] => only.clone(),
        parts => format!("[{}]", parts.join(",")),
    };
    match table {
        "teams" | "nodes" | "tokens" => Some(format!("{table} {{\"id\":{id}}}")),
        "members" | "badges" => Some(format!("people {{\"id\":{id},\"table\":\"{table}\"}}")),
        _ => None,
    }
}

/// What is left of a list without another.
fn without(mut all: Vec<String>, some: &[String]) -> Vec<String> {
    for one in some {
        if let Some(at) = all.iter().position(|other| other == one) {
            all.remove(at);
        }
    }
    all
}

/// What a node is called in the list of what has moved.
fn node(sign: &str, id: u128) -> String {
    format!("{sign}nodes '{}'", published::node_id(id))
}

fn labelled(id: i64, label: &str) -> token::ActiveModel {
    token::ActiveModel {
        id: Unchanged(id),
        label: Set(label.to_owned()),
        ..Default::default()
    }
}
