//! The same with futures that are dropped. What that meets depends on the moment, so it is for searches only: see
//! `scripts/test adversary`. In processes of their own: what a dropped save leaves in a process would be found in the
//! histories that follow.

use touchable_adversary::{generate::Mode, look::look};
use touchable_tests::Backend;

const DROPPED: &[Mode] = &[Mode::Dropped, Mode::StalledDropped];

#[test]
fn sqlite_dropped() {
    look(Backend::Sqlite, DROPPED);
}

#[test]
fn postgres_dropped() {
    look(Backend::Postgres, DROPPED);
}

#[test]
fn mariadb_dropped() {
    look(Backend::MariaDb, DROPPED);
}
