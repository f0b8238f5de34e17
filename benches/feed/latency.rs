//! From the commit to the handler.

use std::time::{Duration, Instant};

use tokio::{sync::mpsc, time::sleep};
use touchable::feed::{Batch, Change};
use touchable_benches::Arguments;

use crate::track::Track;

/// Prints how long after the beginning of `queue` a consumer that waits is given the message: median and 99th percentile.
pub async fn measure(track: &Track, arguments: &Arguments) {
    if !arguments.wants("feed/latency") {
        return;
    }
    let (tell, mut told) = mpsc::unbounded_channel();
    let task = track
        .users
        .consumer("bench-latency")
        .run(move |_: Batch<Change>| {
            let told = tell.send(Instant::now());
            async move { told }
        })
        .expect("settings that work");
    let producer = track.users.producer();
    let begun = Instant::now();
    let mut times = Vec::new();
    while times.len() < 100 || begun.elapsed() < arguments.patience() {
        // Until it waits again.
        sleep(Duration::from_millis(2)).await;
        let committed = Instant::now();
        producer.queue(&Change::of(1)).await.expect("a server");
        times.push(told.recv().await.expect("a consumer") - committed);
    }
    task.shutdown().await;
    times.sort_unstable();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_micros();
    println!(
        "feed/latency ({} messages)  median {} µs  99th {} µs",
        times.len(),
        at(0.5),
        at(0.99)
    );
}
