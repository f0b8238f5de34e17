//! `check`: whether the schema fits the rules; with `--stale` also whether touches were missed.

use std::{fmt, time::Duration};

use clap::Args;
use comfy_table::{ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};
use sea_orm_migration::sea_orm::ConnectionTrait;
use touchable::{
    Result, TouchGraph,
    check::{Evidence, Fault, Problem, StaleCheck, StaleRule, problems},
};

/// Check whether the schema fits the touch rules, and whether touches were missed
///
/// The exit code is 1 when the schema has a problem, or when a touch was missed for certain.
#[derive(Args, Clone, Debug)]
pub struct Check {
    /// Look for rows that are newer than what their rules should have touched; reads each table with rules once
    #[arg(long)]
    stale: bool,

    /// How much newer a row may be: clocks differ, and stamps are taken before locks are waited for
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds, requires = "stale")]
    tolerance: f64,

    /// How many primary keys are listed for each rule
    #[arg(long, default_value_t = 10, requires = "stale")]
    keys: u64,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.0..=1e9).contains(&seconds) => Ok(seconds),
        _ => Err("expected a number of seconds, 0 or more".to_owned()),
    }
}

/// What a [`Check`] has found.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What of the schema does not fit the rules.
    pub problems: Vec<Problem>,
    /// What was found of each rule; `None` when nobody asked, or the schema lacks what it takes to look.
    pub stale: Option<Vec<StaleRule>>,
}

impl Check {
    /// Checks.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn run<C: ConnectionTrait>(&self, db: &C, graph: &TouchGraph) -> Result<Checked> {
        let problems = problems(db, graph).await?;
        let missing = |problem: &Problem| matches!(problem.fault(), Fault::NoTable | Fault::NoColumn);
        let stale = if self.stale && !problems.iter().any(missing) {
            let check = StaleCheck::of(graph)
                .tolerance(Duration::from_secs_f64(self.tolerance))
                .keys(self.keys);
            Some(check.run(db).await?)
        } else {
            None
        };
        Ok(Checked { problems, stale })
    }
}

impl Checked {
    /// Whether the schema fits, and no touch was missed for certain.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        let stale = self.stale.iter().flatten();
        self.problems.is_empty() && !stale.into_iter().any(StaleRule::is_certain)
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.problems.is_empty() {
            writeln!(f, "the schema fits the touch rules")?;
        } else {
            writeln!(f, "the schema does not fit the touch rules:")?;
            self.problems
                .iter()
                .try_for_each(|problem| writeln!(f, "  {problem}"))?;
        }
        let Some(stale) = &self.stale else { return Ok(()) };
        writeln!(f, "{}", table(stale))?;
        let mut certain: Vec<&str> = stale
            .iter()
            .filter(|stale| stale.is_certain())
            .map(|stale| stale.rule().source())
            .collect();
        certain.dedup();
        certain.iter().try_for_each(|source| {
            writeln!(
                f,
                "touches of `{source}` were missed: `touch {source} --where ..` makes up for them"
            )
        })
    }
}

fn table(stale: &[StaleRule]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(["rule", "watches", "newer rows", "keys", "missed a touch"]);
    for stale in stale {
        let (rows, keys) = match stale.evidence() {
            Evidence::NotJudged(_) => (String::new(), String::new()),
            _ => (stale.rows().to_string(), keys(stale)),
        };
        let evidence = match (stale.rows(), stale.evidence()) {
            (0, Evidence::Certain | Evidence::Possible(_)) => "no".to_owned(),
            (_, evidence) => evidence.to_string(),
        };
        let rule = stale.rule();
        table.add_row([rule.label().to_owned(), rule.watched(), rows, keys, evidence]);
    }
    table
}

fn keys(stale: &StaleRule) -> String {
    let keys = stale.keys().join(", ");
    let more = stale.rows().saturating_sub(stale.keys().len() as u64);
    if more > 0 { format!("{keys}, …") } else { keys }
}
