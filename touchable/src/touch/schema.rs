//! An entity's declaration, compiled once and without its type.

use std::{
    ptr,
    sync::{OnceLock, PoisonError, RwLock},
};

use metrics::Label;
use sea_orm::{
    ColumnTrait, DbErr, IdenStatic, Iterable, PrimaryKeyToColumn, QueryResult, RelationDef, Value,
    sea_query::{Alias, ColumnType, DynIden, IntoIden, TableRef},
};

use super::components::components;
use super::{Event, Events, Fields, Rule, plan::Key, rows::Rows};
use crate::{Stamp, Touchable};

/// What the engine knows of an entity.
#[derive(Debug)]
pub struct Schema {
    pub(crate) table: TableRef,
    pub(crate) name: &'static str,
    pub(crate) primary_key: Vec<&'static str>,
    pub(crate) touch: &'static str,
    pub(crate) version: Option<&'static str>,
    pub(crate) rules: Vec<CompiledRule>,
    pub(crate) value_stamp: fn(&Value) -> Option<Stamp>,
    pub(crate) rows: Rows,
    /// What a touch without a rule is called.
    pub(crate) touched: String,
    /// `table = name`, for metrics.
    pub(crate) labels: [Label; 1],
    /// The stream on which its changes are published.
    pub(crate) feed: Option<&'static str>,
    columns: Vec<(&'static str, ColumnKind)>,
    /// How the keys of its records begin.
    pub(crate) key_head: OnceLock<String>,
    place: OnceLock<Place>,
    published: OnceLock<Vec<&'static Schema>>,
}

/// Where an entity stands among those that rules connect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// How many steps rules lead on from here at most, cycles counted as one.
    pub height: usize,
    /// Whether rules lead back here.
    pub circular: bool,
}

/// A rule with its columns as names.
#[derive(Debug)]
pub(crate) struct CompiledRule {
    pub association: &'static str,
    /// `source -> association`.
    pub label: String,
    /// `rule = label`, for metrics.
    pub labels: [Label; 1],
    pub hops: Vec<RelationDef>,
    pub target: fn() -> &'static Schema,
    pub events: Events,
    pub columns: Vec<&'static str>,
    fields: Watched,
}

