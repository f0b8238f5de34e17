//! Promise 15: numbers that cannot work.

use std::time::Duration;

use touchable::refresh::RateLimit;

use crate::script::{SECOND, builder, counting};

#[tokio::test]
async fn b15_settings_that_cannot_work_are_named() {
    let new = || builder(counting()).0;
    let zero = Duration::ZERO;
    let cases = [
        (new().resync_period(zero), "`resync_period` is 0ns"),
        (new().resync_period(Duration::MAX), "`resync_period` is"),
        (new().poll_timeout(zero), "`poll_timeout` is 0ns"),
        (new().max_age(zero), "`max_age` is 0ns"),
        (new().terminal_ttl(Duration::MAX), "`terminal_ttl` is"),
        (new().adaptive(zero), "`adaptive` is 0ns"),
        (
            new().resync_period(SECOND).adaptive(SECOND * 2),
            "`adaptive` begins with 2s",
        ),
        (new().workers(0), "`workers` is 0, and not between 1 and 10000"),
        (new().workers(10_001), "`workers` is 10001"),
        (
            new().capacity(0),
            "`capacity` is 0, and not between 1 and 10000000",
        ),
        (new().capacity(10_000_001), "`capacity` is 10000001"),
        (new().batch(0), "`batch` is 0"),
        (new().max_failures(0), "`max_failures` is 0"),
        (
            new().rate_limit(RateLimit::per_second(30.0).burst(0)),
            "a burst of 0",
        ),
        (
            new().rate_limit(RateLimit::per_second(0.0)),
            "of 0 calls a second",
        ),
        (
            new().rate_limit(RateLimit::per_second(-1.0)),
            "of -1 calls a second",
        ),
        (
            new().rate_limit(RateLimit::per_second(f64::NAN)),
            "of NaN calls a second",
        ),
        (
            new().rate_limit(RateLimit::per_second(f64::INFINITY)),
            "of inf calls a second",
        ),
    ];
    for (builder, says) in cases {
        let error = builder.start().unwrap_err().to_string();
        assert!(
            error.starts_with("`numbers`: ") && error.contains(says),
            "{error}\n{says}"
        );
    }
    for fine in [
        new().workers(10_000),
        new().capacity(10_000_000).batch(10_000_000),
        new().rate_limit(RateLimit::per_second(1.0 / 3600.0)),
        new().terminal_ttl(zero),
    ] {
        fine.start().unwrap();
    }
}
