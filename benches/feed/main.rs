//! What the feed costs, beside bare commands of Redis that carry the same bytes.
//!
//! ```text
//! scripts/bench [NAME] [--quick]
//! ```

mod consume;
mod latency;
mod produce;
mod track;

use touchable_benches::Arguments;
use track::Track;

/// Two threads, as many as the machine of the published figures has cores.
#[tokio::main(worker_threads = 2)]
async fn main() {
    let arguments = Arguments::read();
    let mut ratios = Vec::new();
    let track = Track::prepare().await;
    ratios.extend(produce::race(&track, &arguments).await);
    ratios.extend(consume::race(&track, &arguments).await);
    latency::measure(&track, &arguments).await;
    track.clear().await;
    println!();
    for ratio in ratios {
        println!("{ratio}");
    }
}
