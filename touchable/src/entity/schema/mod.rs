//! An entity's declaration, compiled once and without its type.

mod column;
mod compiled_rule;
mod place;

use std::{
    cmp::Reverse,
    ptr,
    sync::{OnceLock, PoisonError, RwLock},
};

use metrics::Label;
use sea_orm::{
    ColumnTrait, DbBackend, DbErr, IdenStatic, Iterable, PrimaryKeyToColumn, QueryResult, Statement, Value,
    sea_query::{Alias, DynIden, Expr, ExprTrait, IntoIden, TableName, TableRef},
};

pub(crate) use column::{Cast, ColumnKind, typed};
pub(crate) use compiled_rule::CompiledRule;
pub(crate) use place::Place;

use super::{
    row::{Key, is_null},
    rows::Rows,
    touchable::Touchable,
};
use crate::clock::Stamp;

/// What the engine knows of an entity.
#[derive(Debug)]
pub struct Schema {
    pub(crate) table: TableRef,
    pub(crate) name: &'static str,
    pub(crate) primary_key: Vec<&'static str>,
    pub(crate) touch: &'static str,
    pub(crate) version: Option<&'static str>,
    /// The column by which rows are deleted.
    pub(crate) deleted: Option<&'static str>,
    pub(crate) rules: Vec<CompiledRule>,
    pub(crate) value_stamp: fn(&Value) -> Option<Stamp>,
    pub(crate) rows: Rows,
    /// What a touch without a rule is called.
    pub(crate) touched: String,
    /// `table = name`, for metrics.
    pub(crate) labels: [Label; 1],
    /// The stream on which its changes are published.
    pub(crate) feed: Option<&'static str>,
    columns: Vec<(&'static str, ColumnKind, Cast)>,
    /// How the keys of its records begin.
    pub(crate) key_head: OnceLock<String>,
    /// The table as statements name it: in double quotes, and in MySQL's backticks.
    pub(crate) quoted: [OnceLock<String>; 2],
    place: OnceLock<Place>,
    circles: OnceLock<Vec<&'static Schema>>,
    conditional: OnceLock<bool>,
    published: OnceLock<Vec<&'static Schema>>,
}

/// The schemas that this process has used.
static KNOWN: RwLock<Vec<fn() -> &'static Schema>> = RwLock::new(Vec::new());

/// The schemas that this process has used: those of entities that it has saved or touched.
pub(crate) fn known() -> Vec<&'static Schema> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner).clone();
    known.into_iter().map(|schema| schema()).collect()
}

impl Schema {
    /// Compiles the declaration of an entity. The derive keeps the result in a static.
    #[must_use]
    pub fn of<E: Touchable>() -> Self {
        let entity = E::default();
        KNOWN
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(E::schema);
        Self {
            table: entity.table_ref(),
            name: entity.as_str(),
            primary_key: E::PrimaryKey::iter()
                .map(|key| key.into_column().as_str())
                .collect(),
            touch: E::TOUCH_COLUMN.as_str(),
            version: E::VERSION_COLUMN.map(|column| column.as_str()),
            deleted: E::DELETED_COLUMN.map(|column| column.as_str()),
            value_stamp: E::value_stamp,
            rows: Rows::of::<E>(),
            touched: format!("{} touched", entity.as_str()),
            labels: [Label::new("table", entity.as_str())],
            feed: E::feed(),
            key_head: OnceLock::new(),
            quoted: [const { OnceLock::new() }; 2],
            place: OnceLock::new(),
            circles: OnceLock::new(),
            conditional: OnceLock::new(),
            published: OnceLock::new(),
            rules: E::RULES.iter().map(CompiledRule::of).collect(),
            columns: E::Column::iter()
                .map(|column| {
                    let def = column.def();
                    let kind = def.get_column_type();
                    (column.as_str(), ColumnKind::of(kind), column::cast(kind))
                })
                .collect(),
        }
    }

    /// The table's name, with its schema where it is declared: `shop.events`.
    pub(crate) fn qualified(&self) -> String {
        match &self.table {
            TableRef::Table(TableName(Some(schema), table), _) => format!("{}.{table}", schema.1),
            _ => self.name.to_owned(),
        }
    }

    pub(crate) fn kind(&self, column: &str) -> Option<ColumnKind> {
        self.columns
            .iter()
            .find(|(name, ..)| *name == column)
            .map(|(_, kind, _)| *kind)
    }

