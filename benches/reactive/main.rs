//! What reading a reactive value costs, beside the bare store, and what keeping many of them up to date costs.
//!
//! ```text
//! scripts/bench reactive [--quick]
//! ```

mod read;
mod redis;
mod schedule;

use touchable_benches::Arguments;

/// Every figure; the ratios come last.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments = Arguments::read();
    let mut ratios = read::race(&arguments).await;
    ratios.extend(redis::race(&arguments).await);
    ratios.extend(schedule::measure(&arguments).await);
    println!();
    for ratio in ratios {
        println!("{ratio}");
    }
}
