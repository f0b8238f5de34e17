//! What one statement cannot see.
//!
//! A statement of PostgreSQL sees the rows that were committed when it began. A transaction that was under way then, and
//! that has inserted a row associated with the saved one, may commit while the statement waits for its lock: its row is
//! not touched, although it may have been shown with the old content. The lock keeps others from doing so from then on.
//!
//! So the statement reports whether another transaction was under way when it began. If so, the rows of its rules that
//! are no older than those transactions are touched by a second statement; mostly there are none.

use sea_orm::{
    QueryResult,
    sea_query::{Alias, Condition, DynIden, Expr},
};

use crate::touch::engine::{Captured, CompiledRule};

/// Rows that a transaction may have written that was under way when a statement began.
#[derive(Clone, Debug)]
pub(crate) struct Recent {
    /// The oldest transaction that was under way.
    oldest: u32,
    /// The transaction of the statement itself.
    own: u32,
}

impl Recent {
    /// What to add to the columns of a statement; `fired` are the conditions of the rules that it may not do justice.
    pub(super) fn report<'a>(fired: impl Iterator<Item = &'a Captured>) -> Captured {
        let mut report = Captured::default();
        report.push(", pg_snapshot_xmin(pg_current_snapshot())::text AS \"oldest\"");
        report.push(", pg_current_xact_id()::text AS \"own\"");
        report.push(
            ", pg_snapshot_xmax(pg_current_snapshot()) = pg_current_xact_id() \
             AND NOT EXISTS (SELECT FROM pg_snapshot_xip(pg_current_snapshot())) AS \"alone\"",
        );
        for (i, fired) in fired.enumerate() {
            report.push(", (");
            report.append(fired.clone());
            report.push(&format!(") AS \"f{i}\""));
        }
        report
    }

    /// The rows to look at again, and the rules among `rules` for which, if there are any.
    pub(super) fn read(
        row: &QueryResult,
        rules: &[&'static CompiledRule],
    ) -> Option<(Self, Vec<&'static CompiledRule>)> {
        if row.try_get::<bool>("", "alone").ok()? {
            return None;
        }
        let id = |column| row.try_get::<String>("", column).ok()?.parse::<u64>().ok();
        let fired: Vec<_> = rules
            .iter()
            .enumerate()
            .filter(|(i, _)| row.try_get::<bool>("", &format!("f{i}")).unwrap_or_default())
            .map(|(_, rule)| *rule)
            .collect();
        let recent = Self {
            oldest: low(id("oldest")?),
            own: low(id("own")?),
        };
        (!fired.is_empty()).then_some((recent, fired))
    }

    /// What makes a row one of them.
    pub(crate) fn condition(&self, table: &DynIden) -> Condition {
        let written = || Expr::col((table.clone(), Alias::new("xmin")));
        Condition::all()
            .add(Expr::cust_with_expr(
                format!("age($1) <= age('{}'::xid)", self.oldest),
                written(),
            ))
            .add(Expr::cust_with_expr(
                format!("$1 <> '{}'::xid", self.own),
                written(),
            ))
    }
}

/// Rows keep the low half of a transaction's number.
const fn low(id: u64) -> u32 {
    #[allow(clippy::cast_possible_truncation, reason = "that is what is asked for")]
    {
        id as u32
    }
}