    /// What values of these columns have to be cast to.
    pub(crate) fn casts<'a>(&self, columns: impl IntoIterator<Item = &'a str>) -> Vec<Cast> {
        let cast = |column| self.columns.iter().find(|(name, ..)| *name == column)?.2.clone();
        columns.into_iter().map(cast).collect()
    }

    /// A value of a column in its type.
    pub(crate) fn typed(&self, column: &str, value: Value) -> Expr {
        let casts = self.casts([column]);
        typed(value, casts.first())
    }

    /// A column of the primary key as the process reads it: PostgreSQL's enums as text, as SeaORM does it.
    pub(crate) fn read(&self, column: &'static str, expr: Expr) -> Expr {
        match self.kind(column) {
            Some(ColumnKind::Enum) => expr.as_enum(Alias::new("text")),
            _ => expr,
        }
    }

    /// The columns of the primary key as the process reads them.
    pub(crate) fn read_keys(&self, table: Option<&DynIden>) -> Vec<Expr> {
        let names = self.primary_key.iter();
        names
            .map(|name| {
                let column = Alias::new(*name);
                let expr = table.map_or_else(
                    || Expr::col(column.clone()),
                    |table| Expr::col((table.clone(), column.clone())),
                );
                self.read(name, expr)
            })
            .collect()
    }

    pub(crate) fn column_names(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().map(|(name, ..)| *name)
    }

    /// The primary key in a row that holds its columns under their names.
    pub(crate) fn key_of(&self, row: &QueryResult) -> Result<Key, DbErr> {
        let columns: Vec<String> = self.primary_key.iter().map(ToString::to_string).collect();
        (self.rows.key)(row, &columns)
    }

    /// The row that this rule's associated rows are found by, asked of a row that holds all columns; `None` when it names
    /// nobody.
    pub(crate) fn association(&self, row: &QueryResult, rule: &CompiledRule) -> Result<Option<Key>, DbErr> {
        let values = (self.rows.columns)(row)?;
        let value = |name: String| {
            let at = self.columns.iter().position(|(column, ..)| *column == name)?;
            values.get(at).filter(|value| !is_null(value)).cloned()
        };
        Ok(rule.key().map(value).collect())
    }

    /// Asks for the row with this key, all its columns.
    pub(crate) fn find(&self, backend: DbBackend, key: &Key) -> Statement {
        backend.build(&(self.rows.one)(key))
    }

    pub(crate) fn primary_key_idens(&self) -> Vec<DynIden> {
        self.primary_key
            .iter()
            .map(|name| Alias::new(*name).into_iden())
            .collect()
    }

    /// The rules through which a touch of this entity's rows goes on.
    pub(crate) fn cascading(&self) -> impl Iterator<Item = &CompiledRule> {
        self.rules.iter().filter(|rule| rule.cascades())
    }

    /// A table's name in full, which tells tables apart.
    pub(crate) fn order(&self) -> String {
        format!("{:?}", self.table)
    }

    /// Where this entity stands. Flushes go from high to low: a save locks its row before those that show it, and so
    /// does every flush that touches both.
    pub(crate) fn place(&'static self) -> Place {
        *self.place.get_or_init(|| Place::of(self))
    }

    /// For each circle of rules that this entity's lead to, the entity that comes first in the order of locks.
    pub(crate) fn circles(&'static self) -> &'static [&'static Self] {
        self.circles.get_or_init(|| self.find_circles())
    }

    /// Whether an association on the way of this entity's rules has a condition of its own.
    pub(crate) fn leads_through_conditions(&'static self) -> bool {
        *self.conditional.get_or_init(|| {
            let reached = self.reached();
            let mut hops = reached
                .iter()
                .flat_map(|schema| &schema.rules)
                .flat_map(|rule| &rule.hops);
            hops.any(|hop| hop.on_condition.is_some())
        })
    }

    fn find_circles(&'static self) -> Vec<&'static Self> {
        let mut firsts: Vec<&'static Self> = Vec::new();
        for circular in self
            .reached()
            .into_iter()
            .filter(|schema| schema.place().circular)
        {
            let back =
                |other: &&'static Self| other.reached().iter().any(|schema| ptr::eq(*schema, circular));
            let circle = circular.reached().into_iter().filter(back);
            let first = circle.min_by_key(|schema| schema.order()).unwrap_or(circular);
            if !firsts.iter().any(|known| ptr::eq(*known, first)) {
                firsts.push(first);
            }
        }
        firsts.sort_by_cached_key(|schema| (Reverse(schema.place().height), schema.order()));
        firsts
    }

    /// The entities that rules lead to from here, this one among them.
    fn reached(&'static self) -> Vec<&'static Self> {
        let mut reached = vec![self];
        let mut from = 0;
        while let Some(schema) = reached.get(from).copied() {
            for target in schema.rules.iter().map(|rule| (rule.target)()) {
                if !reached.iter().any(|known| ptr::eq(*known, target)) {
                    reached.push(target);
                }
            }
            from += 1;
        }
        reached
    }

    /// The published entities of which a write of this one can move rows, itself among them.
    pub(crate) fn published(&'static self) -> &'static [&'static Self] {
        self.published.get_or_init(|| self.published_but(|_| false))
    }

    /// The same where some entities are neither touched nor passed through.
    pub(crate) fn published_but(&'static self, suppressed: impl Fn(&Self) -> bool) -> Vec<&'static Self> {
        let mut reached = vec![self];
        let mut from = 0;
        while let Some(schema) = reached.get(from).copied() {
            for rule in schema.rules.iter().filter(|rule| from == 0 || rule.cascades()) {
                let target = (rule.target)();
                if !suppressed(target) && !reached.iter().any(|other| ptr::eq(*other, target)) {
                    reached.push(target);
                }
            }
            from += 1;
        }
        reached.retain(|schema| schema.feed.is_some());
        reached
    }
}
