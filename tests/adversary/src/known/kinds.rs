//! The list. What a shape leaves out is looked for; so each is as narrow as today's faults allow. The first that fits
//! counts: those that only some schemas can show come first.

use touchable_tests::Backend::{self, MariaDb, Postgres, Sqlite};

use super::Kind;
use crate::{
    history::{From, What, Write},
    violation::Check::{Contention, Fell, Left, Levels, Stale, Stored, Surplus},
};

const ALL: &[Backend] = &[Sqlite, Postgres, MariaDb];

/// All of them.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "K4 a condition is asked on one side of the change only",
        shape: |seen| {
            let leads = |write: &Write| seen.leads(write) || is_of_a_row_that_may_be_gone(write);
            seen.is(&[Stale, Surplus, Levels]) && seen.is_conditional() && seen.any(leads)
        },
        shown: &[(
            ALL,
            r#"(schema: "conditional", order: Serial, writers: [(touch: true, steps: [
                Begin(Default),
                Write((what: Update((1, 0), Fresh, Update, [(0, 1)], No))),
            ])])"#,
        )],
    },
    Kind {
        name: "K2 a save is known by its stamp, which the application can round or repeat",
        shape: |seen| seen.is_stamped() && !seen.is(&[Fell]),
        shown: &[(
            ALL,
            r#"(schema: "events", order: Serial, writers: [(touch: true, steps: [
                Write((what: Update((2, 0), Fresh, WithoutReturning, [(0, 1)], Now))),
            ])])"#,
        )],
    },
    Kind {
        name: "K2 a save that is refused leaves what it has announced",
        shape: |seen| seen.is_refused() && seen.is(&[Left, Surplus, Stale, Levels]),
        shown: &[(
            ALL,
            r#"(schema: "loose", order: Serial, writers: [(touch: true, steps: [
                Write((what: Update((1, 0), Fresh, Update, [(0, 2)], No))),
            ])])"#,
        )],
    },
    Kind {
        name: "K2 the note of a save that failed is met by one that changes nothing",
        shape: |seen| {
            seen.is(&[Stale, Surplus, Levels])
                && (seen.violation.idle
                    || (seen.is_concurrent() || seen.is(&[Levels])) && seen.sets_nothing())
        },
        shown: &[(
            ALL,
            r#"(schema: "events", order: Serial, writers: [(touch: false, steps: [
                Write((what: Delete((1, 0), Fresh))),
                Write((what: Update((1, 0), Fresh, Update, [], No))),
            ])])"#,
        )],
    },
    Kind {
        name: "K2 saves of one row at once: what the one has left is met by the other",
        shape: |seen| seen.is(&[Stale]) && seen.is_concurrent() && seen.writers_meet(),
        shown: &[],
    },
    Kind {
        name: "K3 a snapshot that is older than the lock",
        shape: |seen| seen.is(&[Stale]) && seen.is_concurrent() && seen.backend == Postgres,
        shown: &[],
    },
    Kind {
        name: "K5 a save is registered after it is sent",
        shape: |seen| seen.is(&[Stale]) && seen.is_dropped() && seen.in_transaction(),
        shown: &[],
    },
    Kind {
        name: "K6 an unwatched column that is set to its stored value moves the row's stamp",
        shape: |seen| {
            seen.any_of_ours(|write| matches!(write.what, What::Update(..)))
                && (seen.is(&[Surplus]) && seen.is_about_one_row() || seen.is(&[Stale]) && seen.is_quiet())
        },
        shown: &[(
            ALL,
            r#"(schema: "events", order: Serial, writers: [(touch: true, steps: [
                Write((what: Update((2, 0), Fresh, Update, [(0, 0)], No), quiet: On(1))),
            ])])"#,
        )],
    },
    Kind {
        name: "K6 levels and bulk writes know other values as equal",
        shape: |seen| seen.schema.name.starts_with("typed") && seen.is(&[Surplus, Levels, Stored, Stale]),
        shown: &[],
    },
    Kind {
        name: "K7 keys are compared without their column's type",
        shape: |seen| {
            seen.backend == Postgres
                && (seen.says("operator does not exist")
                    || (seen.schema.name == "kinds" && seen.is(&[Stale, Levels])))
        },
        shown: &[(
            &[Postgres],
            r#"(schema: "kinds", order: Serial, writers: [(touch: true, steps: [
                Write((what: Update((0, 0), Fresh, Update, [(0, 1)], No))),
            ])])"#,
        )],
    },
    Kind {
        name: "K10 SQLite: a transaction that we let read before it writes",
        shape: |seen| seen.backend == Sqlite && seen.is(&[Contention]) && seen.says("locked"),
        shown: &[],
    },
    Kind {
        name: "K11 what we send outside a transaction is not tried again",
        shape: |seen| seen.backend != Sqlite && seen.is(&[Contention]),
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
        name: "N1 a delete that the database refuses in a transaction has touched",
        shape: |seen| {
            seen.is(&[Surplus])
                && seen.backend != Postgres
                && seen.in_transaction()
                && seen.any(|write| matches!(write.what, What::Delete(..)))
        },
        shown: &[(
            &[Sqlite, MariaDb],
            r#"(schema: "events", order: Serial, writers: [(touch: true, steps: [
                Begin(Default),
                Write((what: Delete((1, 0), Fresh))),
            ])])"#,
        )],
    },
    Kind {
        name: "N2 a save that is dropped while its BEGIN is under way leaves the session in a transaction",
        shape: |seen| {
            seen.is(&[Left]) && seen.is_dropped() && (seen.says("transaction") || seen.says("savepoint"))
        },
        shown: &[],
    },
    Kind {
        name: "N3 a partial save on a connection of ours falls below a stamp that is ahead of the clock",
        shape: |seen| seen.is(&[Fell]) && seen.is_stamped(),
        shown: &[(
            ALL,
            r#"(schema: "events", order: Serial, writers: [(touch: true, steps: [
                Write((what: Insert((0, 2), [], Repeated))),
                Write((what: Update((0, 2), Partial, Update, [(1, 0)], No))),
            ])])"#,
        )],
    },
    Kind {
        name: "N4 a model that is saved as a whole takes the stamps of fragments back",
        shape: |seen| {
            let whole = |write: &Write| matches!(write.what, What::Update(_, From::Reset, ..));
            seen.is(&[Fell]) && seen.any(whole)
                || seen.is(&[Stale]) && seen.any(|write| whole(write) && seen.table(write).stamps.len() > 1)
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
        name: "N5 a cascade looks for the rows of each table anew: a link that another takes away in between cuts it",
        shape: |seen| seen.is(&[Stale]) && seen.is_concurrent() && seen.backend == Postgres,
        // On `events`, turns [3, 3]: one writer touches task 2, the other sets the `event_id` of all tasks to NULL. Under load
        // the second becomes a deadlock's victim instead.
        shown: &[],
    },
];

/// Whether a save begins with a row that somebody may have deleted meanwhile.
fn is_of_a_row_that_may_be_gone(write: &Write) -> bool {
    matches!(
        write.what,
        What::Delete(..)
            | What::DeleteMany(..)
            | What::Update(_, From::Partial | From::Loaded | From::Reset, ..)
    )
}
