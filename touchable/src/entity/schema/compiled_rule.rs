//! A rule with its columns as names.

use metrics::Label;
use sea_orm::{
    ColumnTrait, EntityTrait, IdenStatic, Iterable, RelationDef,
    sea_query::{Alias, IntoIden, PostgresQueryBuilder, Query},
};

use super::super::{
    rule::{Event, Events, Fields, Rule},
    touchable::Touchable,
};
use super::column::{Cast, cast};
use crate::entity::Schema;

/// A rule with its columns as names.
#[derive(Debug)]
pub(crate) struct CompiledRule {
    pub association: &'static str,
    /// `source -> association`.
    pub label: String,
    /// `rule = label`, for metrics.
    pub labels: [Label; 1],
    pub hops: Vec<RelationDef>,
    /// What values of its key have to be cast to, in the order of the first hop's columns.
    pub casts: Vec<Cast>,
    pub target: fn() -> &'static Schema,
    pub events: Events,
    pub columns: Vec<&'static str>,
    /// The columns of the source that the association's own condition reads.
    asked: Vec<&'static str>,
    fields: Watched,
    /// The column by which rows are deleted, when the rule hears of that.
    deleted: Option<&'static str>,
}

/// The fields of a rule as names.
#[derive(Debug)]
enum Watched {
    Any,
    Only(Vec<&'static str>),
    Except(Vec<&'static str>),
}

impl CompiledRule {
    pub(super) fn of<E: Touchable>(rule: &Rule<E>) -> Self {
        let names = |columns: &[E::Column]| columns.iter().map(IdenStatic::as_str).collect();
        let label = format!("{} -> {}", E::default().as_str(), rule.association);
        let hops = (rule.path)();
        Self {
            association: rule.association,
            labels: [Label::new("rule", label.clone())],
            label,
            casts: hops.first().map(casts::<E>).unwrap_or_default(),
            asked: hops.first().map(asked::<E>).unwrap_or_default(),
            hops,
            target: rule.target,
            events: rule.events,
            deleted: E::DELETED_COLUMN
                .filter(|_| rule.events.create || rule.events.delete)
                .map(|column| column.as_str()),
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

    /// Whether an update can fire the rule.
    pub(crate) const fn hears_updates(&self) -> bool {
        self.events.update || self.events.touch || self.deleted.is_some()
    }

    /// Whether a change of this column fires the rule.
    pub(crate) fn watches(&self, column: &str) -> bool {
        self.events.update
            && match &self.fields {
                Watched::Any => true,
                Watched::Only(columns) => columns.contains(&column),
                Watched::Except(columns) => !columns.contains(&column),
            }
    }

    /// Whether a touch of the source row touches the target too.
    pub(crate) fn cascades(&self) -> bool {
        self.events.contains(Event::Touch)
            || matches!(self.fields, Watched::Any) && self.events.contains(Event::Update)
    }

    /// The columns of the source's table that say which rows are associated.
    pub(crate) fn key(&self) -> impl Iterator<Item = String> {
        self.hops
            .first()
            .into_iter()
            .flat_map(|hop| hop.from_col.iter().map(ToString::to_string))
    }

    /// Whether the association has a condition of its own, which has to be asked of the row.
    pub(crate) fn is_conditional(&self) -> bool {
        self.hops.first().is_some_and(|hop| hop.on_condition.is_some())
    }

    /// Whether the rule is fired when this column says that the row is deleted or restored.
    pub(crate) fn is_deleted_by(&self, column: &str) -> bool {
        self.deleted == Some(column)
    }

    /// Whether the association itself may be another one when this column changes.
    pub(crate) fn is_moved_by(&self, column: &str) -> bool {
        self.key().any(|key| key == column) || self.asked.contains(&column)
    }

    /// Whether a change of this column fires the rule because it associates other rows.
    pub(crate) fn is_fired_by_move(&self, column: &str) -> bool {
        self.events.update && self.is_moved_by(column)
    }

    /// Whether a change of this column, be it the touch column, may fire the rule.
    pub(crate) fn is_concerned_by(&self, column: &str, is_touch: bool) -> bool {
        if is_touch {
            return self.cascades() || self.is_fired_by_move(column);
        }
        self.watches(column) || self.is_fired_by_move(column) || self.is_deleted_by(column)
    }

    /// Whether the key is a foreign key of the source: a belongs-to association.
    pub(crate) fn belongs_to(&self) -> bool {
        self.hops.first().is_some_and(|hop| !hop.is_owner)
    }
}

fn casts<E: EntityTrait>(hop: &RelationDef) -> Vec<Cast> {
    let names = hop.from_col.iter().map(ToString::to_string);
    names
        .map(|name| {
            let column = E::Column::iter().find(|column| column.as_str() == name);
            column.and_then(|column| cast(column.def().get_column_type()))
        })
        .collect()
}

/// The columns of the source that an association's condition reads, found in how it is spelled. A name that both tables
/// have counts as the source's.
fn asked<E: EntityTrait>(hop: &RelationDef) -> Vec<&'static str> {
    const TARGET: &str = "touchable_target";
    let Some(on) = &hop.on_condition else {
        return Vec::new();
    };
    let [source, target] = ["touchable_source", TARGET].map(|name| Alias::new(name).into_iden());
    let sql = Query::select()
        .cond_where(on(source, target))
        .to_string(PostgresQueryBuilder);
    let reads = |name: &&'static str| {
        let quoted = format!("\"{name}\"");
        sql.match_indices(&quoted)
            .any(|(at, _)| !sql[..at].ends_with(&format!("\"{TARGET}\".")))
    };
    E::Column::iter()
        .map(|column| column.as_str())
        .filter(reads)
        .collect()
}
