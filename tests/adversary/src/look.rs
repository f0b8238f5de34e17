//! A search, as a test asks for it.

use std::time::Duration;

use touchable_tests::Backend;

use crate::{
    generate::Mode,
    hunt::{Limit, hunt},
    in_runtime,
};

/// Histories on each schema and in each mode, without a time of one's own.
const HISTORIES: u64 = 3;

/// Looks for what no list knows: for the time of `TOUCHABLE_ADVERSARY`, or a few histories from the same seeds.
///
/// # Panics
///
/// Panics when it finds something.
pub fn look(backend: Backend, modes: &[Mode]) {
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
