//! A miss, beside its loader alone: one query by primary key in SQLite's memory.

use std::{cell::Cell, hint::black_box};

use futures_util::FutureExt;
use sea_orm::{DatabaseConnection, DbErr, EntityTrait};
use touchable::cache::{Cache, Options, store::Memory};
use touchable_benches::{Arguments, Goal, Lane, Race, Ratio, entities::ours::event};

pub async fn race(arguments: &Arguments) -> Vec<Ratio> {
    let name = "cache/memory/miss";
    if !arguments.wants(name) {
        return Vec::new();
    }
    let db = Lane::Sqlite.prepare(1).await;
    let cache = Cache::new(Memory::default()).expect("a cache");
    let options = Options::new();
    let n = Cell::new(0_u64);
    let ours = |_| {
        async {
            n.set(n.get() + 1);
            let db = db.clone();
            let key = ("name", n.get());
            let name = cache.fetch(&key, &options, async move || load(&db).await);
            black_box(name.await.expect("a name"));
        }
        .boxed_local()
    };
    let loader = |_| {
        async {
            black_box(load(&db).await.expect("a name"));
        }
        .boxed_local()
    };
    Race::of(name, ours)
        .against("loader", Goal::AtMost(1.2), loader)
        .run(arguments.patience())
        .await
}

async fn load(db: &DatabaseConnection) -> Result<String, DbErr> {
    let event = event::Entity::find_by_id(1).one(db).await?;
    event.map(|event| event.name).ok_or(DbErr::RecordNotUpdated)
}
