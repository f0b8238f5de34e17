//! A walk round a cycle of rules as a recursive common table expression.
//!
//! The walk's table has a tag that says which entity a row belongs to, and the primary keys of all entities side by
//! side; those of the others are null. `UNION` drops what was seen before, so that the walk ends.

use sea_orm::sea_query::{
    Alias, CaseStatement, CommonTableExpression, Condition, DynIden, Expr, ExprTrait, IntoIden, JoinType,
    Query, SelectStatement, UnionType, WithClause,
};

use super::{
    super::plan::{Walk, WalkEdge},
    Sql, joined,
};
use crate::entity::Schema;

/// The primary keys of one entity's rows among those that a walk reaches.
pub(super) fn keys(sql: &Sql, walk: &Walk, node: usize) -> SelectStatement {
    let name = sql.alias();
    let mut members = walk.base.iter().map(|(node, rows)| {
        let schema = walk.nodes[*node];
        let alias = sql.alias();
        let mut member = Query::select();
        member.from(schema.table.clone().alias(alias.clone()));
        member.expr(literal(*node));
        for expr in walk.key_exprs(|other, column| {
            (other == *node).then(|| Expr::col((alias.clone(), Alias::new(column))))
        }) {
            member.expr(expr);
        }
        member.cond_where(sql.condition(rows, schema, &alias));
        member
    });
    let mut all = members.next().unwrap_or_default();
    all.unions(members.map(|member| (UnionType::Distinct, member)));
    all.union(UnionType::Distinct, step(sql, walk, &name));

    let mut cte = CommonTableExpression::new();
    cte.table_name(name.clone()).query(all).column(Alias::new("tag"));
    for column in walk.columns() {
        cte.column(column);
    }
    let mut with = WithClause::new();
    with.recursive(true).cte(cte);

    let mut select = Query::select();
    for i in 0..walk.nodes[node].primary_key.len() {
        select.column(key_column(node, i));
    }
    select
        .from(name)
        .and_where(Expr::col(Alias::new("tag")).eq(literal(node)))
        .with_cte(with);
    select
}

/// One step further along every rule of the cycle.
///
/// The walk may be named only once in it, and not on the far side of an outer join; so each row of the walk is paired
/// with each rule, and the rules' tables are joined from there.
fn step(sql: &Sql, walk: &Walk, name: &DynIden) -> SelectStatement {
    let rows = sql.alias();
    let rule = sql.alias();
    let mut step = Query::select();
    step.from_as(name.clone(), rows.clone());
    let single = walk.edges.len() == 1;
    if !single {
        step.join_subquery(
            JoinType::InnerJoin,
            rules(walk.edges.len()),
            rule.clone(),
            Condition::all().add(Expr::cust("1 = 1")),
        );
    }
    let ends: Vec<DynIden> = walk
        .edges
        .iter()
        .enumerate()
        .map(|(i, edge)| {
            let mut on =
                Condition::all().add(Expr::col((rows.clone(), Alias::new("tag"))).eq(literal(edge.from)));
            if !single {
                on = on.add(chosen(&rule, i));
            }
            join_edge(sql, &mut step, walk, edge, &rows, on, single)
        })
        .collect();
    select_ends(&mut step, walk, &rule, &ends);
    step
}

/// Joins the tables of one rule; returns the alias of its target.
fn join_edge(
    sql: &Sql,
    step: &mut SelectStatement,
    walk: &Walk,
    edge: &WalkEdge,
    rows: &DynIden,
    mut on: Condition,
    single: bool,
) -> DynIden {
    let join = || {
        if single {
            JoinType::InnerJoin
        } else {
            JoinType::LeftJoin
        }
    };
    let source = walk.nodes[edge.from];
    let mut last = sql.alias();
    for (i, column) in source.primary_key.iter().enumerate() {
        on = on.add(
            Expr::col((last.clone(), Alias::new(*column))).equals((rows.clone(), key_column(edge.from, i))),
        );
    }
    step.join(join(), source.table.clone().alias(last.clone()), on);
    for hop in edge.hops {
        let next = sql.alias();
        let extra = hop
            .on_condition
            .as_ref()
            .map_or_else(Condition::all, |on| on(last.clone(), next.clone()));
        let on = joined(hop, &last, &next, extra);
        step.join(join(), hop.to_tbl.clone().alias(next.clone()), on);
        last = next;
    }
    last
}

