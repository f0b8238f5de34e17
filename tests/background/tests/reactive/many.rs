//! 7, 8: a service that is down for a day, and a flood of first fills.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use touchable::reactive::{Pool, Reactive};

use crate::script::{Answer, Service};

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test(start_paused = true)]
async fn b07_a_day_without_the_service() {
    let service = Service::default();
    service.answer_all(Some(Answer::Fails("down")));
    let node = Reactive::builder(service.clone()).start().unwrap();
    let keys: Vec<String> = (0..1_000).map(|number| format!("k{number}")).collect();
    let begun = Instant::now();
    while begun.elapsed() < MINUTE * 60 * 24 {
        for key in &keys {
            let _ = node.read(key).await.unwrap();
        }
        sleep(MINUTE * 9).await;
    }
    // A minute, two, four, eight, and then ten minutes each, or up to a tenth more.
    for key in &keys {
        let asked = service.asked(key);
        assert!((130..=148).contains(&asked), "{key}: {asked}");
    }
    service.answer_all(None);
    for _ in 0..3 {
        sleep(MINUTE * 4).await;
        for key in &keys {
            let _ = node.read(key).await.unwrap();
        }
    }
    for key in &keys {
        let reading = node.read(key).await.unwrap();
        assert!(reading.is_fresh(), "{key}: {reading:?}");
    }
    assert_eq!(service.overlaps(), 0);
    node.shutdown().await;
}

/// No first fill that was asked for more than ten seconds after a refresh was due goes before it.
#[tokio::test(start_paused = true)]
async fn b08_a_flood_of_first_fills_delays_a_refresh_by_a_bound() {
    const SECOND: Duration = Duration::from_secs(1);
    let service = Service::default();
    service.answer_all(Some(Answer::Slow(1, SECOND / 2)));
    let builder = Reactive::builder(service.clone()).pool(Pool::named("one").concurrency(1));
    let node = builder
        .refresh_interval(MINUTE * 60)
        .lifetime(MINUTE * 600)
        .start()
        .unwrap();
    let refreshed = "refreshed".to_owned();
    assert!(node.read_or_wait(&refreshed, MINUTE).await.unwrap().is_fresh());
    let expired = Instant::now();
    let mut asked = Vec::new();
    for number in 0..400 {
        if number == 10 {
            node.expire(&refreshed).await.unwrap();
        }
        let key = format!("first {number}");
        let _ = node.read(&key).await.unwrap();
        asked.push((key, expired.elapsed()));
        sleep(SECOND / 10).await;
    }
    sleep(MINUTE * 10).await;
    let order = service.order();
    let place = order.iter().rposition(|key| *key == refreshed).unwrap();
    let first = |key: &String| asked.iter().find(|(of, _)| of == key).map(|(_, at)| *at);
    let before: Vec<Duration> = order[..place].iter().filter_map(first).collect();
    let after: Vec<Duration> = order[place..].iter().filter_map(first).collect();
    assert!(
        before.iter().all(|at| *at <= SECOND * 12),
        "{:?}",
        before.iter().max()
    );
    assert!(
        before.len() > 50 && after.len() > 200,
        "{} {}",
        before.len(),
        after.len()
    );
    node.shutdown().await;
}
