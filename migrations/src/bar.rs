//! Progress on a terminal, and nowhere else.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of rows whose number is not known yet. Counting them costs a scan, which a [hidden](ProgressBar::is_hidden) bar is
/// not worth.
pub(crate) fn rows(message: &str) -> ProgressBar {
    ProgressBar::no_length().with_message(message.to_owned())
}

/// Lets a bar show how many rows there are.
pub(crate) fn of(bar: &ProgressBar, rows: u64) {
    bar.set_length(rows);
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} rows, {eta} left") {
        bar.set_style(style);
    }
}
