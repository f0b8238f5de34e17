//! What reading a reactive value costs, beside the bare store, and what keeping many of them up to date costs.
//!
//! ```text
//! scripts/bench reactive [--quick]
//! ```

mod cycle;
mod process;
mod read;
mod redis;
mod schedule;

use touchable_benches::Arguments;

/// Every figure; the ratios come last.
fn main() {
    let arguments = Arguments::read();
    // Of 100,000 keys first: what others leave behind would be counted as theirs.
    let mut ratios = on_runtime(schedule::measure(&arguments));
    ratios.extend(on_runtime(read::race(&arguments)));
    ratios.extend(on_runtime(redis::race(&arguments)));
    // It lets time stand still, and from then on asking for the time is dearer.
    ratios.extend(cycle::measure(&arguments));
    println!();
    for ratio in ratios {
        println!("{ratio}");
    }
}

fn on_runtime<T>(figure: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().expect("a runtime");
    runtime.block_on(figure)
}
