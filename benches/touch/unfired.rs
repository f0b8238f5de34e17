//! An update of a column that nobody watches.

use futures_util::FutureExt;
use sea_orm::{ActiveModelTrait, ConnectionTrait, IntoActiveModel, Set, prelude::ChronoUtc};
use touchable_benches::{
    Arguments, Goal, Lane, Race, Ratio,
    entities::{ours, plain},
};

pub async fn race(lane: Lane, arguments: &Arguments) -> Vec<Ratio> {
    let mut ratios = Vec::new();
    let name = |on: &str| format!("touch/{}/unfired-{on}", lane.name());
    if arguments.wants(&name("connected")) {
        let db = lane.prepare(10).await;
        let connected = touchable::connect(db.clone());
        let race = Race::of(name("connected"), |n| move_ours(&connected, n).boxed()).against(
            "plain",
            Goal::AtMost(1.03),
            |n| move_plain(&db, n).boxed(),
        );
        ratios.extend(race.run(arguments.patience()).await);
        lane.clear(db.clone()).await;
    }
    if arguments.wants(&name("unconnected")) {
        let db = lane.prepare(10).await;
        let race = Race::of(name("unconnected"), |n| move_ours(&db, n).boxed()).against(
            "plain",
            Goal::AtMost(1.03),
            |n| move_plain(&db, n).boxed(),
        );
        ratios.extend(race.run(arguments.patience()).await);
        lane.clear(db.clone()).await;
    }
    ratios
}

async fn move_ours(db: &impl ConnectionTrait, n: u64) {
    let mut event = ours::event::Model::loaded(1).into_active_model();
    event.location = Set(format!("place {n}"));
    event.update(db).await.expect("a saved event");
}

async fn move_plain(db: &impl ConnectionTrait, n: u64) {
    let mut event = plain::event::Model::loaded(2).into_active_model();
    event.location = Set(format!("place {n}"));
    event.updated_at = Set(ChronoUtc::now());
    event.update(db).await.expect("a saved event");
}
