//! What an auto-refresh cache costs: reading beside the bare store, polling, and the memory of many periods.
//!
//! ```text
//! scripts/bench refresh [--quick]
//! ```

mod cycle;
#[path = "../reactive/process.rs"]
mod process;
mod rate;
mod read;
mod service;

use touchable_benches::Arguments;

/// Every figure; the ratios come last.
fn main() {
    let arguments = Arguments::read();
    let mut ratios = read::one_core(&arguments);
    ratios.extend(read::all_cores(&arguments));
    ratios.extend(rate::measure(&arguments));
    // It lets time stand still, and from then on asking for the time is dearer.
    ratios.extend(cycle::measure(&arguments));
    println!();
    for ratio in ratios {
        println!("{ratio}");
    }
}
