//! Spans and counters of a flush.

use std::time::Instant;

use metrics::Key;
use tracing::{Span, field};

use super::plan::{Plan, Reason, Touch};
use crate::{
    entity::Schema,
    observe::{FLUSH_SECONDS, METADATA, ROWS_TOUCHED, RULES_FIRED, SAVES, SPAN, count},
};

/// Counts saved records. The labels are the schema's own, so that nothing is allocated on the way.
pub(crate) fn saved(schema: &'static Schema, records: u64) {
    count(SAVES, &schema.labels, records);
}

/// A flush under way.
pub(crate) struct Flush {
    span: Span,
    began: Instant,
}

impl Flush {
    pub(crate) fn begin(plan: &Plan) -> Self {
        let span = tracing::debug_span!(
            SPAN,
            entity = field::Empty,
            rules = field::Empty,
            rows = field::Empty,
            seconds = field::Empty
        );
        if !span.is_disabled() {
            let entities: Vec<&str> = plan.sources.iter().map(|schema| schema.name).collect();
            span.record("entity", entities.join(", "));
            span.record(
                "rules",
                labels(plan.touches.iter().flat_map(|touch| &touch.rules)),
            );
        }
        Self {
            span,
            began: Instant::now(),
        }
    }

    pub(crate) const fn span(&self) -> &Span {
        &self.span
    }

    /// Reports how many rows each touch of the plan has moved; nothing when that is not known.
    pub(crate) fn end(self, plan: &Plan, moved: &[u64]) {
        let seconds = self.began.elapsed().as_secs_f64();
        self.span.record("seconds", seconds);
        let key = Key::from_static_name(FLUSH_SECONDS);
        metrics::with_recorder(|recorder| recorder.register_histogram(&key, &METADATA).record(seconds));
        if moved.is_empty() {
            return;
        }
        self.span.record("rows", moved.iter().sum::<u64>());
        for (touch, rows) in plan.touches.iter().zip(moved).filter(|(_, rows)| **rows > 0) {
            count(ROWS_TOUCHED, &touch.target.labels, *rows);
            for reason in &touch.rules {
                if let Reason::Rule(rule) = reason {
                    count(RULES_FIRED, &rule.labels, 1);
                }
            }
        }
    }
}

impl Touch {
    /// The span of this touch's UPDATE.
    pub(crate) fn span(&self) -> Span {
        let span = tracing::debug_span!(
            "touchable.touch",
            table = self.target.name,
            rules = field::Empty,
            rows = field::Empty
        );
        if !span.is_disabled() {
            span.record("rules", labels(&self.rules));
        }
        span
    }
}

/// The rules' names, each once.
pub(crate) fn labels<'a>(rules: impl IntoIterator<Item = &'a Reason>) -> String {
    let mut labels: Vec<&str> = Vec::new();
    for rule in rules {
        if !labels.contains(&rule.label()) {
            labels.push(rule.label());
        }
    }
    labels.join(", ")
}
