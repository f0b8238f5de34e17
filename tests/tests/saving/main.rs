//! Behaviours 1 to 3: saving the row itself.

use touchable::{Clock, Stamp, StampType};
use touchable_tests::epoch;

/// Runs a block once for every type of touch column; `$note` is its entity's module.
macro_rules! for_every_type {
    ($note:ident => $body:block) => {{
        for_every_type!(@ $note, $body: utc zoned naive optional_utc optional_zoned optional_naive
            offset primitive optional_offset optional_primitive);
    }};
    (@ $note:ident, $body:block: $($kind:ident)+) => {$({
        use touchable_tests::entities::stamps::$kind as $note;
        $body
    })+};
}

/// The name of a note's row in its own table.
macro_rules! row {
    ($note:ident, $id:expr) => {
        format!("{} {}", sea_orm::EntityName::table_name(&$note::Entity), $id)
    };
}

mod rising;
mod stamped;
mod unchanged;

/// A year after the seeds.
const NOW: i64 = epoch() + 31_536_000_000_001;

fn clock() -> Clock {
    Clock::manual(Stamp::from_micros(NOW))
}

fn stamp<T: StampType>(micros: i64) -> T {
    T::from_stamp(Stamp::from_micros(micros))
}
