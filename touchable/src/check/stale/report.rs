//! What was found of a rule.

use std::fmt;

use super::Evidence;
use crate::graph::GraphRule;

/// The rows of a rule's source that are newer than what the rule should have touched.
///
/// Shown as a line: `tasks -> event: 2 rows of tasks are newer (certain): 7, 12`.
#[derive(Clone, Debug)]
pub struct StaleRule {
    rule: GraphRule,
    evidence: Evidence,
    pub(super) rows: u64,
    pub(super) keys: Vec<String>,
}

impl StaleRule {
    pub(super) const fn new(rule: GraphRule, evidence: Evidence) -> Self {
        Self {
            rule,
            evidence,
            rows: 0,
            keys: Vec::new(),
        }
    }

    /// The rule.
    #[must_use]
    pub const fn rule(&self) -> &GraphRule {
        &self.rule
    }

    /// What newer rows say about this rule.
    #[must_use]
    pub const fn evidence(&self) -> Evidence {
        self.evidence
    }

    /// How many rows of the source are newer than a target of theirs.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// The primary keys of the first of these rows in their order, as text: `5`, or `eu/7` for one of two columns.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Whether a touch was missed for certain.
    #[must_use]
    pub const fn is_certain(&self) -> bool {
        self.rows > 0 && matches!(self.evidence, Evidence::Certain)
    }

    /// Whether the database was asked.
    pub(super) const fn is_judged(&self) -> bool {
        !matches!(self.evidence, Evidence::NotJudged(_))
    }
}

impl fmt::Display for StaleRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (label, source) = (self.rule.label(), self.rule.source());
        if !self.is_judged() {
            return write!(f, "{label}: {}", self.evidence);
        }
        match self.rows {
            0 => return write!(f, "{label}: no row of {source} is newer"),
            1 => write!(f, "{label}: 1 row of {source} is newer ({}): ", self.evidence)?,
            rows => write!(
                f,
                "{label}: {rows} rows of {source} are newer ({}): ",
                self.evidence
            )?,
        }
        f.write_str(&self.keys.join(", "))?;
        match self.rows.saturating_sub(self.keys.len() as u64) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
