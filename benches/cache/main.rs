//! What reading through a cache costs, beside the bare store, and what a page gains by it.
//!
//! ```text
//! scripts/bench [NAME] [--quick]
//! ```

mod hit;
mod miss;
mod page;
mod redis;

use touchable_benches::Arguments;

/// Every figure; the ratios come last.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments = Arguments::read();
    let mut ratios = hit::race(&arguments).await;
    ratios.extend(redis::race(&arguments).await);
    ratios.extend(page::race(&arguments).await);
    ratios.extend(miss::race(&arguments).await);
    println!();
    for ratio in ratios {
        println!("{ratio}");
    }
}
