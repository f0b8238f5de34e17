//! A schema as the model sees it: tables, the values that columns are given, and rules, written down a second time
//! beside the entities' own declarations.

use sea_orm::Value;
use touchable_tests::Backend;

use crate::{model::plain, nest::Nesting, perform::Entity, state::Stored};

/// A set of tables and the rules among them.
#[derive(Debug)]
pub struct Schema {
    /// Its name in histories.
    pub name: &'static str,
    /// Where it can be created.
    pub backends: &'static [Backend],
    /// In the order in which foreign keys allow them to be created.
    pub tables: Vec<Table>,
    /// All rules.
    pub rules: Vec<Rule>,
    /// Statements before the tables are created.
    pub before: fn(Backend) -> Vec<String>,
    /// Statements after the tables are created.
    pub after: fn(Backend) -> Vec<String>,
}

/// An entity's table.
#[derive(Debug)]
pub struct Table {
    /// Its name in the database.
    pub name: &'static str,
    /// The entity.
    pub entity: Box<dyn Entity>,
    /// All columns but those of [`stamps`](Self::stamps), the key's first.
    pub columns: Vec<Column>,
    /// How many of the columns are the key.
    pub key: usize,
    /// The keys that rows have: the first [`seeded`](Self::seeded) are there at the start.
    pub keys: Vec<Vec<Value>>,
    /// How many rows there are at the start.
    pub seeded: usize,
    /// The columns that are keys of fragments: the touch column first.
    pub stamps: Vec<&'static str>,
    /// Which of the stamps is a version, an integer.
    pub version: Option<&'static str>,
    /// Columns that the database computes.
    pub generated: Vec<&'static str>,
    /// Whether its hooks refuse a save that sets a column to [`REFUSED`].
    pub refuses: bool,
    /// Whether rows are never inserted.
    pub closed: bool,
    /// The column that deletes a row while it is set.
    pub deleted: Option<&'static str>,
    /// The rows that the database deletes with a row.
    pub takes: Vec<Hop>,
    /// The rows in which the database removes a foreign key with the row that it names.
    pub unlinks: Vec<Hop>,
    /// How its rows are saved with what belongs to them.
    pub nesting: Option<Nesting>,
}

/// The value that hooks refuse.
pub const REFUSED: &str = "refused";

/// A column that is written.
#[derive(Debug)]
pub struct Column {
    /// Its name in the database.
    pub name: &'static str,
    /// The values it is set to, the seed's first. None: a text that is unique to each write.
    pub values: Vec<Value>,
    /// The numbers of the values that the first rows have; the others have the first value.
    pub seeds: Vec<u8>,
    /// Whether its change alone changes the rows that a rule leads to without being in the rule: foreign keys.
    pub leads: bool,
}

/// A rule: a change of `from` is shown by the rows that `path` leads to.
#[derive(Debug)]
pub struct Rule {
    /// The table that it stands at.
    pub from: usize,
    /// The hops, at least one.
    pub path: Vec<Hop>,
    /// The columns that it watches.
    pub watches: Watches,
    /// The target's columns that it bumps, by their place among its stamps.
    pub bumps: Vec<usize>,
    /// Whether it fires for touches of its row although it has a list of columns.
    pub goes_on: bool,
}

