//! A rule as the graph shows it.

use std::fmt;

use crate::entity::{CompiledRule, Event, Events, Fields, Schema};

/// One rule of a [`TouchGraph`](crate::TouchGraph).
///
/// Shown as a line: `events -> tasks: name touches tasks`.
#[derive(Clone, Copy)]
pub struct GraphRule {
    source: &'static Schema,
    rule: &'static CompiledRule,
}

impl GraphRule {
    pub(super) const fn new(source: &'static Schema, rule: &'static CompiledRule) -> Self {
        Self { source, rule }
    }

    /// The table whose changes fire the rule.
    #[must_use]
    pub fn source(&self) -> &'static str {
        self.source.name
    }

    /// The association as the declaration names it.
    #[must_use]
    pub fn association(&self) -> &'static str {
        self.rule.association
    }

    /// The rule in short: `events -> tasks`.
    #[must_use]
    pub fn label(&self) -> &'static str {
        &self.rule.label
    }

    /// The table whose rows the rule touches.
    #[must_use]
    pub fn target(&self) -> &'static str {
        self.target_schema().name
    }

    /// The watched fields, by their names in the database.
    #[must_use]
    pub fn fields(&self) -> Fields<&'static str> {
        self.rule.fields()
    }

    /// The events that can fire the rule.
    #[must_use]
    pub const fn events(&self) -> Events {
        self.rule.events
    }

    /// The columns of the target that the rule bumps, when these are not its touch column.
    #[must_use]
    pub fn columns(&self) -> &'static [&'static str] {
        &self.rule.columns
    }

    /// Whether a touch of the source's row touches the target too.
    #[must_use]
    pub fn cascades(&self) -> bool {
        self.rule.cascades()
    }

    pub(crate) const fn source_schema(&self) -> &'static Schema {
        self.source
    }

    pub(crate) const fn compiled(&self) -> &'static CompiledRule {
        self.rule
    }

    pub(super) fn target_schema(&self) -> &'static Schema {
        (self.rule.target)()
    }

    /// What the rule watches, in words: `name, starts_at`, `all but notes`, `any change`.
    #[must_use]
    pub fn watched(&self) -> String {
        const WRITES: usize = 3;
        let mut words = match self.fields() {
            Fields::Any => "any change".to_owned(),
            Fields::Only(columns) => columns.join(", "),
            Fields::Except(columns) => format!("all but {}", columns.join(", ")),
        };
        let all = [
            (Event::Create, "create"),
            (Event::Update, "update"),
            (Event::Delete, "delete"),
            (Event::Touch, "touch"),
        ];
        let among = |(event, _): &(Event, &str)| self.events().contains(*event);
        if !all[..WRITES].iter().all(among) {
            let events: Vec<&str> = all.into_iter().filter(among).map(|(_, name)| name).collect();
            words = format!("{words} (on {})", events.join(", "));
        }
        words
    }
}

impl fmt::Display for GraphRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} touches {}",
            self.rule.label,
            self.watched(),
            self.target()
        )?;
        if !self.columns().is_empty() {
            write!(f, " ({})", self.columns().join(", "))?;
        }
        if self.cascades() {
            f.write_str(", and so does a touch")?;
        }
        Ok(())
    }
}

impl fmt::Debug for GraphRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GraphRule({self})")
    }
}