/// The fields of a rule as names.
#[derive(Debug)]
enum Watched {
    Any,
    Only(Vec<&'static str>),
    Except(Vec<&'static str>),
}

/// How a column is bumped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    /// A time with a zone: `DateTimeUtc`, `DateTimeWithTimeZone`, `OffsetDateTime`.
    Zoned,
    /// A time without a zone, read as UTC.
    Naive,
    Integer,
    /// Equal values can be written in several ways: `1.0` and `1.00`, `0.0` and `-0.0`.
    Number,
    /// Compared byte by byte, since collations call different texts equal.
    Text,
    /// A type that some backend cannot compare.
    Opaque,
    Other,
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
            value_stamp: E::value_stamp,
            rows: Rows::of::<E>(),
            touched: format!("{} touched", entity.as_str()),
            labels: [Label::new("table", entity.as_str())],
            feed: E::feed(),
            key_head: OnceLock::new(),
            place: OnceLock::new(),
            published: OnceLock::new(),
            rules: E::RULES.iter().map(CompiledRule::of).collect(),
            columns: E::Column::iter()
                .map(|column| (column.as_str(), ColumnKind::of(column.def().get_column_type())))
                .collect(),
        }
    }

    pub(crate) fn kind(&self, column: &str) -> Option<ColumnKind> {
        self.columns
            .iter()
            .find(|(name, _)| *name == column)
            .map(|(_, kind)| *kind)
    }

    pub(crate) fn column_names(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().map(|(name, _)| *name)
    }

    /// The primary key in a row that holds its columns under their names.
    pub(crate) fn key_of(&self, row: &QueryResult) -> Result<Key, DbErr> {
        let columns: Vec<String> = self.primary_key.iter().map(ToString::to_string).collect();
        (self.rows.key)(row, &columns)
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

impl Place {
    fn of(schema: &'static Schema) -> Self {
        let mut nodes = vec![schema];
        let mut edges = Vec::new();
        let mut from = 0;
        while let Some(node) = nodes.get(from).copied() {
            for rule in &node.rules {
                let target = (rule.target)();
                let to = nodes
                    .iter()
                    .position(|node| ptr::eq(*node, target))
                    .unwrap_or_else(|| {
                        nodes.push(target);
                        nodes.len() - 1
                    });
                edges.push((from, to));
            }
            from += 1;
        }
        let components = components(nodes.len(), &edges);
        let mut heights = vec![0; nodes.len()];
        for component in components.iter().rev() {
            let onward = edges
                .iter()
                .filter(|(from, to)| component.contains(from) && !component.contains(to))
                .map(|(_, to)| heights[*to] + 1);
            let height = onward.max().unwrap_or_default();
            for node in component {
                heights[*node] = height;
            }
        }
        let circular = components
            .iter()
            .any(|component| component.contains(&0) && component.len() > 1)
            || edges.contains(&(0, 0));
        Self {
            height: heights[0],
            circular,
        }
    }
}

impl CompiledRule {
    fn of<E: Touchable>(rule: &Rule<E>) -> Self {
        let names = |columns: &[E::Column]| columns.iter().map(IdenStatic::as_str).collect();
        let label = format!("{} -> {}", E::default().as_str(), rule.association);
        Self {
            association: rule.association,
            labels: [Label::new("rule", label.clone())],
            label,
            hops: (rule.path)(),
            target: rule.target,
            events: rule.events,
            columns: (rule.columns)(),
            fields: match rule.fields {
                Fields::Any => Watched::Any,
                Fields::Only(columns) => Watched::Only(names(columns)),
                Fields::Except(columns) => Watched::Except(names(columns)),
            },
        }
    }

    pub(crate) fn fields(&self) -> Fields<&str> {
        match &self.fields {
            Watched::Any => Fields::Any,
            Watched::Only(columns) => Fields::Only(columns),
            Watched::Except(columns) => Fields::Except(columns),
        }
    }

    pub(crate) fn watches(&self, column: &str) -> bool {
        match &self.fields {
            Watched::Any => true,
            Watched::Only(columns) => columns.contains(&column),
            Watched::Except(columns) => !columns.contains(&column),
        }
    }

    /// Whether a touch of the source row touches the target too.
    pub(crate) fn cascades(&self) -> bool {
        matches!(self.fields, Watched::Any) && self.events.contains(Event::Update)
    }

    /// The columns of the source's table that say which rows are associated.
    pub(crate) fn key(&self) -> impl Iterator<Item = String> {
        self.hops
            .first()
            .into_iter()
            .flat_map(|hop| hop.from_col.iter().map(ToString::to_string))
    }

    /// Whether the key is a foreign key of the source: a belongs-to association.
    pub(crate) fn belongs_to(&self) -> bool {
        self.hops.first().is_some_and(|hop| !hop.is_owner)
    }
}

impl ColumnKind {
    pub(crate) fn of(column: &ColumnType) -> Self {
        match column {
            ColumnType::TimestampWithTimeZone => Self::Zoned,
            ColumnType::DateTime | ColumnType::Timestamp => Self::Naive,
            ColumnType::TinyInteger
            | ColumnType::SmallInteger
            | ColumnType::Integer
            | ColumnType::BigInteger
            | ColumnType::TinyUnsigned
            | ColumnType::SmallUnsigned
            | ColumnType::Unsigned
            | ColumnType::BigUnsigned => Self::Integer,
            ColumnType::Char(_) | ColumnType::String(_) | ColumnType::Text | ColumnType::Enum { .. } => {
                Self::Text
            }
            ColumnType::Json | ColumnType::Custom(_) => Self::Opaque,
            ColumnType::Float | ColumnType::Double | ColumnType::Decimal(_) | ColumnType::Money(_) => {
                Self::Number
            }
            _ => Self::Other,
        }
    }
}
