//! Random histories on every backend: a part of a minute each, and hours by `TOUCHABLE_ADVERSARY=2h`.

use touchable_adversary::{generate::Mode, look::look};
use touchable_tests::Backend;

const WHOLE: &[Mode] = &[Mode::Serial, Mode::Levels, Mode::Stalled, Mode::Free];

#[test]
fn sqlite() {
    look(Backend::Sqlite, WHOLE);
}

#[test]
fn postgres() {
    look(Backend::Postgres, WHOLE);
}

#[test]
fn mariadb() {
    look(Backend::MariaDb, WHOLE);
}
