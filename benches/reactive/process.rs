//! What this process has taken of the machine, by the kernel.

use std::fs;

/// Its memory.
pub fn resident_bytes() -> f64 {
    let statm = fs::read_to_string("/proc/self/statm").expect("a Linux kernel");
    let pages: f64 = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .expect("pages");
    pages * 4_096.0
}

/// Spent by this process, in its own code and in the kernel.
pub fn processor_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("a Linux kernel");
    // The name of the program, in parentheses, may hold spaces.
    let (_, rest) = stat.rsplit_once(')').expect("a name");
    let ticks = rest
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<f64>().expect("ticks"));
    // A hundred a second, on every machine that Rust runs on.
    ticks.sum::<f64>() / 100.0
}
