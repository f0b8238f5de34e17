//! The rows of a source that are newer than a target of theirs.

use std::time::Duration;

use sea_orm::{
    ConnectionTrait, DbBackend, JoinType, Order,
    sea_query::{Alias, Condition, DynIden, Expr, IntoIden, Query, SelectStatement},
};

use super::evidence::stamps;
use crate::{
    dialect::earlier,
    entity::{ColumnKind, CompiledRule, Schema, display_key},
    error::Result,
    touch::{joined, keyed},
};

/// Which rows of a source are newer than a target of a rule.
pub(super) struct Question {
    pub source: &'static Schema,
    pub rule: &'static CompiledRule,
    pub tolerance: Duration,
}

impl Question {
    pub(super) async fn count<C: ConnectionTrait>(&self, db: &C) -> Result<u64> {
        let mut count = self.newer(db.get_database_backend());
        count.expr_as(Expr::cust("COUNT(*)"), Alias::new("n"));
        let row = db.query_one(&count).await?;
        let rows = row.map_or(Ok(0), |row| row.try_get::<i64>("", "n"))?;
        Ok(u64::try_from(rows).unwrap_or_default())
    }

    /// The primary keys of the first of them.
    pub(super) async fn keys<C: ConnectionTrait>(&self, db: &C, limit: u64) -> Result<Vec<String>> {
        let mut select = self.newer(db.get_database_backend());
        select.exprs(self.source.read_keys(Some(&source())));
        for column in &self.source.primary_key {
            select.order_by((source(), Alias::new(*column)), Order::Asc);
        }
        select.limit(limit);
        let rows = db.query_all(&select).await?;
        rows.iter()
            .map(|row| Ok(display_key(&self.source.key_of(row)?)))
            .collect()
    }

    fn newer(&self, backend: DbBackend) -> SelectStatement {
        Query::select()
            .from(self.source.table.clone().alias(source()))
            .and_where(Expr::exists(self.older_target(backend)))
            .to_owned()
    }

    /// A target of the row that is older than it.
    fn older_target(&self, backend: DbBackend) -> SelectStatement {
        let mut select = Query::select();
        select.expr(Expr::cust("1"));
        let mut last = source();
        for (at, hop) in self.rule.hops.iter().enumerate() {
            let next = Alias::new(format!("hop{at}")).into_iden();
            let on = match &hop.on_condition {
                Some(on) => joined(hop, &last, &next, on(last.clone(), next.clone())),
                None => keyed(hop, &last, &next),
            };
            let table = hop.to_tbl.clone().alias(next.clone());
            if at == 0 {
                select.from(table).cond_where(on);
            } else {
                select.join(JoinType::InnerJoin, table, on);
            }
            last = next;
        }
        select.cond_where(self.is_older(backend, &last));
        select
    }

    fn is_older(&self, backend: DbBackend, target: &DynIden) -> Condition {
        let stamp = |schema: &Schema, table: &DynIden, column: &'static str| {
            let kind = schema.kind(column).unwrap_or(ColumnKind::Other);
            (table.clone(), column, kind)
        };
        let newer = stamp(self.source, &source(), self.source.touch);
        stamps(self.rule)
            .into_iter()
            .map(|column| stamp((self.rule.target)(), target, column))
            .fold(Condition::any(), |any, older| {
                any.add(earlier(backend, older, newer.clone(), self.tolerance))
            })
    }
}

fn source() -> DynIden {
    Alias::new("source").into_iden()
}
