//! The rules of many entities as one graph.
//!
//! ```text
//! println!("{graph}");             every rule on a line
//! graph.to_mermaid()               a drawing for a README
//! graph.cycles()                   where touches come back to where they began
//! touchable::check(&db, &graph)    whether the database can carry it
//! ```
//!
//! # Example: keep a drawing of the rules in the repository
//!
//! ```no_run
//! # fn draw<E: touchable::graph::Entities>() -> std::io::Result<()> {
//! # use touchable::TouchGraph;
//! let graph = TouchGraph::of::<E>(); // E = (event::Entity, task::Entity)
//! std::fs::write("docs/touches.mmd", graph.to_mermaid())
//! # }
//! ```

mod cycles;
mod draw;
mod rule;

use std::{fmt, ptr};

pub use rule::GraphRule;

use crate::{
    entity::{Schema, Touchable},
    error::{Error, Result},
};

/// The rules of some entities, and of all that these lead to.
///
/// An entity whose rules lead nowhere and that no rule leads to is part of it too, when it is named. Building a graph
/// makes its entities known to the process, as their first save would.
#[derive(Clone, Debug, Default)]
pub struct TouchGraph {
    schemas: Vec<&'static Schema>,
}

/// Entities as a type: `(event::Entity, task::Entity)`.
pub trait Entities {
    /// Their declarations.
    fn schemas() -> Vec<&'static Schema>;
}

macro_rules! entities {
    ($($entity:ident)+) => {
        impl<$($entity: Touchable),+> Entities for ($($entity,)+) {
            fn schemas() -> Vec<&'static Schema> {
                vec![$($entity::schema()),+]
            }
        }
    };
}
entities!(A);
entities!(A B);
entities!(A B C);
entities!(A B C D);
entities!(A B C D E);
entities!(A B C D E F);
entities!(A B C D E F G);
entities!(A B C D E F G H);
entities!(A B C D E F G H I);
entities!(A B C D E F G H I J);
entities!(A B C D E F G H I J K);
entities!(A B C D E F G H I J K L);

impl TouchGraph {
    /// The graph of these entities: `TouchGraph::of::<(event::Entity, task::Entity)>()`.
    #[must_use]
    pub fn of<E: Entities>() -> Self {
        Self::default().and::<E>()
    }

    /// This graph and that of more entities, where a tuple does not suffice.
    #[must_use]
    pub fn and<E: Entities>(self) -> Self {
        self.with(E::schemas())
    }

    pub(crate) fn with(mut self, schemas: impl IntoIterator<Item = &'static Schema>) -> Self {
        let mut open: Vec<&'static Schema> = schemas.into_iter().collect();
        open.reverse();
        while let Some(schema) = open.pop() {
            if self.place(schema).is_none() {
                self.schemas.push(schema);
                open.extend(schema.rules.iter().rev().map(|rule| (rule.target)()));
            }
        }
        self
    }

    /// The tables, in the order in which they were named or reached.
    pub fn tables(&self) -> impl Iterator<Item = &'static str> {
        self.schemas.iter().map(|schema| schema.name)
    }

    /// All rules: those of each table in the order of their declaration.
    pub fn rules(&self) -> impl Iterator<Item = GraphRule> {
        self.schemas
            .iter()
            .flat_map(|schema| schema.rules.iter().map(|rule| GraphRule::new(schema, rule)))
    }

    /// The entity of a table, by its name or with its schema: `events`, `shop.events`.
    ///
    /// # Errors
    /// When no table of the graph has this name, or several have it.
    pub(crate) fn find(&self, table: &str) -> Result<&'static Schema> {
        let mut found = self
            .schemas
            .iter()
            .filter(|schema| schema.name == table || schema.qualified() == table);
        match (found.next(), found.next()) {
            (Some(schema), None) => Ok(*schema),
            (None, _) => {
                let names: Vec<&str> = self.tables().collect();
                Err(Error::unknown_name("table", table, &names))
            }
            (Some(_), Some(_)) => {
                let names: Vec<String> = self.schemas.iter().map(|schema| schema.qualified()).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                Err(Error::unknown_name("single table", table, &names))
            }
        }
    }

    pub(crate) fn schemas(&self) -> &[&'static Schema] {
        &self.schemas
    }

    fn place(&self, schema: &Schema) -> Option<usize> {
        self.schemas.iter().position(|other| ptr::eq(*other, schema))
    }
}

/// Every rule on a line.
impl fmt::Display for TouchGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for rule in self.rules() {
            writeln!(f, "{rule}")?;
        }
        Ok(())
    }
}
