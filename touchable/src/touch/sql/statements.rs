//! The UPDATE of a touch, and the rows that it will find.

use std::cell::Cell;

use sea_orm::{
    DbBackend, Statement,
    sea_query::{
        Alias, Condition, DynIden, Expr, IntoIden, LockType, Order, Query, SelectStatement, TableRef,
        UpdateStatement,
    },
};

use super::{
    super::plan::{Except, RowSet, Start, Touch},
    conditions::in_subquery,
    key_alias, mysql,
};
use crate::{
    clock::Stamp,
    dialect::{rising, table_name},
    entity::Schema,
};

/// Writes the statements of one backend.
pub(crate) struct Sql {
    pub backend: DbBackend,
    aliases: Cell<usize>,
    /// Every table is read with a lock.
    locks: bool,
}

/// The statements of a touch.
#[derive(Debug)]
pub(crate) struct Worded<S = Statement> {
    pub update: S,
    /// Where the keys of its rows are asked for and the UPDATE does not return them: the question.
    pub moved: Option<S>,
    /// Where the plan's rows are to be locked first: locks its own, and says which they are.
    pub hold: Option<S>,
}

impl Worded {
    /// How many values its statements bind at most.
    pub(crate) fn binds(&self) -> usize {
        let bound = |statement: &Statement| statement.values.as_ref().map_or(0, |values| values.0.len());
        let others = [&self.moved, &self.hold].into_iter().flatten();
        others.map(bound).fold(bound(&self.update), usize::max)
    }
}

impl<S> Worded<S> {
    pub(crate) fn map<T>(&self, each: impl Fn(&S) -> T) -> Worded<T> {
        Worded {
            update: each(&self.update),
            moved: self.moved.as_ref().map(&each),
            hold: self.hold.as_ref().map(each),
        }
    }
}

impl Sql {
    pub(crate) fn new(backend: DbBackend) -> Self {
        Self {
            backend,
            aliases: Cell::new(0),
            locks: false,
        }
    }

    /// Questions of what is stored now. In transactions of `InnoDB` only locking reads are not older than their row's lock, and
    /// each subselect has to say so itself.
    pub(crate) fn of_now(backend: DbBackend) -> Self {
        Self {
            locks: backend == DbBackend::MySql,
            ..Self::new(backend)
        }
    }

    /// A part of a question, with the lock that all of it has.
    pub(super) fn locking(&self, mut select: SelectStatement) -> SelectStatement {
        if self.locks {
            select.lock(LockType::Update);
        }
        select
    }

    /// The statements of a touch.
    pub(crate) fn touch(&self, touch: &Touch, stamp: Stamp) -> Worded {
        let asks = touch.published && self.backend == DbBackend::MySql;
        Worded {
            update: self.update(touch, stamp),
            moved: asks.then(|| mysql::moved(self, touch, stamp)),
            // Elsewhere nobody can change what an UPDATE has looked through.
            hold: (touch.held && self.backend == DbBackend::Postgres).then(|| self.hold(touch)),
        }
    }

    /// The UPDATE of a touch.
    fn update(&self, touch: &Touch, stamp: Stamp) -> Statement {
        let target = touch.target;
        let mut update = Query::update();
        update.table(target.table.clone());
        for (column, value) in rising::assignments(self.backend, target, touch.columns, stamp) {
            update.value(Alias::new(column), value);
        }
        if touch.published && self.backend != DbBackend::MySql {
            update.returning(Query::returning().exprs(target.read_keys(None)));
        }
        match self.backend {
            DbBackend::Postgres => self.locked_in_order(touch, update),
            DbBackend::MySql if touch.rows.is_direct() && !matches!(touch.except, Except::Rows(_)) => {
                update.cond_where(self.rows_and_except(touch, &table_name(target)));
                for column in &target.primary_key {
                    update.order_by(Alias::new(*column), Order::Asc);
                }
                if touch.rows.is_by_key(target) && !touch.rows.is_single(target) {
                    return mysql::by_primary_key(&update, target);
                }
                self.backend.build(&update)
            }
            DbBackend::MySql => mysql::update(self, touch, update),
            _ => {
                update.cond_where(self.rows_and_except(touch, &table_name(target)));
                self.backend.build(&update)
            }
        }
    }

    /// PostgreSQL locks rows in the order in which it meets them; an ordered subselect fixes that order.
    fn locked_in_order(&self, touch: &Touch, mut update: UpdateStatement) -> Statement {
        let target = touch.target;
        if touch.rows.is_single(target) && !is_looked_from(target) {
            update.cond_where(self.rows_and_except(touch, &table_name(target)));
        } else {
            update.cond_where(in_subquery(
                &table_name(target),
                &target.primary_key_idens(),
                self.locked_keys(touch),
            ));
        }
        self.backend.build(&update)
    }