/// The columns of a rule.
#[derive(Debug)]
pub enum Watches {
    /// Every column, and touches of the row.
    Any,
    /// These.
    Only(Vec<&'static str>),
    /// Every column but these.
    Except(Vec<&'static str>),
}

/// One association.
#[derive(Debug)]
pub struct Hop {
    /// Where it leads.
    pub to: usize,
    /// Columns that have to be equal: of the row before, and of the row behind.
    pub on: Vec<(&'static str, &'static str)>,
    /// A column of the row before (`false`) or behind (`true`) that has to have this text.
    pub only: Option<(bool, &'static str, &'static str)>,
    /// Whether texts are equal that differ in case only.
    pub caseless: bool,
}

impl Hop {
    /// Without a condition.
    #[must_use]
    pub fn to(to: usize, from_column: &'static str, to_column: &'static str) -> Self {
        Self {
            to,
            on: vec![(from_column, to_column)],
            only: None,
            caseless: false,
        }
    }

    /// With another pair of columns.
    #[must_use]
    pub fn and(mut self, from_column: &'static str, to_column: &'static str) -> Self {
        self.on.push((from_column, to_column));
        self
    }

    /// With columns of a type in which case does not count.
    #[must_use]
    pub fn caseless(self) -> Self {
        Self {
            caseless: true,
            ..self
        }
    }

    /// Only where the row before has this text in a column.
    #[must_use]
    pub fn from_where(mut self, column: &'static str, text: &'static str) -> Self {
        self.only = Some((false, column, text));
        self
    }

    /// Only where the row behind has this text in a column.
    #[must_use]
    pub fn to_where(mut self, column: &'static str, text: &'static str) -> Self {
        self.only = Some((true, column, text));
        self
    }
}

impl Rule {
    /// Watches everything, touches included.
    #[must_use]
    pub fn any(from: usize, path: Vec<Hop>) -> Self {
        Self {
            from,
            path,
            watches: Watches::Any,
            bumps: vec![0],
            goes_on: false,
        }
    }

    /// Watches some columns.
    #[must_use]
    pub fn only<const N: usize>(from: usize, columns: [&'static str; N], path: Vec<Hop>) -> Self {
        Self {
            watches: Watches::Only(columns.into()),
            ..Self::any(from, path)
        }
    }

    /// Watches all but some columns.
    #[must_use]
    pub fn except<const N: usize>(from: usize, columns: [&'static str; N], path: Vec<Hop>) -> Self {
        Self {
            watches: Watches::Except(columns.into()),
            ..Self::any(from, path)
        }
    }

    /// Bumps these stamps of the target instead of the first.
    #[must_use]
    pub fn bumps<const N: usize>(self, stamps: [usize; N]) -> Self {
        Self {
            bumps: stamps.into(),
            ..self
        }
    }

    /// Fires for touches of its row as well.
    #[must_use]
    pub fn goes_on(self) -> Self {
        Self {
            goes_on: true,
            ..self
        }
    }

    /// The table that it touches.
    #[must_use]
    pub fn target(&self) -> usize {
        self.path.last().expect("a hop").to
    }

    /// Whether it watches this column.
    #[must_use]
    pub fn watches(&self, column: &str) -> bool {
        match &self.watches {
            Watches::Any => true,
            Watches::Only(columns) => columns.contains(&column),
            Watches::Except(columns) => !columns.contains(&column),
        }
    }

    /// Whether it fires when its row is touched.
    #[must_use]
    pub const fn cascades(&self) -> bool {
        self.goes_on || self.shows_key()
    }

    /// Whether what it brings is shown as a fragment with a key of its own.
    #[must_use]
    pub const fn shows_key(&self) -> bool {
        matches!(self.watches, Watches::Any)
    }
}

impl Column {
    /// A column with these values.
    #[must_use]
    pub fn of<V: Into<Value>>(name: &'static str, values: impl IntoIterator<Item = V>) -> Self {
        Self {
            name,
            values: values.into_iter().map(Into::into).collect(),
            seeds: Vec::new(),
            leads: false,
        }
    }

    /// The column in which every write leaves a text of its own.
    #[must_use]
    pub const fn note() -> Self {
        Self {
            name: "note",
            values: Vec::new(),
            seeds: Vec::new(),
            leads: false,
        }
    }

    /// What the first rows have.
    #[must_use]
    pub fn seeds(self, seeds: impl Into<Vec<u8>>) -> Self {
        Self {
            seeds: seeds.into(),
            ..self
        }
    }

    /// Makes it a part of a foreign key.
    #[must_use]
    pub fn leads(self) -> Self {
        Self { leads: true, ..self }
    }

    /// Whether every write gives it another text.
    #[must_use]
    pub fn is_note(&self) -> bool {
        self.values.is_empty()
    }
}

impl Table {
    /// A table of an entity, with one key column of these values.
    #[must_use]
    pub fn new<V: Into<Value> + Clone>(
        entity: Box<dyn Entity>,
        key: &'static str,
        keys: impl IntoIterator<Item = V>,
        columns: Vec<Column>,
    ) -> Self {
        let keys: Vec<V> = keys.into_iter().collect();
        let mut all = vec![Column::of(key, keys.clone())];
        all.extend(columns);
        Self::with_key(
            entity,
            1,
            keys.into_iter().map(|key| vec![key.into()]).collect(),
            all,
        )
    }

    /// A table whose first `key` columns are the key.
    #[must_use]
    pub fn with_key(
        entity: Box<dyn Entity>,
        key: usize,
        keys: Vec<Vec<Value>>,
        columns: Vec<Column>,
    ) -> Self {
        Self {
            name: entity.table_name(),
            entity,
            columns,
            key,
            seeded: keys.len().saturating_sub(1).max(1),
            keys,
            stamps: vec!["updated_at"],
            version: None,
            generated: Vec::new(),
            refuses: false,
            closed: false,
            deleted: None,
            takes: Vec::new(),
            unlinks: Vec::new(),
            nesting: None,
        }
    }

    /// With a column that is compared, and written by the database.
    #[must_use]
    pub fn generated(mut self, column: &'static str) -> Self {
        self.generated.push(column);
        self
    }

    /// With another column that is the key of a fragment.
    #[must_use]
    pub fn stamp(mut self, column: &'static str) -> Self {
        self.stamps.push(column);
        self
    }

    /// With a version, which then is the key of the main fragment.
    #[must_use]
    pub fn version(mut self, column: &'static str) -> Self {
        self.version = Some(column);
        self
    }

    /// With hooks that refuse [`REFUSED`].
    #[must_use]
    pub fn refuses(self) -> Self {
        Self {
            refuses: true,
            ..self
        }
    }

    /// With the rows of the start and no others. Without foreign keys rows can wait for a parent that comes later; an
    /// insert touches no children, and says so: what a rule promises ends there.
    #[must_use]
    pub fn closed(self) -> Self {
        Self { closed: true, ..self }
    }

    /// With a column that deletes a row while it is set.
    #[must_use]
    pub fn deleted(self, column: &'static str) -> Self {
        Self {
            deleted: Some(column),
            ..self
        }
    }

    /// Whose foreign key to this table has `ON DELETE CASCADE`.
    #[must_use]
    pub fn takes(mut self, hop: Hop) -> Self {
        self.takes.push(hop);
        self
    }

    /// Whose foreign key to this table has `ON DELETE SET NULL`.
    #[must_use]
    pub fn unlinks(mut self, hop: Hop) -> Self {
        self.unlinks.push(hop);
        self
    }

    /// Whose rows are saved with what belongs to them.
    #[must_use]
    pub fn nests(self, nesting: Nesting) -> Self {
        Self {
            nesting: Some(nesting),
            ..self
        }
    }

    /// Whether a column deletes this row.
    #[must_use]
    pub fn is_deleted(&self, row: &Stored) -> bool {
        self.deleted.is_some_and(|column| {
            let value = row.content[self.column(column)].as_deref();
            value.and_then(plain).is_some()
        })
    }

    /// The place of a column among those that are written or computed.
    #[must_use]
    pub fn column(&self, name: &str) -> usize {
        self.compared()
            .position(|column| column == name)
            .unwrap_or_else(|| panic!("no column {name} in {}", self.name))
    }

    /// The columns whose contents are compared: all but stamps.
    pub fn compared(&self) -> impl Iterator<Item = &'static str> {
        let written = self.columns.iter().map(|column| column.name);
        written.chain(self.generated.iter().copied())
    }

    /// The columns by which fragments are kept.
    pub fn keyed(&self) -> impl Iterator<Item = &'static str> {
        self.stamps.iter().copied().chain(self.version)
    }
}
