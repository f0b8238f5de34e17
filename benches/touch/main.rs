//! What a save costs, beside the same by hand.
//!
//! ```text
//! scripts/bench [NAME] [--quick]
//! ```

mod fired;
mod merged;
mod unfired;

use touchable_benches::{Arguments, lanes};

/// Every backend, every figure; the ratios come last.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments = Arguments::read();
    let mut ratios = Vec::new();
    for lane in lanes() {
        ratios.extend(unfired::race(lane, &arguments).await);
        ratios.extend(fired::race(lane, &arguments).await);
        ratios.extend(merged::race(lane, &arguments).await);
    }
    println!();
    for ratio in ratios {
        println!("{ratio}");
    }
}
