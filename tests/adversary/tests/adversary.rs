//! Random histories on every backend: a part of a minute each, and hours by `TOUCHABLE_ADVERSARY=2h`.

use std::time::Duration;

use touchable_adversary::{
    generate::Mode,
    hunt::{Limit, hunt},
    in_runtime,
};
use touchable_tests::Backend;

/// Histories on each schema and in each mode, without a time of one's own.
const HISTORIES: u64 = 6;

fn look(backend: Backend, modes: &[Mode]) {
    let limit = std::env::var("TOUCHABLE_ADVERSARY")
        .ok()
        .map(|time| Limit::Time(parsed(&time)));
    let seed = std::env::var("TOUCHABLE_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let random = || limit.map_or(1, |_| fastrand::u64(..1 << 40));
    let most = std::env::var("TOUCHABLE_MOST")
        .ok()
        .and_then(|most| most.parse().ok())
        .unwrap_or(5);
    let modes: Vec<Mode> = modes
        .iter()
        .copied()
        .filter(|mode| std::env::var("TOUCHABLE_MODE").map_or(true, |only| format!("{mode:?}") == only))
        .collect();
    let limit = limit.unwrap_or(Limit::Histories(HISTORIES));
    let report = in_runtime(hunt(backend, &modes, limit, seed.unwrap_or_else(random), most));
    eprintln!("{report}");
    assert!(
        report.found.is_empty(),
        "{} faults that no list knows",
        report.found.len()
    );
}

/// `90s`, `30m` or `2h`.
fn parsed(time: &str) -> Duration {
    let (number, unit) = time.split_at(time.len() - 1);
    let number: u64 = number
        .parse()
        .unwrap_or_else(|_| panic!("TOUCHABLE_ADVERSARY={time}: write 90s, 30m or 2h"));
    match unit {
        "s" => Duration::from_secs(number),
        "m" => Duration::from_mins(number),
        "h" => Duration::from_hours(number),
        _ => panic!("TOUCHABLE_ADVERSARY={time}: write 90s, 30m or 2h"),
    }
}

const WHOLE: &[Mode] = &[Mode::Serial, Mode::Levels, Mode::Stalled, Mode::Free];
/// In processes of their own: what a dropped save leaves in a process would be found in the histories that follow.
const DROPPED: &[Mode] = &[Mode::Dropped, Mode::StalledDropped];

#[test]
fn sqlite() {
    look(Backend::Sqlite, WHOLE);
}

#[test]
fn sqlite_dropped() {
    look(Backend::Sqlite, DROPPED);
}

#[test]
fn postgres() {
    look(Backend::Postgres, WHOLE);
}

#[test]
fn postgres_dropped() {
    look(Backend::Postgres, DROPPED);
}

#[test]
fn mariadb() {
    look(Backend::MariaDb, WHOLE);
}

#[test]
fn mariadb_dropped() {
    look(Backend::MariaDb, DROPPED);
}