    fn locked_keys(&self, touch: &Touch) -> SelectStatement {
        let mut rows = self.ordered_keys(touch);
        rows.lock(if is_looked_from(touch.target) {
            LockType::Update
        } else {
            LockType::NoKeyUpdate
        });
        rows
    }

    /// Locks the rows of a touch, and says which they are in one value.
    fn hold(&self, touch: &Touch) -> Statement {
        let keys = r#"sha256(convert_to(coalesce(string_agg(CAST("held" AS text), ','), ''), 'UTF8'))"#;
        self.backend.build(
            Query::select()
                .expr(Expr::cust(keys))
                .from_subquery(self.locked_keys(touch), "held"),
        )
    }

    /// The primary keys of a touch's rows, as many as `limit`; nothing is locked.
    pub(crate) fn select_touched(&self, touch: &Touch, limit: u64) -> Statement {
        let mut rows = self.ordered(touch, true);
        rows.limit(limit);
        self.build(&rows)
    }

    fn build(&self, select: &SelectStatement) -> Statement {
        let statement = self.backend.build(select);
        if self.backend == DbBackend::MySql {
            mysql::unbounded(statement)
        } else {
            statement
        }
    }

    /// How many rows a touch has, as `n`.
    pub(crate) fn count_touched(&self, touch: &Touch) -> Statement {
        let mut rows = self.ordered_keys(touch);
        rows.clear_order_by();
        let count = Query::select()
            .expr_as(Expr::cust("COUNT(*)"), Alias::new("n"))
            .from_subquery(rows, Alias::new("hit"))
            .to_owned();
        self.build(&count)
    }

    /// The primary keys of a touch's rows, in order, named `k0`, `k1`, …
    pub(crate) fn ordered_keys(&self, touch: &Touch) -> SelectStatement {
        self.ordered(touch, false)
    }

    fn ordered(&self, touch: &Touch, read: bool) -> SelectStatement {
        let alias = self.alias();
        let mut rows = Query::select();
        rows.from(touch.target.table.clone().alias(alias.clone()));
        for (i, column) in touch.target.primary_key.iter().enumerate() {
            let key = Expr::col((alias.clone(), Alias::new(*column)));
            let key = if read { touch.target.read(column, key) } else { key };
            rows.expr_as(key, key_alias(i));
            rows.order_by((alias.clone(), Alias::new(*column)), Order::Asc);
        }
        rows.cond_where(self.rows_and_except(touch, &alias));
        rows
    }

    pub(crate) fn select(
        &self,
        table: TableRef,
        columns: &[DynIden],
        condition: impl Fn(&DynIden) -> Condition,
    ) -> SelectStatement {
        let alias = self.alias();
        let mut select = Query::select();
        select.from(table.alias(alias.clone()));
        for (i, column) in columns.iter().enumerate() {
            select.expr_as(Expr::col((alias.clone(), column.clone())), key_alias(i));
        }
        select.cond_where(condition(&alias));
        self.locking(select)
    }

    pub(crate) fn alias(&self) -> DynIden {
        let n = self.aliases.get();
        self.aliases.set(n + 1);
        Alias::new(format!("t{n}")).into_iden()
    }
}

/// A foreign key may not name a row from which the next touch looks for rows that do: it would not see a new one.
fn is_looked_from(target: &Schema) -> bool {
    target.cascading().any(|rule| !rule.belongs_to())
}

impl RowSet {
    /// Whether the rows are found without asking another table.
    fn is_direct(&self) -> bool {
        match self {
            Self::Keys(_) => true,
            Self::Through {
                rule,
                from: Start::Values(_),
            } => rule.hops.len() == 1 && !rule.is_conditional(),
            _ => false,
        }
    }

    /// Whether the rows are found by their primary keys.
    fn is_by_key(&self, schema: &Schema) -> bool {
        match self {
            Self::Keys(_) => true,
            Self::Through {
                rule,
                from: Start::Values(_),
            } => match rule.hops.as_slice() {
                [hop] => {
                    let names = hop.to_col.iter().map(ToString::to_string);
                    hop.on_condition.is_none() && names.eq(schema.primary_key.iter().copied())
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether there is at most one row, so that no order of locks has to be kept.
    fn is_single(&self, schema: &Schema) -> bool {
        let keys = match self {
            Self::Keys(keys) => keys.len(),
            Self::Through {
                from: Start::Values(values),
                ..
            } => values.current.len() + values.former.len(),
            _ => return false,
        };
        keys <= 1 && self.is_by_key(schema)
    }
}
