//! The list. What a shape leaves out is looked for; so each is as narrow as today's faults allow. The first that fits
//! counts: those that only some schemas can show come first.

use touchable_tests::Backend::{self, MariaDb, Postgres, Sqlite};

use super::Kind;
use crate::{
    history::{From, What, Write},
    violation::Check::{Fell, Left, Levels, Stale, Succeeded, Surplus},
};

const ALL: &[Backend] = &[Sqlite, Postgres, MariaDb];

/// All of them.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "a save that is refused after our hook leaves its intent, and has touched on level 2",
        shape: |seen| {
            let is_taken = || seen.is(&[Succeeded]) && seen.any(|write| write.what.bypasses());
            seen.is_refused() && (seen.is(&[Left, Surplus, Levels]) || is_taken())
        },
        shown: &[
            (
                ALL,
                r#"(schema: "loose", order: Serial, writers: [(touch: true, steps: [
                    Write((what: Update((1, 0), Fresh, Update, [(0, 2)], No))),
                ])])"#,
            ),
            // A bypass of the row takes it, and is a save then: one that a strict connection lets pass, and that touches.
            (
                ALL,
                r#"(schema: "loose", order: Serial, writers: [(touch: true, strict: true, steps: [
                    Write((what: Update((1, 2), Fresh, Update, [(0, 2)], No))),
                    Write((what: Bypass((1, 2), [(1, 2)]))),
                ])])"#,
            ),
        ],
    },
    Kind {
        name: "K6 in doubt a value that is set again counts as a change: too much",
        shape: |seen| seen.schema.name.starts_with("typed") && seen.is(&[Surplus, Levels]),
        shown: &[],
    },
    Kind {
        name: "K7 keys that are `citext` in the database and text in the entity are compared as text",
        shape: |seen| seen.backend == Postgres && seen.schema.name == "kinds" && seen.is(&[Stale, Levels]),
        shown: &[],
    },
    Kind {
        name: "K14 a column that the database computes is watched",
        shape: |seen| seen.is_computed() && seen.is(&[Stale, Levels]),
        shown: &[(
            ALL,
            r#"(schema: "computed", order: Serial, writers: [(touch: true, steps: [
                Write((what: Update((0, 0), Fresh, Update, [(0, 2)], No))),
            ])])"#,
        )],
    },
    Kind {
        name: "K14 a unique key instead of a primary one",
        shape: |seen| seen.says("1176"),
        shown: &[],
    },
    Kind {
        name: "N4 a model that is saved as a whole takes the stamps of fragments back",
        shape: |seen| {
            let whole = |write: &Write| matches!(write.what, What::Update(_, From::Reset, ..));
            seen.is(&[Fell]) && seen.any(whole)
                || seen.is(&[Stale, Surplus])
                    && seen.any(|write| whole(write) && seen.table(write).stamps.len() > 1)
        },
        shown: &[(
            ALL,
            r#"(schema: "fragments", order: Serial, writers: [(touch: true, steps: [
                Load((0, 0)),
                Write((what: Update((1, 0), Fresh, Update, [(3, 0)], No))),
                Write((what: Update((0, 0), Reset, Update, [], No))),
            ])])"#,
        )],
    },
    Kind {
        name: "N7 a key that is used again, with a stamp that its deleted row has passed already",
        shape: |seen| (seen.is(&[Stale]) && seen.is_concurrent() || seen.is(&[Fell])) && seen.is_used_again(),
        // An insert takes its stamp and waits until the row of its key is gone, which was touched meanwhile; or it repeats the
        // stamp of that row; or, in one transaction with the delete, it is given an older one.
        shown: &[(
            ALL,
            r#"(schema: "shelves", order: Serial, writers: [(touch: false, steps: [
                Begin(Default),
                Write((what: DeleteMany(0, [1]))),
                Write((what: Insert((0, 1), [], Old))),
            ])])"#,
        )],
    },
    Kind {
        name: "a suppressed touch through a link that a bypass of the same transaction has made: a false alarm",
        shape: |seen| seen.is(&[Stale]) && seen.is_concurrent() && seen.suppresses_behind_a_bypass(),
        // What is in doubt is asked of states that were committed, and that link is in none of them.
        shown: &[],
    },
    Kind {
        name: "N8 on PostgreSQL a transaction at REPEATABLE READ or SERIALIZABLE looks through its first snapshot",
        shape: |seen| {
            seen.backend == Postgres && seen.is(&[Stale]) && seen.is_concurrent() && seen.keeps_its_snapshot()
        },
        // Another has to commit a link while the row that it leads from is waited for.
        shown: &[],
    },
    Kind {
        name: "N6 on a plain connection an older model takes back a stamp that is ahead of the clock",
        shape: |seen| {
            let older =
                |write: &Write| matches!(write.what, What::Update(_, From::Loaded | From::Partial, ..));
            seen.is(&[Fell]) && seen.any(older)
        },
        shown: &[(
            &[Postgres],
            r#"(schema: "computed", order: Serial, writers: [(touch: false, steps: [
                Load((0, 0)),
                Write((what: Update((0, 0), Fresh, Update, [], Repeated))),
                Write((what: Update((0, 0), Loaded, Update, [(0, 0)], No))),
            ])])"#,
        )],
    },
];