fn select_ends(step: &mut SelectStatement, walk: &Walk, rule: &DynIden, ends: &[DynIden]) {
    if let [end] = ends {
        let to = walk.edges[0].to;
        step.expr(literal(to));
        for expr in
            walk.key_exprs(|node, column| (node == to).then(|| Expr::col((end.clone(), Alias::new(column)))))
        {
            step.expr(expr);
        }
        return;
    }
    let mut tag = CaseStatement::new();
    let mut found = Condition::any();
    for (i, (edge, end)) in walk.edges.iter().zip(ends).enumerate() {
        tag = tag.case(chosen(rule, i), literal(edge.to));
        for column in walk.nodes[edge.to].primary_key.iter().take(1) {
            found = found.add(Expr::col((end.clone(), Alias::new(*column))).is_not_null());
        }
    }
    step.expr(tag);
    for (node, schema) in walk.nodes.iter().enumerate() {
        for column in &schema.primary_key {
            let mut key = CaseStatement::new();
            let mut reached = false;
            for (i, (_, end)) in walk
                .edges
                .iter()
                .zip(ends)
                .enumerate()
                .filter(|(_, (edge, _))| edge.to == node)
            {
                key = key.case(chosen(rule, i), Expr::col((end.clone(), Alias::new(*column))));
                reached = true;
            }
            let none = typed_null(schema, column);
            step.expr(if reached { key.finally(none).into() } else { none });
        }
    }
    step.cond_where(found);
}

impl Walk {
    fn columns(&self) -> impl Iterator<Item = DynIden> {
        self.nodes
            .iter()
            .enumerate()
            .flat_map(|(node, schema)| (0..schema.primary_key.len()).map(move |i| key_column(node, i)))
    }

    /// An expression for each key column of the walk; null of the column's type where there is none.
    fn key_exprs(&self, expr: impl Fn(usize, &'static str) -> Option<Expr>) -> Vec<Expr> {
        self.nodes
            .iter()
            .enumerate()
            .flat_map(|(node, schema)| {
                let expr = &expr;
                schema
                    .primary_key
                    .iter()
                    .map(move |column| expr(node, column).unwrap_or_else(|| typed_null(schema, column)))
            })
            .collect()
    }
}

fn key_column(node: usize, i: usize) -> DynIden {
    Alias::new(format!("n{node}k{i}")).into_iden()
}

/// A null that has a column's type with all its modifiers, which a recursive query must repeat exactly.
fn typed_null(schema: &Schema, column: &'static str) -> Expr {
    let mut nothing = Query::select();
    nothing
        .column(Alias::new(column))
        .from(schema.table.clone())
        .and_where(Expr::cust("1 = 0"));
    Expr::SubQuery(None, Box::new(nothing.into()))
}

/// The numbers of the rules as a table.
fn rules(count: usize) -> SelectStatement {
    let mut numbers = (0..count).map(|i| Query::select().expr_as(literal(i), Alias::new("n")).to_owned());
    let mut all = numbers.next().unwrap_or_default();
    all.unions(numbers.map(|number| (UnionType::All, number)));
    all
}

fn chosen(rule: &DynIden, i: usize) -> Expr {
    Expr::col((rule.clone(), Alias::new("n"))).eq(literal(i))
}

/// A number as text of the statement: a bound one would have no type in a list of columns.
fn literal(number: usize) -> Expr {
    Expr::cust(number.to_string())
}
