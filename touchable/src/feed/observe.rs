//! Metrics of the feed, of the `metrics` facade. All carry `stream`; those of consumers also `consumer`.
//!
//! | metric | kind | counts |
//! |---|---|---|
//! | [`touchable_feed_sent_total{kind}`](SENT) | counter | messages written by producers: `delay` and `queue` |
//! | [`touchable_feed_delivered_total`](DELIVERED) | counter | delay messages that delayers sent |
//! | [`touchable_feed_handled_total`](HANDLED) | counter | messages whose handler succeeded |
//! | [`touchable_feed_retries_total`](RETRIES) | counter | batches whose handler failed, panicked or did not end |
//! | [`touchable_feed_dead_letters_total`](DEAD_LETTERS) | counter | messages that went to the dead letters |
//! | [`touchable_feed_takeovers_total`](TAKEOVERS) | counter | leases that a consumer got after it had waited for another's |
//! | [`touchable_feed_trimmed_total`](TRIMMED) | counter | messages that trimmers removed |
//! | [`touchable_feed_lagged_total`](LAGGED) | counter | times a reader or a consumer missed messages that were trimmed away |
//! | [`touchable_feed_lag_messages`](LAG_MESSAGES) | gauge | messages that a consumer has not done yet, by `shard`; counted after a second at work and then every ten, or more seldom when counting takes long |
//! | [`touchable_feed_lag_seconds`](LAG_SECONDS) | gauge | how long the oldest of them has been there |

use super::Stream;

/// Messages written by producers.
pub const SENT: &str = "touchable_feed_sent_total";
/// Delay messages that delayers sent.
pub const DELIVERED: &str = "touchable_feed_delivered_total";
/// Messages whose handler succeeded.
pub const HANDLED: &str = "touchable_feed_handled_total";
/// Batches whose handler failed.
pub const RETRIES: &str = "touchable_feed_retries_total";
/// Messages that went to the dead letters.
pub const DEAD_LETTERS: &str = "touchable_feed_dead_letters_total";
/// Leases that changed hands.
pub const TAKEOVERS: &str = "touchable_feed_takeovers_total";
/// Messages that trimmers removed.
pub const TRIMMED: &str = "touchable_feed_trimmed_total";
/// Gaps that readers and consumers were told of.
pub const LAGGED: &str = "touchable_feed_lagged_total";
/// Messages that a consumer has not done yet.
pub const LAG_MESSAGES: &str = "touchable_feed_lag_messages";
/// The age of the oldest of them.
pub const LAG_SECONDS: &str = "touchable_feed_lag_seconds";

pub(super) fn count(name: &'static str, stream: &Stream, by: usize) {
    if by > 0 {
        metrics::counter!(name, "stream" => stream.label()).increment(by as u64);
    }
}

pub(super) fn sent(stream: &Stream, kind: &'static str, by: usize) {
    metrics::counter!(SENT, "stream" => stream.label(), "kind" => kind).increment(by as u64);
}

pub(super) fn consumed(name: &'static str, stream: &Stream, consumer: &str, by: usize) {
    if by > 0 {
        metrics::counter!(name, "stream" => stream.label(), "consumer" => consumer.to_owned())
            .increment(by as u64);
    }
}

pub(super) fn lag(stream: &Stream, consumer: &str, shard: usize, messages: u64, seconds: f64) {
    let labels = || {
        [
            ("stream", stream.label().to_string()),
            ("consumer", consumer.to_owned()),
            ("shard", shard.to_string()),
        ]
    };
    // A gauge is a float; counts above 2^53 do not matter here.
    #[expect(clippy::cast_precision_loss)]
    metrics::gauge!(LAG_MESSAGES, &labels()).set(messages as f64);
    metrics::gauge!(LAG_SECONDS, &labels()).set(seconds);
}
