//! What a lease can be called, and how long it can last.

use std::time::Duration;

use touchable::lease::{Holder, Leases};

use crate::places::{LONG, on_every_place};

async fn different_names_are_different_leases<P: Leases>(place: P) {
    let names = [
        "a", "A", "a ", " a", "{a}", "}", "{", "{}", "%7B", "a:token", "a:lease", "ä", "日本", "a'b", "a\"b",
        "a?b", "$1", "a\\b", "*",
    ];
    for name in names {
        let grant = place.acquire(name, &Holder::unique(), LONG).await.unwrap();
        let grant = grant.unwrap_or_else(|| panic!("`{name}` is held"));
        assert_eq!(grant.token, 1, "`{name}` had a token");
    }
    for name in names {
        let other = place.acquire(name, &Holder::unique(), LONG).await.unwrap();
        assert!(other.is_none(), "`{name}` is free");
    }
}

async fn what_cannot_be_kept_is_refused<P: Leases>(place: P) {
    let holder = Holder::unique();
    let long = "x".repeat(191);
    for (name, time, says) in [
        ("", LONG, "blank"),
        ("  ", LONG, "blank"),
        (long.as_str(), LONG, "191 bytes"),
        ("a\nb", LONG, "control character"),
        ("a", Duration::ZERO, "10ms"),
        ("a", Duration::MAX, "10ms to"),
    ] {
        let error = place.acquire(name, &holder, time).await.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    let longest = "x".repeat(190);
    assert!(place.acquire(&longest, &holder, LONG).await.unwrap().is_some());
}

on_every_place!(
    different_names_are_different_leases,
    what_cannot_be_kept_is_refused
);
